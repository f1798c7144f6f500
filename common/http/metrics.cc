#include "common/http/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <limits>
#include <stdexcept>

#include <prometheus/text_serializer.h>

namespace rmq::http {
namespace {

bool valid_name(std::string_view name) {
  if (name.empty()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
    if (!letter && !(i > 0 && c >= '0' && c <= '9')) return false;
  }
  return true;
}

prometheus::ClientMetric client_metric(const Labels& labels) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  return metric;
}

prometheus::ClientMetric client_metric(const Sample& sample, prometheus::MetricType type) {
  auto metric = client_metric(sample.labels);
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = sample.value;
  } else {
    metric.gauge.value = sample.value;
  }
  return metric;
}

prometheus::ClientMetric client_metric(const HistogramSample& sample) {
  auto metric = client_metric(sample.labels);
  metric.histogram.sample_count = sample.count;
  metric.histogram.sample_sum = sample.sum;
  for (const auto& [bound, count] : sample.buckets) metric.histogram.bucket.push_back({count, bound});
  metric.histogram.bucket.push_back({sample.count, std::numeric_limits<double>::infinity()});
  return metric;
}

double resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long total = 0;
  unsigned long resident = 0;
  int fields = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) : 0;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_files() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  double count = -3;  // ".", ".." and this directory's own
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

}  // namespace

void Metrics::add(Family family) {
  if (!valid_name(family.name)) throw std::invalid_argument("no name for a metric: " + family.name);
  if (family.help.empty()) throw std::invalid_argument("metric without help text: " + family.name);
  // prometheus-cpp writes it as it is.
  if (family.help.find_first_of("\\\n") != std::string::npos) {
    throw std::invalid_argument("help text with a backslash or line end: " + family.name);
  }
  if (family.type == prometheus::MetricType::Counter && !family.name.ends_with("_total")) {
    throw std::invalid_argument("a counter's name ends in _total: " + family.name);
  }
  std::lock_guard lock(mutex_);
  for (const auto& known : families_) {
    if (known.name == family.name) throw std::invalid_argument("metric registered twice: " + family.name);
  }
  families_.push_back(std::move(family));
}

void Metrics::counter(std::string name, std::string help, Read read) {
  counters(std::move(name), std::move(help), [read = std::move(read)] { return std::vector<Sample>{{{}, read()}}; });
}
void Metrics::gauge(std::string name, std::string help, Read read) {
  gauges(std::move(name), std::move(help), [read = std::move(read)] { return std::vector<Sample>{{{}, read()}}; });
}
void Metrics::counters(std::string name, std::string help, ReadSamples read) {
  add({std::move(name), std::move(help), prometheus::MetricType::Counter, std::move(read), {}});
}
void Metrics::gauges(std::string name, std::string help, ReadSamples read) {
  add({std::move(name), std::move(help), prometheus::MetricType::Gauge, std::move(read), {}});
}
void Metrics::histograms(std::string name, std::string help, ReadHistograms read) {
  add({std::move(name), std::move(help), prometheus::MetricType::Histogram, {}, std::move(read)});
}

void Metrics::add_process_metrics() {
  gauge("process_resident_memory_bytes", "Resident memory of this process.", resident_bytes);
  counter("process_cpu_seconds_total", "User and system CPU time spent.", cpu_seconds);
  gauge("process_open_fds", "Open file descriptors.", open_files);
  auto start = static_cast<double>(std::time(nullptr));
  gauge("process_start_time_seconds", "When this process started, since the Unix epoch.", [start] { return start; });
}

std::string Metrics::text() const {
  std::lock_guard lock(mutex_);
  std::vector<prometheus::MetricFamily> families;
  families.reserve(families_.size());
  for (const auto& family : families_) {
    prometheus::MetricFamily out{family.name, family.help, family.type, {}};
    if (family.samples) {
      for (const auto& sample : family.samples()) out.metric.push_back(client_metric(sample, family.type));
    }
    if (family.histograms) {
      for (const auto& sample : family.histograms()) out.metric.push_back(client_metric(sample));
    }
    families.push_back(std::move(out));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace rmq::http
