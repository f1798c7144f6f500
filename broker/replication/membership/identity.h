// The id a Controller gave this broker, on disk: it must survive restarts, or the group would grow by one each time.
// Two files, as the original's: the final one, and a temporary one that holds an id not yet granted together with the
// check code by which the Controller knows that the same broker asks again.
// Source: org.apache.rocketmq.store.ha.autoswitch.BrokerMetadata and TempBrokerMetadata of release 5.5.0
// ("cluster#name#id" and "cluster#name#id#checkCode").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::replication {

struct BrokerIdentity {
  std::string cluster;
  std::string name;
  std::int64_t id = 0;
  std::string check_code;  // only in the temporary file
  bool operator==(const BrokerIdentity&) const = default;
};

std::string format_identity(const BrokerIdentity& identity);
// kCorrupt: not such a text.
Result<BrokerIdentity> parse_identity(std::string_view text);

// Not thread-safe; one per broker.
class IdentityFiles {
 public:
  explicit IdentityFiles(std::string path) : path_(std::move(path)) {}

  // nullopt: there is no such file. kCorrupt: damaged, so that no second id is taken by mistake.
  Result<std::optional<BrokerIdentity>> load() const { return load(path_); }
  Result<std::optional<BrokerIdentity>> load_temporary() const { return load(temporary_path()); }
  Status save_temporary(const BrokerIdentity& identity) const;
  Status remove_temporary() const;
  // Writes the final file, then removes the temporary one.
  Status save(const BrokerIdentity& identity) const;

 private:
  std::string temporary_path() const { return path_ + "-temp"; }
  static Result<std::optional<BrokerIdentity>> load(const std::string& path);

  const std::string path_;
};

// What the kernel made up at its start: another value means that the page cache is gone. Empty: not known.
std::string boot_id();

}  // namespace rmq::replication
