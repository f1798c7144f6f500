#include "common/http/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <stdexcept>

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

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char text[64];
    auto end = std::to_chars(text, text + sizeof(text), value).ptr;
    out.append(text, end);
  }
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value, bool& first) {
  out += first ? '{' : ',';
  first = false;
  out += name;
  out += "=\"";
  append_escaped(out, value, true);
  out += '"';
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix, const Labels& labels,
                   const std::string* upper_bound, double value) {
  out += name;
  out += suffix;
  bool first = true;
  for (const auto& [label, text] : labels) append_label(out, label, text, first);
  if (upper_bound != nullptr) append_label(out, "le", *upper_bound, first);
  if (!first) out += '}';
  out += ' ';
  append_number(out, value);
  out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const HistogramSample& sample) {
  for (const auto& [bound, count] : sample.buckets) {
    std::string text;
    append_number(text, bound);
    append_sample(out, name, "_bucket", sample.labels, &text, static_cast<double>(count));
  }
  std::string infinity = "+Inf";
  append_sample(out, name, "_bucket", sample.labels, &infinity, static_cast<double>(sample.count));
  append_sample(out, name, "_sum", sample.labels, nullptr, sample.sum);
  append_sample(out, name, "_count", sample.labels, nullptr, static_cast<double>(sample.count));
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
  if (std::string_view(family.type) == "counter" && !family.name.ends_with("_total")) {
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
  add({std::move(name), std::move(help), "counter", std::move(read), {}});
}
void Metrics::gauges(std::string name, std::string help, ReadSamples read) {
  add({std::move(name), std::move(help), "gauge", std::move(read), {}});
}
void Metrics::histograms(std::string name, std::string help, ReadHistograms read) {
  add({std::move(name), std::move(help), "histogram", {}, std::move(read)});
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
  std::string out;
  for (const auto& family : families_) {
    out += "# HELP " + family.name + ' ';
    append_escaped(out, family.help, false);
    out += "\n# TYPE " + family.name + ' ' + family.type + '\n';
    if (family.samples) {
      for (const auto& sample : family.samples()) {
        append_sample(out, family.name, "", sample.labels, nullptr, sample.value);
      }
    }
    if (family.histograms) {
      for (const auto& sample : family.histograms()) append_histogram(out, family.name, sample);
    }
  }
  return out;
}

}  // namespace rmq::http
