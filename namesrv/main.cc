// rocketmq-namesrv: flags and files in, a running name server out.
#include <malloc.h>

#include <cstdio>
#include <string>

#include "common/base/log.h"
#include "common/base/properties_text.h"
#include "common/base/server_flags.h"
#include "namesrv/configuration.h"
#include "namesrv/server.h"

using namespace rmq;

namespace {

constexpr int kExitUsage = 2;

void print_help() {
  std::string text =
      "rocketmq-namesrv: the name server of RocketMQ. Brokers register here, clients ask where a topic lives.\n\n"
      "  -c, --configFile FILE       read settings (key=value lines) from FILE\n"
      "  -n, --namesrvAddr ADDRESS   taken for compatibility\n"
      "  -p, --printConfigItem       print all settings and exit\n"
      "  -h, --help                  print this and exit\n\n"
      "Settings (namesrv.conf), with their defaults:\n" +
      namesrv::Configuration::help() + "\nIt stops in order on SIGTERM and SIGINT.\n";
  std::fputs(text.c_str(), stdout);
}

Status configure(const ServerFlags& flags, namesrv::Configuration& configuration) {
  RMQ_TRY(auto properties, read_server_settings(flags));
  // Changed settings go back to the file they came from, as in the original, unless it names another.
  if (!flags.file.empty()) properties.try_emplace("configStorePath", flags.file);
  auto report = configuration.load(properties);
  if (!report) return fail(report.error().with(flags.file));
  if (!flags.namesrv_addr.empty()) configuration.set_namesrv_addr(flags.namesrv_addr);
  RMQ_TRY(auto level, log::parse_level(configuration.text("logLevel")));
  log::set_level(level);
  for (const auto& key : report->unknown) log::warn("unknown setting", {{"key", key}, {"file", flags.file}});
  for (const auto& key : report->without_effect) log::warn("setting without effect here", {{"key", key}});
  for (const auto& text : report->clamped) log::warn("setting out of range", {{"setting", text}});
  return {};
}

int run(namesrv::Configuration& configuration) {
  const StopSignal signal;
  SystemClock clock;
  namesrv::NameServer server(configuration, clock);
  if (auto status = server.start(); !status) {
    log::error("the name server can't start", {{"error", status.error()}});
    return 1;
  }
  log::info(
      "The Name Server boot success. serializeType=JSON",
      {{"address", configuration.text("bindAddress")}, {"port", server.port()}, {"adminPort", server.admin_port()}});
  log::info("stopping", {{"signal", signal.wait()}});
  server.stop();
  log::info("stopped");
  return 0;
}

}  // namespace

int main(int count, char** values) {
  ::mallopt(M_ARENA_MAX, 2);  // one arena a core costs megabytes and brings nothing here
  auto flags = parse_server_flags(count, values);
  if (!flags) {
    std::fprintf(stderr, "rocketmq-namesrv: %s\n", flags.error().message.c_str());
    return kExitUsage;
  }
  if (flags->help) {
    print_help();
    return 0;
  }
  namesrv::Configuration configuration;
  if (auto status = configure(*flags, configuration); !status) {
    std::fprintf(stderr, "rocketmq-namesrv: %s\n", status.error().message.c_str());
    return kExitUsage;
  }
  if (flags->print) {
    std::fputs(format_properties(configuration.shown()).c_str(), stdout);
    return 0;
  }
  return run(configuration);
}
