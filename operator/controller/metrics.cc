#include "operator/controller/metrics.h"

namespace rmq::controller {
namespace {

http::Labels labels_of(const std::string& cluster) {
  if (cluster.empty()) return {};
  return {{"cluster", cluster}};
}

template <class Value>
http::Metrics::ReadSamples each(ReadControllers read, Value value) {
  return [read = std::move(read), value] {
    std::vector<http::Sample> samples;
    for (const auto& [cluster, numbers] : read()) {
      samples.push_back({labels_of(cluster), static_cast<double>(value(numbers))});
    }
    return samples;
  };
}

}  // namespace

void add_metrics(http::Metrics& metrics, const ReadControllers& read) {
  using M = ControllerMetrics;
  metrics.gauges("rocketmq_controller_leading", "1 where this process decides.",
                 each(read, [](const M& m) { return m.leading ? 1 : 0; }));
  metrics.gauges("rocketmq_controller_groups", "Broker groups known.", each(read, [](const M& m) { return m.groups; }));
  metrics.gauges("rocketmq_controller_groups_without_master", "Of these, without a master.",
                 each(read, [](const M& m) { return m.groups_without_master; }));
  metrics.gauges("rocketmq_controller_connections", "Open connections.",
                 each(read, [](const M& m) { return m.connections; }));
  metrics.counters("rocketmq_controller_elections_total", "Elections that ended, by reason.", [read] {
    std::vector<http::Sample> samples;
    for (const auto& [cluster, numbers] : read()) {
      for (const auto& [reason, count] : numbers.elections) {
        auto labels = labels_of(cluster);
        labels.emplace_back("reason", reason);
        samples.push_back({std::move(labels), static_cast<double>(count)});
      }
    }
    return samples;
  });
  metrics.counters("rocketmq_controller_failed_elections_total", "Elections that found nobody.",
                   each(read, [](const M& m) { return m.failed_elections; }));
  metrics.counters("rocketmq_controller_election_seconds_total", "Time that elections took, from their begin.",
                   each(read, [](const M& m) { return m.election_seconds_sum; }));
  metrics.gauges("rocketmq_controller_last_election_seconds", "Time that the last election took.",
                 each(read, [](const M& m) { return m.election_seconds_last; }));
  metrics.counters("rocketmq_controller_heartbeats_total", "Heartbeats of brokers.",
                   each(read, [](const M& m) { return m.heartbeats; }));
  metrics.counters("rocketmq_controller_requests_total", "Requests received.",
                   each(read, [](const M& m) { return m.requests; }));
  metrics.counters("rocketmq_controller_write_conflicts_total", "Writes that found the state changed by others.",
                   each(read, [](const M& m) { return m.write_conflicts; }));
  metrics.counters("rocketmq_controller_write_errors_total", "Writes whose outcome is unknown, or that were refused.",
                   each(read, [](const M& m) { return m.write_errors; }));
}

}  // namespace rmq::controller
