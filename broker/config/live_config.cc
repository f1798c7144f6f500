#include "broker/config/live_config.h"

#include "common/base/file.h"
#include "common/base/log.h"

namespace rmq::broker {
namespace {

constexpr std::string_view kReplaced = "replaced.";

}  // namespace

LiveConfig::LiveConfig(BrokerConfig& config, const Clock& clock)
    : config_(config), clock_(clock), path_(config.config_path("brokerOverrides.properties")) {
  version_.timestamp = clock.wall_ms();
}

Status LiveConfig::load() {
  auto text = read_file_or_backup(path_);
  if (!text) return text.error().kind == ErrorKind::kNotFound ? Status{} : Status(fail(text.error()));
  auto properties = parse_properties(*text);
  if (!properties) return fail(properties.error().with(path_));
  std::lock_guard lock(mutex_);
  for (const auto& [key, value] : *properties) {
    if (key.starts_with(kReplaced)) continue;
    auto replaced = properties->find(std::string(kReplaced) + key);
    auto present = config_.shown(key);
    if (replaced == properties->end() || present != replaced->second) {
      log::info("broker.conf changed a setting that was overridden at run time", {{"key", key}});
      continue;
    }
    if (auto status = config_.update({{key, value}}); !status) {
      log::warn("override of a setting dropped", {{"key", key}, {"error", status.error()}});
      continue;
    }
    log::info("setting overridden at run time", {{"key", key}, {"value", value}});
    overrides_.insert_or_assign(key, Override{value, replaced->second});
  }
  return {};
}

Status LiveConfig::update(const Properties& changes) {
  RMQ_CHECK_OK(BrokerConfig::check_update(changes));
  std::lock_guard lock(mutex_);
  auto overrides = overrides_;
  for (const auto& [key, value] : changes) {
    auto [entry, added] = overrides.try_emplace(key);
    if (added) entry->second.replaced = config_.shown(key).value_or("");
    entry->second.value = value;
  }
  Properties file;
  for (const auto& [key, override_value] : overrides) {
    file.emplace(key, override_value.value);
    file.emplace(std::string(kReplaced) + key, override_value.replaced);
  }
  RMQ_CHECK_OK(replace_file(path_, format_properties(file)));
  overrides_ = std::move(overrides);
  version_.next(clock_.wall_ms());
  return config_.update(changes);
}

protocol::DataVersion LiveConfig::version() const {
  std::lock_guard lock(mutex_);
  return version_;
}

}  // namespace rmq::broker
