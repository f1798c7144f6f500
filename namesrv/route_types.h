// What brokers tell the name server, and what it tells others. Plain values; views point into the request's body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rmq::namesrv {

inline constexpr std::int64_t kMasterId = 0;
inline constexpr std::int64_t kDefaultBrokerTimeoutMs = 120'000;
inline constexpr std::int64_t kMaxBrokerTimeoutMs = 365LL * 24 * 3600 * 1000;

inline constexpr int kPermRead = 4;
inline constexpr int kPermWrite = 2;
inline constexpr int kSysFlagUnit = 1;
inline constexpr int kSysFlagUnitSub = 2;

// Version of a broker's topic table; equal only when all three are.
struct DataVersion {
  std::int64_t state_version = 0;
  std::int64_t timestamp = 0;
  std::int64_t counter = 0;

  bool operator==(const DataVersion&) const = default;
};

// How one broker serves one topic.
struct QueueShape {
  std::int32_t read_queues = 16;
  std::int32_t write_queues = 16;
  std::int16_t perm = kPermRead | kPermWrite;
  std::int16_t sys_flag = 0;

  bool operator==(const QueueShape&) const = default;
};

struct TopicShape {
  std::string_view name;
  QueueShape shape;
};

// TopicQueueMappingInfo: which physical queues of a broker stand behind a static topic.
struct QueueMapping {
  std::string topic;
  std::string scope;
  std::string broker_name;
  std::int32_t total_queues = 0;
  std::int64_t epoch = 0;
  bool dirty = false;
  std::vector<std::pair<std::int32_t, std::int32_t>> current_ids;  // logic id, physical id; ascending

  bool operator==(const QueueMapping&) const = default;
};

struct BrokerIdentity {
  std::string_view cluster;
  std::string_view address;
  std::string_view name;
  std::int64_t id = 0;
};

// A REGISTER_BROKER request.
struct Registration {
  BrokerIdentity broker;
  std::string_view ha_address;
  std::optional<std::string_view> zone;
  std::int64_t timeout_ms = kDefaultBrokerTimeoutMs;
  std::optional<bool> acting_master;  // absent: a broker older than 5.0
  std::uint64_t channel = 0;          // id of the connection it came on

  DataVersion version;
  std::vector<TopicShape> topics;
  std::vector<QueueMapping> mappings;
  std::optional<std::vector<std::string>> filter_servers;
  std::uint64_t body_hash = 0;  // of the body's bytes; 0: unknown
};

// Whom to tell that the least broker id of a group changed (NOTIFY_MIN_BROKER_ID_CHANGE).
struct MinIdChange {
  std::string broker_name;
  std::int64_t min_id = 0;
  std::string min_address;
  std::optional<std::string> offline_address;
  std::optional<std::string> ha_address;
  std::vector<std::string> recipients;
};

struct RegistrationOutcome {
  enum class Kind {
    kAccepted,
    kConflict,  // another address holds this id with a newer state: ignored, answered as success
    kRefused,   // a single topic of a broker that has not registered yet
  };
  Kind kind = Kind::kAccepted;
  std::optional<std::string> ha_address;  // of the live master, for slaves
  std::optional<std::string> master_address;
  std::optional<MinIdChange> min_id_change;
};

}  // namespace rmq::namesrv
