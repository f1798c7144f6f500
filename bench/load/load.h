// A lean generator of load for anything that speaks RocketMQ's remoting protocol: one thread, many connections, many
// requests in flight on each. Requests look like the official Java client's (JSON headers, V2 names, UNIQ_KEY).
#pragma once

#include <cstdint>
#include <string>

#include "bench/load/histogram.h"
#include "common/base/result.h"

namespace rmq::bench {

struct LoadOptions {
  std::string broker = "127.0.0.1:10911";
  std::string topic = "BenchmarkTopic";
  int queues = 4;
  int connections = 4;
  int in_flight = 64;  // requests a connection
  int body_bytes = 1024;
  int batch = 1;                    // messages a request: above 1, SEND_BATCH_MESSAGE
  std::int64_t messages = 300'000;  // stop after as many
  std::int64_t seconds = 60;        // or after this long
  std::int64_t rate = 0;  // messages a second, sent on schedule (latency counts from the scheduled moment); 0: no limit
  int pull_batch = 32;
  std::string group = "bench_group";
};

struct LoadResult {
  std::int64_t messages = 0;
  std::int64_t bytes = 0;
  std::int64_t errors = 0;
  std::string first_error;
  double seconds = 0;
  Histogram latency;  // of a request
};

Status create_topic(const LoadOptions& options);
Result<LoadResult> send_load(const LoadOptions& options);
// Reads every queue from its beginning until nothing more is found.
Result<LoadResult> pull_load(const LoadOptions& options);
// Time from now until one message was accepted, retrying connects: "start to first message".
Result<double> first_message_seconds(const LoadOptions& options, double limit_seconds);

}  // namespace rmq::bench
