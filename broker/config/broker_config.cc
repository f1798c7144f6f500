#include "broker/config/broker_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "broker/config/host.h"

namespace rmq::broker {
namespace {

constexpr auto kFixed = Mutability::kFixed;
constexpr auto kLive = Mutability::kLive;
constexpr auto kSecret = Mutability::kSecret;
constexpr auto kNoEffect = Mutability::kNoEffect;

// One way to write and read each kind, whichever the field.
struct Access {
  Status (*set)(BrokerConfig&, std::string_view text);
  Status (*check)(std::string_view text);  // that set() would take it
  std::string (*get)(const BrokerConfig&);
};

struct Row {
  SettingInfo info;
  Access access;
};

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Result<std::int64_t> read_number(std::string_view text) {
  std::int64_t value = 0;
  text = trimmed(text);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return fail(ErrorKind::kInvalid, "not a number");
  return value;
}

Status check_range(std::int64_t value, std::string_view rule) {
  auto dots = rule.find("..");
  if (dots == std::string_view::npos) return {};
  RMQ_TRY(std::int64_t least, read_number(rule.substr(0, dots)));
  RMQ_TRY(std::int64_t most, read_number(rule.substr(dots + 2)));
  if (value < least || value > most) return fail(ErrorKind::kInvalid, "must be within " + std::string(rule));
  return {};
}

Status check_choice(std::string_view value, std::string_view rule) {
  if (rule.empty()) return {};
  for (std::string_view rest = rule;;) {
    auto bar = rest.find('|');
    if (rest.substr(0, bar) == value) return {};
    if (bar == std::string_view::npos) return fail(ErrorKind::kInvalid, "must be one of " + std::string(rule));
    rest.remove_prefix(bar + 1);
  }
}

// Reads `text` as the field's type under its rule.
template <class Field>
struct Kind;
template <>
struct Kind<Setting<bool>> {
  static Result<bool> read(std::string_view text, std::string_view) {
    text = trimmed(text);
    auto is = [&](std::string_view word) {
      return std::ranges::equal(text, word, [](char a, char b) { return (a | 0x20) == b; });
    };
    if (is("true")) return true;
    if (is("false")) return false;
    return fail(ErrorKind::kInvalid, "must be true or false");
  }
  static std::string text(const Setting<bool>& field) { return field ? "true" : "false"; }
};
template <class T>
struct Number {
  static Result<T> read(std::string_view text, std::string_view rule) {
    RMQ_TRY(std::int64_t value, read_number(text));
    RMQ_CHECK_OK(check_range(value, rule));
    if (value != static_cast<T>(value)) return fail(ErrorKind::kInvalid, "out of range");
    return static_cast<T>(value);
  }
  static std::string text(const Setting<T>& field) { return std::to_string(field.get()); }
};
template <>
struct Kind<Setting<std::int32_t>> : Number<std::int32_t> {};
template <>
struct Kind<Setting<std::int64_t>> : Number<std::int64_t> {};
template <>
struct Kind<std::string> {
  static Result<std::string> read(std::string_view text, std::string_view rule) {
    text = trimmed(text);
    RMQ_CHECK_OK(check_choice(text, rule));
    return std::string(text);
  }
  static std::string text(const std::string& field) { return field; }
};
template <>
struct Kind<LiveText> {
  static Result<std::string> read(std::string_view text, std::string_view rule) {
    return Kind<std::string>::read(text, rule);
  }
  static std::string text(const LiveText& field) { return field.get(); }
};

#define SETTING(kind, field, key, default_text, mutability, rule, help)   \
  Row{{key, #kind, default_text, mutability, rule, help},                 \
      {[](BrokerConfig& config, std::string_view text) -> Status {        \
         RMQ_TRY(auto value, Kind<BrokerConfig::kind>::read(text, rule)); \
         config.field = std::move(value);                                 \
         return {};                                                       \
       },                                                                 \
       [](std::string_view text) -> Status {                              \
         auto value = Kind<BrokerConfig::kind>::read(text, rule);         \
         return value ? Status{} : Status(fail(value.error()));           \
       },                                                                 \
       [](const BrokerConfig& config) { return Kind<BrokerConfig::kind>::text(config.field); }}},
const auto kRows = std::to_array<Row>({
#include "broker/config/settings.def"
});
#undef SETTING

std::string_view canonical(std::string_view key) {
  // Spellings of releases before 5.0.
  if (key == "mapedFileSizeCommitLog") return "mappedFileSizeCommitLog";
  if (key == "mapedFileSizeConsumeQueue") return "mappedFileSizeConsumeQueue";
  return key;
}

const Row* find_row(std::string_view key) {
  key = canonical(key);
  for (const Row& row : kRows) {
    if (row.info.key == key) return &row;
  }
  return nullptr;
}

// Promises of the original that would be broken in silence if these were just ignored.
constexpr auto kRefusedWhenTrue = std::to_array<std::string_view>(
    {"aclEnable", "authenticationEnabled", "authorizationEnabled", "transRocksDBEnable", "timerRocksDBEnable"});

bool is_env_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

}  // namespace

std::optional<std::string> process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

Result<std::string> expand_environment(std::string_view text, const Environment& environment) {
  std::string out;
  for (;;) {
    auto start = text.find("${");
    out += text.substr(0, start);
    if (start == std::string_view::npos) return out;
    auto end = text.find('}', start);
    if (end == std::string_view::npos) return fail(ErrorKind::kInvalid, "\"${\" without \"}\"");
    std::string_view inside = text.substr(start + 2, end - start - 2);
    auto otherwise = inside.find(":-");
    std::string_view name = inside.substr(0, otherwise);
    if (!is_env_name(name)) return fail(ErrorKind::kInvalid, "\"" + std::string(name) + "\" is no variable's name");
    auto value = environment(name);
    if (value && !(value->empty() && otherwise != std::string_view::npos)) {
      out += *value;
    } else if (otherwise != std::string_view::npos) {
      out += inside.substr(otherwise + 2);
    } else {
      return fail(ErrorKind::kInvalid, "environment variable " + std::string(name) + " is not set");
    }
    text.remove_prefix(end + 1);
  }
}

BrokerConfig::BrokerConfig(const Environment& environment) {
  role = Role::kMaster;  // as the defaults say
  for (const Row& row : kRows) {
    // The table's own defaults always expand, and fit unless the environment holds nonsense: then the type's zero.
    auto text = expand_environment(row.info.default_text, environment);
    if (text) (void)row.access.set(*this, *text);
  }
}

Result<ConfigReport> BrokerConfig::load(const Properties& properties, const Environment& environment) {
  ConfigReport report;
  auto ignored = settings_without_effect();
  for (const auto& [key, raw] : properties) {
    const Row* row = find_row(key);
    if (row == nullptr) {
      if (std::ranges::find(kRefusedWhenTrue, key) != kRefusedWhenTrue.end() && raw.find("true") != std::string::npos) {
        return fail(ErrorKind::kUnsupported,
                    key + ": not supported yet; the broker does not run without it in silence");
      }
      bool known = std::ranges::binary_search(ignored, std::string_view(key));
      (known ? report.without_effect : report.unknown).push_back(key);
      continue;
    }
    auto text = expand_environment(raw, environment);
    if (!text) return fail(text.error().with(key));
    if (auto status = row->access.set(*this, *text); !status) return fail(status.error().with(key));
    if (row->info.mutability == kNoEffect && row->access.get(*this) != row->info.default_text) {
      report.without_effect.push_back(key);
    }
  }
  return report;
}

Status BrokerConfig::complete() {
  if (broker_name.empty()) broker_name = host_name();
  if (broker_ip1.empty()) broker_ip1 = first_own_address();
  if (broker_ip2.empty()) broker_ip2 = broker_ip1;
  if (store_path_commit_log.empty()) store_path_commit_log = store_path_root_dir + "/commitlog";
  if (ha_listen_port == 0 && listen_port != 0) ha_listen_port = listen_port + 1;
  if (vip_listen_port == 0) vip_listen_port = listen_port > 2 ? listen_port - 2 : -1;
  if (enable_dledger_commit_log) {
    return fail(ErrorKind::kUnsupported, "enableDLegerCommitLog: DLedger stores are not supported");
  }
  if (store_type != "default") {
    return fail(ErrorKind::kUnsupported, "storeType: only \"default\" is supported, not \"" + store_type + "\"");
  }
  if (store_path_broker_identity.empty()) store_path_broker_identity = store_path_root_dir + "/brokerIdentity";
  if (store_path_epoch_file.empty()) store_path_epoch_file = store_path_root_dir + "/epochFileCheckpoint";
  return complete_role();
}

Status BrokerConfig::complete_role() {
  if (enable_controller_mode) {
    if (controller_addr.empty()) return fail(ErrorKind::kInvalid, "controllerAddr: controller mode needs one");
    role = Role::kUnknown;
    broker_id = -1;
  } else if (broker_role != "SLAVE") {
    role = Role::kMaster;
    broker_id = 0;
  } else if (broker_id <= 0) {
    return fail(ErrorKind::kInvalid, "brokerId: a SLAVE needs one above 0");
  } else {
    role = Role::kSlave;
  }
  if (!enable_controller_mode && replication_mode != "auto") {
    return fail(ErrorKind::kInvalid, "replicationMode: only with enableControllerMode; fixed roles have brokerRole");
  }
  if (mode() == ReplicationMode::kQuorum && total_replicas < 3) {
    return fail(ErrorKind::kInvalid, "totalReplicas: replicationMode=quorum needs 3 or more");
  }
  // The original starts with more copies than totalReplicas; who leaves that at its default has not said how many.
  const bool counted = total_replicas > 1 && mode() != ReplicationMode::kQuorum;
  if (counted && (std::max<std::int32_t>(in_sync_replicas, min_in_sync_replicas) > total_replicas)) {
    return fail(ErrorKind::kInvalid, "inSyncReplicas and minInSyncReplicas must not exceed totalReplicas");
  }
  if (!enable_controller_mode && min_in_sync_replicas > in_sync_replicas) {
    return fail(ErrorKind::kInvalid, "minInSyncReplicas <= inSyncReplicas does not hold");
  }
  return {};
}

ReplicationMode BrokerConfig::mode() const {
  if (replication_mode == "quorum") return ReplicationMode::kQuorum;
  if (replication_mode == "sync") return ReplicationMode::kSync;
  return replication_mode == "auto" && all_ack_in_sync_state_set ? ReplicationMode::kSync : ReplicationMode::kAsync;
}

std::string_view to_string(Role role) {
  return role == Role::kMaster ? "master" : role == Role::kSlave ? "slave" : "unknown";
}

Status BrokerConfig::check_update(const Properties& changes) {
  for (const auto& [key, text] : changes) {
    const Row* row = find_row(key);
    if (row == nullptr || row->info.mutability != kLive) {
      return fail(ErrorKind::kDenied, key + " can not be changed while the broker runs");
    }
    if (auto status = row->access.check(text); !status) return fail(status.error().with(key));
  }
  return {};
}

Status BrokerConfig::update(const Properties& changes) {
  RMQ_CHECK_OK(check_update(changes));
  for (const auto& [key, text] : changes) RMQ_CHECK_OK(find_row(key)->access.set(*this, text));
  return {};
}

Properties BrokerConfig::shown() const {
  Properties out;
  for (const Row& row : kRows) {
    if (row.info.mutability != kSecret) out.emplace(row.info.key, row.access.get(*this));
  }
  return out;
}

std::optional<std::string> BrokerConfig::shown(std::string_view key) const {
  const Row* row = find_row(key);
  if (row == nullptr || row->info.mutability == kSecret) return std::nullopt;
  return row->access.get(*this);
}

std::span<const SettingInfo> BrokerConfig::table() {
  static const auto kInfos = [] {
    std::array<SettingInfo, std::size(kRows)> infos;
    std::ranges::transform(kRows, infos.begin(), &Row::info);
    return infos;
  }();
  return kInfos;
}

std::string BrokerConfig::reference() {
  std::string out = "| Key | Default | Values | At run time | |\n|---|---|---|---|---|\n";
  for (const SettingInfo& row : table()) {
    std::string rule(row.rule);
    for (std::size_t at = 0; (at = rule.find('|', at)) != std::string::npos; at += 2) rule.replace(at, 1, ", ");
    if (row.kind == "Flag") rule = "true, false";
    out += "| `" + std::string(row.key) + "` | " +
           (row.default_text.empty() ? "" : "`" + std::string(row.default_text) + "`") + " | " + rule + " | " +
           (row.mutability == kLive ? "yes" : "") + " | " + std::string(row.help) +
           (row.mutability == kNoEffect ? " (no effect yet)" : "") + " |\n";
  }
  return out;
}

}  // namespace rmq::broker
