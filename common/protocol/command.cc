#include "common/protocol/command.h"

#include <array>
#include <charconv>

namespace rmq::protocol {
namespace {

constexpr std::array<std::string_view, 14> kLanguageNames = {"JAVA",   "CPP",  "DOTNET", "PYTHON", "DELPHI",
                                                             "ERLANG", "RUBY", "OTHER",  "HTTP",   "GO",
                                                             "PHP",    "OMS",  "RUST",   "NODE_JS"};

// As Java's parseInt and parseLong: an optional sign, digits, nothing else.
template <class T>
bool parse_integer(std::string_view text, T& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || (a.front() == b.front() && a == b));
}

}  // namespace

std::string_view to_string(Language language) {
  const auto index = static_cast<std::size_t>(language);
  return index < kLanguageNames.size() ? kLanguageNames[index] : to_string(Language::kOther);
}

Language language_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kLanguageNames.size(); ++i) {
    if (kLanguageNames[i] == name) return static_cast<Language>(i);
  }
  return Language::kOther;
}

std::string_view CommandView::ext(std::string_view key) const {
  for (const auto& [name, value] : ext_fields) {
    if (same(name, key)) return value;
  }
  return {};
}

Command& Command::set(std::string_view key, std::string_view value) {
  for (auto& [name, old] : ext_fields) {
    if (name == key) {
      old = value;
      return *this;
    }
  }
  ext_fields.emplace_back(key, value);
  return *this;
}

CommandView Command::view() const {
  CommandView view{code, language, version, opaque, flag, serialize_type, remark, {}, body};
  view.ext_fields.assign(ext_fields.begin(), ext_fields.end());
  return view;
}

Command Command::from(const CommandView& view) {
  Command command{view.code,
                  view.language,
                  view.version,
                  view.opaque,
                  view.flag,
                  view.serialize_type,
                  std::string(view.remark),
                  {},
                  std::string(view.body)};
  command.ext_fields.assign(view.ext_fields.begin(), view.ext_fields.end());
  return command;
}

void encode(const Command& command, std::string& out) {
  FrameWriter writer(out, {command.code, command.opaque, command.flag, command.serialize_type, command.remark,
                           command.language, command.version});
  for (const auto& [key, value] : command.ext_fields) writer.field(key, std::string_view(value));
  writer.finish(command.body.size());
  out += command.body;
}

std::string encode(const Command& command) {
  std::string out;
  encode(command, out);
  return out;
}

Command response_to(const CommandView& request, std::int32_t code, std::string remark) {
  Command response;
  response.code = code;
  response.opaque = request.opaque;
  response.flag = kFlagResponse;
  response.serialize_type = request.serialize_type;
  response.remark = std::move(remark);
  return response;
}

std::string_view FieldReader::find(std::string_view key) const {
  const auto& fields = command_.ext_fields;
  if (next_ < fields.size() && same(fields[next_].first, key)) return fields[next_++].second;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (same(fields[i].first, key)) {
      next_ = i + 1;
      return fields[i].second;
    }
  }
  return {};
}

void FieldReader::fail_field(std::string_view key, const char* what) {
  if (error_.empty()) error_ = "the custom field <" + std::string(key) + "> is " + what;
}

template <class T>
T FieldReader::required_integer(std::string_view key) {
  const auto text = find(key);
  T value{};
  if (text.data() == nullptr) {
    fail_field(key, "null");
  } else if (!parse_integer(text, value)) {
    fail_field(key, "not a number");
  }
  return value;
}

template <class T>
T FieldReader::optional_integer(std::string_view key, T otherwise) {
  const auto text = find(key);
  // Some clients send an empty string for "not set".
  if (text.empty() || parse_integer(text, otherwise)) return otherwise;
  fail_field(key, "not a number");
  return otherwise;
}

std::string_view FieldReader::required(std::string_view key) {
  const auto value = find(key);
  if (value.data() == nullptr) fail_field(key, "null");
  return value;
}

std::string_view FieldReader::optional(std::string_view key, std::string_view otherwise) const {
  const auto value = find(key);
  return value.data() == nullptr ? otherwise : value;
}

std::int32_t FieldReader::required_int32(std::string_view key) {
  return required_integer<std::int32_t>(key);
}
std::int64_t FieldReader::required_int64(std::string_view key) {
  return required_integer<std::int64_t>(key);
}
std::int32_t FieldReader::optional_int32(std::string_view key, std::int32_t otherwise) {
  return optional_integer(key, otherwise);
}
std::int64_t FieldReader::optional_int64(std::string_view key, std::int64_t otherwise) {
  return optional_integer(key, otherwise);
}

bool FieldReader::required_bool(std::string_view key) {
  return equals_ignoring_case(required(key), "true");
}

bool FieldReader::optional_bool(std::string_view key, bool otherwise) const {
  const auto value = find(key);
  return value.data() == nullptr ? otherwise : equals_ignoring_case(value, "true");
}

}  // namespace rmq::protocol
