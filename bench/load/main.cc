// rmq-load: see `rmq-load --help`.
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "bench/load/load.h"
#include "common/base/file.h"

namespace {

using namespace rmq;
using namespace rmq::bench;

constexpr const char* kHelp = R"(rmq-load: load for a RocketMQ broker, measured

usage: rmq-load send|pull|create-topic|first-message [options]
  --broker HOST:PORT   the broker (127.0.0.1:10911)
  --topic NAME         (BenchmarkTopic)    --queues N      queues of the topic (4)
  --connections N      (4)                 --in-flight N   requests in flight on each (64)
  --size BYTES         of a body (1024)    --batch N       messages a request (1)
  --messages N         how many (300000)   --seconds N     at most this long (60)
  --rate N             messages a second on schedule; 0: as fast as it goes (0)
  --pull-batch N       messages a pull (32)
  --pid PID            the broker's process: its CPU time and memory are reported
Prints one line of JSON.
)";

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Seconds of processor time that process `pid` has used, all threads; fields 14 and 15 of proc(5)'s stat.
double process_cpu_seconds(int pid) {
  if (pid <= 0) return 0;
  auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!text) return 0;
  auto rest = text->substr(text->rfind(')') + 2);
  unsigned long user = 0;
  unsigned long system = 0;
  std::sscanf(rest.c_str(), "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double resident_mib(int pid) {
  if (pid <= 0) return 0;
  auto text = read_file("/proc/" + std::to_string(pid) + "/status");
  if (!text) return 0;
  const auto at = text->find("VmRSS:");
  return at == std::string::npos ? 0 : std::strtod(text->c_str() + at + 6, nullptr) / 1024;
}

int usage_error(const std::string& message) {
  std::fprintf(stderr, "rmq-load: %s\n%s", message.c_str(), kHelp);
  return 2;
}

int print_result(const Result<LoadResult>& result, double client_cpu, double broker_cpu, int pid) {
  if (!result) {
    std::fprintf(stderr, "rmq-load: %s\n", result.error().message.c_str());
    return 1;
  }
  const auto& r = *result;
  const double n = r.messages > 0 ? static_cast<double>(r.messages) : 1;
  auto us = [&](double q) { return static_cast<double>(r.latency.quantile(q)) / 1000; };
  std::printf(
      "{\"messages\":%ld,\"errors\":%ld,\"seconds\":%.3f,\"per_second\":%.0f,\"mib_per_second\":%.1f,"
      "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
      "\"client_cpu_us\":%.3f,\"broker_cpu_us\":%.3f,\"broker_rss_mib\":%.1f}\n",
      static_cast<long>(r.messages), static_cast<long>(r.errors), r.seconds, n / r.seconds,
      static_cast<double>(r.bytes) / r.seconds / 1048576, us(0.5), us(0.99), us(0.999),
      static_cast<double>(r.latency.max()) / 1000, client_cpu * 1e6 / n, broker_cpu * 1e6 / n, resident_mib(pid));
  if (r.errors > 0)
    std::fprintf(stderr, "rmq-load: %ld errors, the first: %s\n", static_cast<long>(r.errors), r.first_error.c_str());
  return r.errors > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::string(argv[1]) == "--help" || std::string(argv[1]) == "-h") {
    std::printf("%s", kHelp);
    return argc < 2 ? 2 : 0;
  }
  LoadOptions options;
  std::int64_t pid = 0;
  std::map<std::string, std::int64_t> numbers{
      {"--queues", options.queues},         {"--connections", options.connections},
      {"--in-flight", options.in_flight},   {"--size", options.body_bytes},
      {"--batch", options.batch},           {"--messages", options.messages},
      {"--seconds", options.seconds},       {"--rate", 0},
      {"--pull-batch", options.pull_batch}, {"--pid", 0}};
  for (int i = 2; i < argc; ++i) {
    const std::string key = argv[i];
    if (i + 1 == argc) return usage_error(key + " needs a value");
    const std::string value = argv[++i];
    if (key == "--broker") {
      options.broker = value;
    } else if (key == "--topic") {
      options.topic = value;
    } else if (auto it = numbers.find(key); it != numbers.end()) {
      const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), it->second);
      if (code != std::errc{} || end != value.data() + value.size() || it->second < 0) {
        return usage_error(key + " needs a number, not '" + value + "'");
      }
    } else {
      return usage_error("unknown option " + key);
    }
  }
  options.queues = static_cast<int>(numbers["--queues"]);
  options.connections = static_cast<int>(numbers["--connections"]);
  options.in_flight = static_cast<int>(numbers["--in-flight"]);
  options.body_bytes = static_cast<int>(numbers["--size"]);
  options.batch = static_cast<int>(numbers["--batch"]);
  options.messages = numbers["--messages"];
  options.seconds = numbers["--seconds"];
  options.rate = numbers["--rate"];
  options.pull_batch = static_cast<int>(numbers["--pull-batch"]);
  pid = numbers["--pid"];

  const std::string command = argv[1];
  const double client_before = own_cpu_seconds();
  const double broker_before = process_cpu_seconds(static_cast<int>(pid));
  auto measured = [&](const Result<LoadResult>& result) {
    return print_result(result, own_cpu_seconds() - client_before,
                        process_cpu_seconds(static_cast<int>(pid)) - broker_before, static_cast<int>(pid));
  };
  if (command == "send") return measured(send_load(options));
  if (command == "pull") return measured(pull_load(options));
  if (command == "create-topic") {
    if (auto status = create_topic(options); !status) {
      std::fprintf(stderr, "rmq-load: %s\n", status.error().message.c_str());
      return 1;
    }
    return 0;
  }
  if (command == "first-message") {
    auto seconds = first_message_seconds(options, static_cast<double>(options.seconds));
    if (!seconds) {
      std::fprintf(stderr, "rmq-load: %s\n", seconds.error().message.c_str());
      return 1;
    }
    std::printf("{\"seconds\":%.4f}\n", *seconds);
    return 0;
  }
  return usage_error("unknown command " + command);
}
