// rocketmq-controller: flags and files in, a running Controller out.
#include <cstdio>
#include <string>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/server_flags.h"
#include "controller/configuration.h"
#include "controller/standalone.h"

using namespace rmq;

namespace {

constexpr int kExitUsage = 2;

void print_help() {
  const std::string text =
      "rocketmq-controller: decides which broker of each group is master, and keeps what it decided in etcd.\n"
      "Run two or more with the same etcdPrefix: one leads, the others stand by.\n\n"
      "  -c, --configFile FILE       read settings (key=value lines) from FILE\n"
      "  -p, --printConfigItem       print all settings and exit\n"
      "  -h, --help                  print this and exit\n\n"
      "Settings (controller.conf), with their defaults:\n" +
      controller::Configuration::help() + "\nIt stops in order on SIGTERM and SIGINT.\n";
  std::fputs(text.c_str(), stdout);
}

Status configure(const ServerFlags& flags, controller::Configuration& configuration) {
  RMQ_TRY(auto properties, read_server_settings(flags));
  // Changed settings go back to the file they came from, as in the original, unless it names another.
  if (!flags.file.empty()) properties.try_emplace("configStorePath", flags.file);
  auto report = configuration.load(properties);
  if (!report) return fail(report.error().with(flags.file));
  RMQ_TRY(auto level, log::parse_level(configuration.text("logLevel")));
  log::set_level(level);
  for (const auto& key : report->unknown) log::warn("unknown setting", {{"key", key}, {"file", flags.file}});
  for (const auto& key : report->without_effect) log::warn("setting without effect here", {{"key", key}});
  for (const auto& text : report->clamped) log::warn("setting out of range", {{"setting", text}});
  return {};
}

int run(controller::Configuration& configuration) {
  const StopSignal signal;
  const SystemClock clock;
  controller::Standalone standalone(configuration, clock);
  if (auto status = standalone.start(); !status) {
    log::error("the controller can't start", {{"error", status.error()}});
    return 1;
  }
  log::info("the controller listens", {{"address", configuration.text("bindAddress")},
                                       {"port", standalone.port()},
                                       {"adminPort", standalone.admin_port()}});
  log::info("stopping", {{"signal", signal.wait()}});
  standalone.stop();
  log::info("stopped");
  return 0;
}

}  // namespace

int main(int count, char** values) {
  auto flags = parse_server_flags(count, values);
  if (!flags) {
    std::fprintf(stderr, "rocketmq-controller: %s\n", flags.error().message.c_str());
    return kExitUsage;
  }
  if (flags->help) {
    print_help();
    return 0;
  }
  controller::Configuration configuration;
  if (auto status = configure(*flags, configuration); !status) {
    std::fprintf(stderr, "rocketmq-controller: %s\n", status.error().message.c_str());
    return kExitUsage;
  }
  if (flags->print) {
    std::fputs(format_properties(configuration.shown()).c_str(), stdout);
    return 0;
  }
  return run(configuration);
}
