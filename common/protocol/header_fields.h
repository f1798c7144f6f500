// What the two header parsers share. Internal to frame_decoder.cc and json_header.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/protocol/command.h"

namespace rmq::protocol::internal {

using ExtFields = std::vector<std::pair<std::string_view, std::string_view>>;

// Adds fields so that the last of equal keys wins. A 64-bit filter spares the search for nearly every field.
class FieldSet {
 public:
  explicit FieldSet(ExtFields& fields) : fields_(fields) {}

  bool put(std::string_view key, std::string_view value) {
    const std::uint64_t bit = filter_bit(key);
    if ((seen_ & bit) != 0) {
      const auto at = find(key);
      if (at != fields_.end()) {
        at->second = value;
        return true;
      }
    }
    seen_ |= bit;
    if (fields_.size() >= kMaxExtFields) return false;
    fields_.emplace_back(key, value);
    return true;
  }
  // A null value: as if the key had not been sent.
  void remove(std::string_view key) {
    if ((seen_ & filter_bit(key)) == 0) return;
    const auto at = find(key);
    if (at != fields_.end()) fields_.erase(at);
  }

 private:
  static std::uint64_t filter_bit(std::string_view key) {
    if (key.empty()) return 1;
    const auto first = static_cast<unsigned char>(key.front());
    const auto last = static_cast<unsigned char>(key.back());
    return std::uint64_t{1} << ((first + last * 5U + key.size() * 11U) & 63U);
  }
  ExtFields::iterator find(std::string_view key) {
    return std::find_if(fields_.begin(), fields_.end(), [&](const auto& field) { return field.first == key; });
  }

  ExtFields& fields_;
  std::uint64_t seen_ = 0;
};

// Parses the JSON header `text` into `view`, whose fields hold their defaults. `scratch` takes the strings that had to
// be unescaped; it only grows. nullptr, or what is wrong.
const char* parse_json_header(std::string_view text, CommandView& view, std::string& scratch);

}  // namespace rmq::protocol::internal
