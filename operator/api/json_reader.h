// Reads typed fields from a JSON object that a user wrote; the first wrong type is kept with its path.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/result.h"

namespace rmq::operator_ {

// Absent and null members leave the target as it is (its default). Once something is wrong all later reads do
// nothing, so a caller reads everything and asks status() once. A child reports through its root; the root must
// outlive it.
class JsonReader {
 public:
  JsonReader(const nlohmann::json& object, std::string path) : path_(std::move(path)), root_(this) { open(&object); }

  void read(std::string_view key, std::string& into);
  void read(std::string_view key, bool& into);
  void read(std::string_view key, std::int64_t& into);
  void read(std::string_view key, std::optional<std::int64_t>& into);
  void read(std::string_view key, std::map<std::string, std::string>& into);
  // A part that is handed on as it is; it must have the type that `into` has.
  void read_raw(std::string_view key, nlohmann::json& into);

  template <class Enum>
  void read_enum(std::string_view key, Enum& into, std::initializer_list<std::pair<std::string_view, Enum>> names) {
    std::string text;
    read(key, text);
    if (text.empty()) return;
    std::string allowed;
    for (const auto& [name, value] : names) {
      if (name == text) {
        into = value;
        return;
      }
      allowed.append(allowed.empty() ? "" : ", ").append(name);
    }
    fail_at(key, "must be one of " + allowed);
  }

  // An absent member reads as an empty object.
  JsonReader child(std::string_view key) { return JsonReader(*this, key); }

  Status status() const;

 private:
  JsonReader(JsonReader& parent, std::string_view key);
  void open(const nlohmann::json* object);
  const nlohmann::json* find(std::string_view key) const;
  void fail_at(std::string_view key, std::string_view what);
  std::string path_of(std::string_view key) const;

  const nlohmann::json* object_ = nullptr;  // null: absent or wrong
  std::string path_;
  JsonReader* root_;
  std::optional<std::string> error_;  // used in the root only
};

}  // namespace rmq::operator_
