// Metrics in Prometheus' text form (version 0.0.4), read by callbacks at the moment of the scrape: the code that counts
// keeps plain atomics and knows nothing of Prometheus. prometheus-cpp writes the text.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/metric_type.h>

namespace rmq::http {

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Sample {
  Labels labels;
  double value = 0;
};

struct HistogramSample {
  Labels labels;
  std::vector<std::pair<double, std::uint64_t>> buckets;  // upper bound, cumulative count; ascending, without +Inf
  std::uint64_t count = 0;
  double sum = 0;
};

// Thread-safe. Names end in their unit (`_bytes`, `_seconds`, ...), those of counters in `_total`; a name that
// Prometheus would refuse, a missing help text or a second family of one name throws std::invalid_argument: a mistake
// of the program, found at its start. Callbacks run on the thread that asks for text() and must not block.
class Metrics {
 public:
  using Read = std::function<double()>;
  using ReadSamples = std::function<std::vector<Sample>()>;
  using ReadHistograms = std::function<std::vector<HistogramSample>()>;

  void counter(std::string name, std::string help, Read read);
  void gauge(std::string name, std::string help, Read read);
  // Families whose label sets come and go.
  void counters(std::string name, std::string help, ReadSamples read);
  void gauges(std::string name, std::string help, ReadSamples read);
  void histograms(std::string name, std::string help, ReadHistograms read);

  // process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds, process_start_time_seconds.
  void add_process_metrics();

  std::string text() const;

 private:
  struct Family {
    std::string name;
    std::string help;
    prometheus::MetricType type;
    ReadSamples samples;
    ReadHistograms histograms;
  };
  void add(Family family);

  mutable std::mutex mutex_;
  std::vector<Family> families_;
};

}  // namespace rmq::http
