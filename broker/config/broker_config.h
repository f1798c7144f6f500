// The broker's configuration: broker.conf with the original's keys and defaults, and a few of ours. settings.def is the
// one table behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/config/setting.h"
#include "common/base/properties_text.h"
#include "common/base/result.h"

namespace rmq::broker {

// What this broker is at the moment. Unknown: a Controller decides, and has not yet.
enum class Role : std::uint8_t { kUnknown, kMaster, kSlave };
std::string_view to_string(Role role);  // "unknown", "master", "slave"

// What the original answers, with SYSTEM_BUSY, to requests that a broker of its role does not serve: clients try
// another broker, or this one again later.
inline constexpr std::string_view kRejectedByRole = "[REJECTREQUEST]system busy, start flow control for a while";

enum class ReplicationMode : std::uint8_t { kAsync, kSync, kQuorum };

enum class Mutability { kFixed, kLive, kSecret, kNoEffect };

// One row of the table, for printing and documentation.
struct SettingInfo {
  std::string_view key;
  std::string_view kind;  // Text, LiveText, Flag, Int, Long
  std::string_view default_text;
  Mutability mutability;
  std::string_view rule;  // "", "least..most" or "one|of|these"
  std::string_view help;
};

// Looks up an environment variable; nullopt if it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view)>;
std::optional<std::string> process_environment(std::string_view name);

// Replaces ${NAME} and ${NAME:-otherwise} in `text`. kInvalid when NAME is not set and there is no otherwise, or when
// the braces don't close.
Result<std::string> expand_environment(std::string_view text, const Environment& environment);

// What a configuration file held that has no effect.
struct ConfigReport {
  std::vector<std::string> unknown;         // no such key, here or in the original
  std::vector<std::string> without_effect;  // the original's, and not needed here or not there yet
};

// Reads of fields are thread-safe at any time: those of kind Text never change after start.
struct BrokerConfig {
  using Text = std::string;
  using LiveText = rmq::broker::LiveText;
  using Flag = Setting<bool>;
  using Int = Setting<std::int32_t>;
  using Long = Setting<std::int64_t>;

#define SETTING(kind, field, key, default_text, mutability, rule, help) kind field;
#include "broker/config/settings.def"
#undef SETTING

  // What this broker is now: set by complete() for fixed roles, later by the Controller's decisions (app/role_switch).
  Setting<Role> role;
  // As a slave: there is a connection to the master. Set by app/replica.
  Setting<bool> follows_master;
  // broker_id is what it stands under at the name servers: 0 while master, else its own (-1: not known yet).

  explicit BrokerConfig(const Environment& environment = process_environment);  // all defaults

  // Takes what a configuration file says, at start. kInvalid names the key.
  Result<ConfigReport> load(const Properties& properties, const Environment& environment = process_environment);
  // Fills what depends on other keys or on the host (brokerName, brokerIP1/2, haListenPort, paths, brokerId of a
  // master, the role) and checks what must fit together. At start, after load().
  Status complete();

  // Changes live settings, all or none. kDenied if a key may not change while the broker runs (unknown ones included),
  // kInvalid if a value does not fit.
  Status update(const Properties& changes);
  // Whether update() would take them.
  static Status check_update(const Properties& changes);

  // Every key and its value, without secrets.
  Properties shown() const;
  // The value of one key as text; nullopt if there is no such key or it is secret.
  std::optional<std::string> shown(std::string_view key) const;

  static std::span<const SettingInfo> table();
  // The reference page, in Markdown.
  static std::string reference();

  bool is_sync_flush() const { return flush_disk_type == "SYNC_FLUSH"; }
  bool is_master() const { return role == Role::kMaster; }
  bool is_slave() const { return role == Role::kSlave; }
  // Whether it serves pulls now: a slave only where slaveReadEnable says so.
  bool serves_pulls() const { return is_master() || (is_slave() && slave_read_enable); }
  // Only meaningful in controller mode: fixed roles count copies (inSyncReplicas) instead.
  ReplicationMode mode() const;
  bool readable() const { return (broker_permission & 4) != 0; }
  bool writable() const { return (broker_permission & 2) != 0; }
  std::string broker_address() const { return broker_ip1 + ":" + std::to_string(listen_port.get()); }
  std::string ha_address() const { return broker_ip2 + ":" + std::to_string(ha_listen_port.get()); }
  std::string config_path(std::string_view file) const { return store_path_root_dir + "/config/" + std::string(file); }

 private:
  Status complete_role();
};

// Keys of the original (BrokerConfig, MessageStoreConfig, Netty*Config, AuthConfig of 5.5.0) without effect here,
// sorted.
std::span<const std::string_view> settings_without_effect();

}  // namespace rmq::broker
