#include "common/base/server_flags.h"

#include <csignal>

#include "common/base/file.h"

namespace rmq {
namespace {

constexpr std::uint64_t kMaxSettingsBytes = 1024 * 1024;

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

Result<ServerFlags> parse_server_flags(int count, char** values) {
  ServerFlags flags;
  for (int i = 1; i < count; ++i) {
    const std::string flag = values[i];
    auto takes = [&](const char* brief, const char* full, std::string& value) -> Result<bool> {
      if (flag != brief && flag != full) return false;
      if (i + 1 == count) return fail(ErrorKind::kInvalid, flag + " needs a value");
      value = values[++i];
      return true;
    };
    RMQ_TRY(const bool is_file, takes("-c", "--configFile", flags.file));
    if (is_file) continue;
    RMQ_TRY(const bool is_address, takes("-n", "--namesrvAddr", flags.namesrv_addr));
    if (is_address) continue;
    if (flag == "-p" || flag == "--printConfigItem" || flag == "-m" || flag == "--printImportantConfig") {
      flags.print = true;
    } else if (flag == "-h" || flag == "--help") {
      flags.help = true;
    } else {
      return fail(ErrorKind::kInvalid, "unknown flag " + flag + "; -h lists them");
    }
  }
  return flags;
}

Result<Properties> read_server_settings(const ServerFlags& flags) {
  if (flags.file.empty()) return Properties{};
  RMQ_TRY(const auto text, read_file(flags.file, kMaxSettingsBytes));
  auto parsed = parse_properties(text);
  if (!parsed) return fail(std::move(parsed).error().with(flags.file));
  return parsed;
}

StopSignal::StopSignal() {
  const auto signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int StopSignal::wait() const {
  const auto signals = stop_signals();
  int received = 0;
  sigwait(&signals, &received);
  return received;
}

}  // namespace rmq
