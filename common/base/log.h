// Structured, quiet logging: one line an event on standard error, `time level message key=value ...`
// (values quoted when they need it). Thread-safe: each line is one write(2).
//
//   log::info("route registered", {{"broker", name}, {"topics", count}});
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::log {

enum class Level { kDebug, kInfo, kWarn, kError };

struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <std::integral T>
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
  template <std::floating_point T>
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
  Field(std::string_view k, const Error& e) : key(k), value(e.message) {}
};

using Fields = std::initializer_list<Field>;

// The least level that is written; kInfo at start. Set once, in main().
void set_level(Level level);
// Reads debug|info|warn|error; anything else is an error.
Result<Level> parse_level(std::string_view text);

void write(Level level, std::string_view message, Fields fields);

inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::kDebug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::kInfo, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::kWarn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::kError, message, fields);
}

// The line as it is written, without the time (for tests).
std::string format(Level level, std::string_view message, Fields fields);

}  // namespace rmq::log
