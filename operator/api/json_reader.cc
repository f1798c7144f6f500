#include "operator/api/json_reader.h"

namespace rmq::operator_ {

JsonReader::JsonReader(JsonReader& parent, std::string_view key) : path_(parent.path_of(key)), root_(parent.root_) {
  open(parent.find(key));
}

void JsonReader::open(const nlohmann::json* object) {
  if (object == nullptr || object->is_null()) return;
  if (!object->is_object()) {
    fail_at("", "must be an object");
    return;
  }
  object_ = object;
}

const nlohmann::json* JsonReader::find(std::string_view key) const {
  if (object_ == nullptr || root_->error_) return nullptr;
  auto member = object_->find(key);
  return member == object_->end() || member->is_null() ? nullptr : &*member;
}

std::string JsonReader::path_of(std::string_view key) const {
  if (key.empty()) return path_;
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void JsonReader::fail_at(std::string_view key, std::string_view what) {
  if (!root_->error_) root_->error_ = path_of(key) + " " + std::string(what);
}

void JsonReader::read(std::string_view key, std::string& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  if (!value->is_string()) return fail_at(key, "must be a string");
  into = value->get_ref<const std::string&>();
}

void JsonReader::read(std::string_view key, bool& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  if (!value->is_boolean()) return fail_at(key, "must be true or false");
  into = value->get<bool>();
}

void JsonReader::read(std::string_view key, std::int64_t& into) {
  std::optional<std::int64_t> value;
  read(key, value);
  if (value) into = *value;
}

void JsonReader::read(std::string_view key, std::optional<std::int64_t>& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  if (!value->is_number_integer() || (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX)) {
    return fail_at(key, "must be a whole number");
  }
  into = value->get<std::int64_t>();
}

void JsonReader::read(std::string_view key, std::map<std::string, std::string>& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  if (!value->is_object()) return fail_at(key, "must be an object");
  for (const auto& [name, text] : value->items()) {
    if (!text.is_string()) return fail_at(key, "has a value that is not a string: " + name + " (quote it)");
    into[name] = text.get_ref<const std::string&>();
  }
}

void JsonReader::read_raw(std::string_view key, nlohmann::json& into) {
  const auto* value = find(key);
  if (value == nullptr) return;
  if (value->type() != into.type()) return fail_at(key, into.is_array() ? "must be a list" : "must be an object");
  into = *value;
}

Status JsonReader::status() const {
  if (root_->error_) return fail(ErrorKind::kInvalid, *root_->error_);
  return {};
}

}  // namespace rmq::operator_
