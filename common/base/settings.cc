#include "common/base/settings.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace rmq {
namespace {

using Kind = SettingKey::Kind;
using Effect = SettingKey::Effect;

bool is_true(std::string_view text) {
  constexpr std::string_view kTrue = "true";
  return std::equal(text.begin(), text.end(), kTrue.begin(), kTrue.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// The value as it is kept. Numbers outside their range are taken as the nearest inside; `clamped` then says so.
Result<std::string> checked_value(const SettingKey& key, std::string_view value, std::string* clamped) {
  value = trimmed(value);
  if (value.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos) {
    return fail(ErrorKind::kInvalid, std::string(key.name) + ": a value is one line");
  }
  if (key.kind == Kind::kFlag) return std::string(is_true(value) ? "true" : "false");
  if (key.kind != Kind::kNumber) return std::string(value);
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size()) {
    return fail(ErrorKind::kInvalid, std::string(key.name) + ": no number: " + std::string(value));
  }
  auto kept = std::clamp(number, key.least, key.most);
  if (kept != number && clamped != nullptr) {
    *clamped = std::string(key.name) + "=" + std::string(value) + " is outside " + std::to_string(key.least) + ".." +
               std::to_string(key.most) + ", taken as " + std::to_string(kept);
  }
  return std::to_string(kept);
}

}  // namespace

Settings::Settings(std::span<const SettingKey> keys) : keys_(keys) {
  for (const auto& key : keys_) values_.emplace(key.name, key.default_text);
}

const SettingKey* Settings::find(std::string_view name) const {
  auto it = std::find_if(keys_.begin(), keys_.end(), [&](const SettingKey& key) { return key.name == name; });
  return it == keys_.end() ? nullptr : &*it;
}

Result<SettingsReport> Settings::load(const Properties& properties) {
  SettingsReport report;
  std::lock_guard lock(mutex_);
  for (const auto& [name, value] : properties) {
    const auto* key = find(name);
    if (key == nullptr) {
      report.unknown.push_back(name);
      continue;
    }
    std::string clamped;
    RMQ_TRY(values_[name], checked_value(*key, value, &clamped));
    if (!clamped.empty()) report.clamped.push_back(std::move(clamped));
    if (values_[name] != key->default_text && key->effect == Effect::kNone) report.without_effect.push_back(name);
  }
  return report;
}

Status Settings::update(const Properties& changes) {
  Properties checked;
  for (const auto& [name, value] : changes) {
    const auto* key = find(name);
    if (key == nullptr) return fail(ErrorKind::kDenied, "no such setting: " + name.substr(0, 100));
    if (key->effect != Effect::kLive) {
      return fail(ErrorKind::kDenied, "Can not update config in black list: " + name + " changes at a restart only");
    }
    RMQ_TRY(checked[name], checked_value(*key, value, nullptr));
  }
  std::lock_guard lock(mutex_);
  for (auto& [name, value] : checked) values_[name] = value;
  return {};
}

void Settings::set(std::string_view key, std::string value) {
  std::lock_guard lock(mutex_);
  values_.insert_or_assign(std::string(key), std::move(value));
}

Properties Settings::shown() const {
  std::lock_guard lock(mutex_);
  Properties shown = values_;
  for (const auto& key : keys_) {
    if (key.kind != Kind::kSecret) continue;
    if (auto it = shown.find(key.name); it != shown.end()) shown.erase(it);
  }
  return shown;
}

std::string Settings::text(std::string_view key) const {
  std::lock_guard lock(mutex_);
  auto it = values_.find(key);
  return it == values_.end() ? std::string() : it->second;
}
std::int64_t Settings::number(std::string_view key) const {
  return std::atoll(text(key).c_str());
}
bool Settings::flag(std::string_view key) const {
  return text(key) == "true";
}

std::string Settings::help(std::span<const SettingKey> keys) {
  std::string out;
  for (const auto& key : keys) {
    if (key.effect == Effect::kNone) continue;
    std::string line = "  " + std::string(key.name) + "=" + std::string(key.default_text);
    line.resize(std::max<std::size_t>(line.size() + 1, 46), ' ');
    out += line + std::string(key.help) + (key.effect == Effect::kLive ? " (changes at run time)\n" : "\n");
  }
  return out;
}

}  // namespace rmq
