#include "common/protocol/command.h"

#include <array>
#include <charconv>

namespace rmq::protocol {
namespace {

constexpr std::array<std::string_view, 14> kLanguageNames = {"JAVA", "CPP", "DOTNET", "PYTHON", "DELPHI", "ERLANG", "RUBY",
                                                             "OTHER", "HTTP", "GO", "PHP", "OMS", "RUST", "NODE_JS"};

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

void remember_missing(std::string& error, std::string_view key) {
  if (error.empty()) error = "the custom field <" + std::string(key) + "> is null";
}

template <class T>
T integer_or(std::string_view text, std::string_view key, T otherwise, std::string& error) {
  T value{};
  if (parse_integer(text, value)) return value;
  if (error.empty()) error = "the custom field <" + std::string(key) + "> is not a number";
  return otherwise;
}

template <class T>
T required_integer(const CommandView& command, std::string_view key, std::string& error) {
  const auto text = command.ext(key);
  if (text.data() != nullptr) return integer_or<T>(text, key, 0, error);
  remember_missing(error, key);
  return 0;
}

template <class T>
T optional_integer(const CommandView& command, std::string_view key, T otherwise, std::string& error) {
  const auto text = command.ext(key);
  // Some clients send an empty string for "not set".
  return text.empty() ? otherwise : integer_or<T>(text, key, otherwise, error);
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
    if (name == key) return value;
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
  Command command{view.code, view.language,       view.version,           view.opaque,
                  view.flag, view.serialize_type, std::string(view.remark), {},
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

std::string_view FieldReader::required(std::string_view key) {
  const auto value = command_.ext(key);
  if (value.data() == nullptr) remember_missing(error_, key);
  return value;
}

std::string_view FieldReader::optional(std::string_view key, std::string_view otherwise) const {
  const auto value = command_.ext(key);
  return value.data() == nullptr ? otherwise : value;
}

std::int32_t FieldReader::required_int32(std::string_view key) {
  return required_integer<std::int32_t>(command_, key, error_);
}
std::int64_t FieldReader::required_int64(std::string_view key) {
  return required_integer<std::int64_t>(command_, key, error_);
}
std::int32_t FieldReader::optional_int32(std::string_view key, std::int32_t otherwise) {
  return optional_integer(command_, key, otherwise, error_);
}
std::int64_t FieldReader::optional_int64(std::string_view key, std::int64_t otherwise) {
  return optional_integer(command_, key, otherwise, error_);
}

bool FieldReader::required_bool(std::string_view key) { return equals_ignoring_case(required(key), "true"); }

bool FieldReader::optional_bool(std::string_view key, bool otherwise) const {
  const auto value = command_.ext(key);
  return value.data() == nullptr ? otherwise : equals_ignoring_case(value, "true");
}

}  // namespace rmq::protocol
