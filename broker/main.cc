// rocketmq-broker: flags and broker.conf in, a running broker out.
#include <malloc.h>

#include <cstdio>

#include "broker/app/broker_server.h"
#include "broker/config/broker_config.h"
#include "common/base/log.h"
#include "common/base/server_flags.h"

using namespace rmq;

namespace {

constexpr int kExitUsage = 2;
constexpr int kMallocArenas = 4;  // glibc's default of 8 a processor costs megabytes each and brings nothing here

void print_help() {
  std::fputs(
      "rocketmq-broker: stores messages and gives them to consumers.\n\n"
      "  -c, --configFile FILE       read settings (broker.conf: key=value lines) from FILE\n"
      "  -n, --namesrvAddr ADDRESS   name servers, host:port;host:port\n"
      "  -p, --printConfigItem       print all settings as they would be used, and exit\n"
      "  -h, --help                  print this and exit\n\n"
      "Settings, with their defaults:\n",
      stdout);
  for (const auto& row : broker::BrokerConfig::table()) {
    std::printf("  %-36.*s %-24.*s %.*s\n", static_cast<int>(row.key.size()), row.key.data(),
                static_cast<int>(row.default_text.size()), row.default_text.data(), static_cast<int>(row.help.size()),
                row.help.data());
  }
  std::fputs("\nIt stops in order on SIGTERM and SIGINT: a clean stop loses nothing and the next start is quick.\n",
             stdout);
}

Status configure(const ServerFlags& flags, broker::BrokerConfig& config) {
  RMQ_TRY(auto settings, read_server_settings(flags));
  if (!flags.namesrv_addr.empty()) settings["namesrvAddr"] = flags.namesrv_addr;
  auto report = config.load(settings);
  if (!report) return fail(std::move(report).error().with(flags.file));
  RMQ_CHECK_OK(config.complete());
  RMQ_TRY(const auto level, log::parse_level(std::string(config.log_level)));
  log::set_level(level);
  auto joined = [](const std::vector<std::string>& keys) {
    std::string text;
    for (const auto& key : keys) text += (text.empty() ? "" : ",") + key;
    return text;
  };
  if (!report->unknown.empty())
    log::warn("unknown settings", {{"file", flags.file}, {"keys", joined(report->unknown)}});
  if (!report->without_effect.empty()) {
    log::info("settings without effect here", {{"file", flags.file}, {"keys", joined(report->without_effect)}});
  }
  return {};
}

int run(broker::BrokerConfig& config) {
  const StopSignal signal;
  SystemClock clock;
  broker::BrokerServer server(config, clock);
  if (auto status = server.start(); !status) {
    log::error("the broker can't start", {{"error", status.error()}});
    return 1;
  }
  log::info("The broker boot success",
            {{"name", std::string(config.broker_name)}, {"address", config.broker_address()}, {"port", server.port()}});
  log::info("stopping", {{"signal", signal.wait()}});
  if (auto status = server.stop(); !status) {
    log::error("the stop was not clean", {{"error", status.error()}});
    return 1;
  }
  log::info("stopped");
  return 0;
}

}  // namespace

int main(int count, char** values) {
  ::mallopt(M_ARENA_MAX, kMallocArenas);
  auto flags = parse_server_flags(count, values);
  if (!flags) {
    std::fprintf(stderr, "rocketmq-broker: %s\n", flags.error().message.c_str());
    return kExitUsage;
  }
  if (flags->help) {
    print_help();
    return 0;
  }
  broker::BrokerConfig config;
  if (auto status = configure(*flags, config); !status) {
    std::fprintf(stderr, "rocketmq-broker: %s\n", status.error().message.c_str());
    return kExitUsage;
  }
  if (flags->print) {
    std::fputs(format_properties(config.shown()).c_str(), stdout);
    return 0;
  }
  return run(config);
}
