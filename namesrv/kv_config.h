// Key-value configuration that clients and tools keep at the name server: namespaces of keys, in kvConfig.json
// ({"configTable":{"namespace":{"key":"value"}}}, as the original writes it).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::namesrv {

inline constexpr std::string_view kOrderTopicNamespace = "ORDER_TOPIC_CONFIG";

// Thread-safe. A change is on disk when put() or erase() return success, and nowhere if they fail.
class KvConfig {
 public:
  static constexpr std::size_t kMaxTotalBytes = 64 * 1024 * 1024;  // of all names and values

  explicit KvConfig(std::string path) : path_(std::move(path)) {}

  // At start. A missing file is an empty configuration; kCorrupt or kInvalid if it can't be read as one: starting with
  // less than was promised would be worse than not starting.
  Status load();

  Status put(std::string_view name_space, std::string_view key, std::string_view value);
  Status erase(std::string_view name_space, std::string_view key);
  std::optional<std::string> get(std::string_view name_space, std::string_view key) const;
  // A KVTable, {"table":{...}}; nothing if the namespace was never used.
  std::optional<std::string> list(std::string_view name_space) const;
  std::size_t keys() const;

 private:
  using Table = std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>>;

  Status store(Table changed);

  const std::string path_;
  std::mutex write_mutex_;  // one change at a time; taken first
  mutable std::shared_mutex mutex_;
  Table table_;
};

}  // namespace rmq::namesrv
