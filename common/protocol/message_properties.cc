#include "common/protocol/message_properties.h"

namespace rmq::protocol {
namespace {

Status check(std::string_view name, std::string_view value) {
  constexpr std::string_view kSeparators = "\x01\x02";
  if (name.empty() || name.find_first_of(kSeparators) != std::string_view::npos) {
    return fail(ErrorKind::kInvalid, "property name is empty or has a separator in it");
  }
  if (value.empty() || value.find(kPropertyEnd) != std::string_view::npos) {
    return fail(ErrorKind::kInvalid, "value of property " + std::string(name) + " is empty or has a separator in it");
  }
  return {};
}

void append(std::string& properties, std::string_view name, std::string_view value) {
  if (!properties.empty() && properties.back() != kPropertyEnd) properties += kPropertyEnd;
  properties += name;
  properties += kPropertyNameEnd;
  properties += value;
  properties += kPropertyEnd;
}

}  // namespace

std::string_view find_property(std::string_view properties, std::string_view name) {
  std::string_view found;
  visit_properties(properties, [&](std::string_view key, std::string_view value) {
    if (key == name) found = value;
    return true;
  });
  return found;
}

PropertyMap decode_properties(std::string_view properties) {
  PropertyMap map;
  visit_properties(properties, [&](std::string_view name, std::string_view value) {
    map.insert_or_assign(std::string(name), std::string(value));
    return true;
  });
  return map;
}

Result<std::string> encode_properties(const PropertyMap& properties) {
  std::string text;
  for (const auto& [name, value] : properties) RMQ_CHECK_OK(append_property(text, name, value));
  if (text.size() > kMaxPropertiesTextBytes) return fail(ErrorKind::kInvalid, "properties longer than 32767 bytes");
  return text;
}

Status append_property(std::string& properties, std::string_view name, std::string_view value) {
  RMQ_CHECK_OK(check(name, value));
  append(properties, name, value);
  return {};
}

Status set_property(std::string& properties, std::string_view name, std::string_view value) {
  RMQ_CHECK_OK(check(name, value));
  // The value may point into the string that changes.
  const std::string copy(value);
  remove_property(properties, name);
  append(properties, name, copy);
  return {};
}

bool remove_property(std::string& properties, std::string_view name) {
  bool removed = false;
  for (std::size_t start = 0; start < properties.size();) {
    const auto end = properties.find(kPropertyEnd, start);
    const auto next = end == std::string::npos ? properties.size() : end + 1;
    const auto pair = std::string_view(properties).substr(start, next - start);
    if (pair.size() > name.size() && pair[name.size()] == kPropertyNameEnd && pair.starts_with(name)) {
      properties.erase(start, next - start);
      removed = true;
    } else {
      start = next;
    }
  }
  return removed;
}

}  // namespace rmq::protocol
