#include <iostream>
#include <string>
#include <vector>

#include "common/base/log.h"
#include "operator/manager/http_probe.h"
#include "operator/manager/manager.h"
#include "operator/manager/options.h"

int main(int argc, char** argv) {
  using namespace rmq;
  auto options = operator_::parse_options(std::vector<std::string>(argv + 1, argv + argc));
  if (!options) {
    std::cerr << options.error().message << "\n";
    return 2;
  }
  if (options->help) {
    std::cout << operator_::help_text();
    return 0;
  }
  if (options->version) {
    std::cout << operator_::BuildDefaults{}.version << "\n";
    return 0;
  }
  log::set_level(options->log_level);
  auto status = options->probe.empty() ? operator_::run_operator(*options) : operator_::probe(options->probe);
  if (status) return 0;
  log::error(options->probe.empty() ? "operator stopped" : "probe failed", {{"error", status.error()}});
  return 1;
}
