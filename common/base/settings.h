// A server's settings: `key=value` with a table of what each key may be, which change at run time, and help texts.
//
// Only keys marked kLive change at run time; paths and addresses never are. (In the original any key could change,
// which let whoever reached the port write files of his choice: CVE-2023-37582.)
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/properties_text.h"
#include "common/base/result.h"

namespace rmq {

struct SettingKey {
  enum class Kind { kText, kFlag, kNumber, kSecret };
  enum class Effect { kNone, kFixed, kLive };  // none: taken and shown, so that the original's files and tools work

  std::string_view name;
  Kind kind;
  std::string_view default_text;
  Effect effect;
  std::int64_t least = 0;  // of numbers
  std::int64_t most = 0;
  std::string_view help = {};
};

// What a configuration file held that has no effect, or not the one it asked for.
struct SettingsReport {
  std::vector<std::string> unknown;         // no such key
  std::vector<std::string> without_effect;  // a key of the original that this server does not need
  std::vector<std::string> clamped;         // "key=value is outside 1..16, taken as 16"
};

// Thread-safe.
class Settings {
 public:
  // `keys` outlives the object. All values are the defaults.
  explicit Settings(std::span<const SettingKey> keys);

  // kInvalid names a key whose value can't be read; the keys before it are taken then.
  Result<SettingsReport> load(const Properties& properties);
  // Changes settings while running, all or none. kDenied: a key that may not change; kInvalid: a value that does not
  // fit or holds a line break.
  Status update(const Properties& changes);
  // Without a check: for defaults that depend on the environment, and for flags.
  void set(std::string_view key, std::string value);

  // Every key and its value, without secrets.
  Properties shown() const;
  std::string text(std::string_view key) const;  // of a known key
  std::int64_t number(std::string_view key) const;
  bool flag(std::string_view key) const;

  // One line a key that has an effect.
  static std::string help(std::span<const SettingKey> keys);

 private:
  const SettingKey* find(std::string_view name) const;

  const std::span<const SettingKey> keys_;
  mutable std::mutex mutex_;
  Properties values_;
};

}  // namespace rmq
