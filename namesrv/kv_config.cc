#include "namesrv/kv_config.h"

#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "common/base/file.h"
#include "common/base/json.h"

namespace rmq::namesrv {
namespace {

void append_strings(std::string& out, const std::map<std::string, std::string, std::less<>>& strings) {
  out += '{';
  for (bool first = true; const auto& [key, value] : strings) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, key);
    out += ':';
    append_json_string(out, value);
  }
  out += '}';
}

}  // namespace

Status KvConfig::load() {
  auto text = read_file_or_backup(path_);
  if (!text && text.error().kind == ErrorKind::kNotFound) return {};
  if (!text) return fail(text.error());
  auto document = parse_fastjson(*text);
  if (!document) return fail(document.error().with(path_));
  Table table;
  if (document->is_object()) {
    const auto tables = document->value("configTable", nlohmann::json::object());
    for (const auto& [name_space, keys] : tables.items()) {
      auto& known = table[name_space];
      if (!keys.is_object()) return fail(ErrorKind::kCorrupt, path_ + ": namespace " + name_space + " is no object");
      for (const auto& [key, value] : keys.items()) {
        if (!value.is_string()) return fail(ErrorKind::kCorrupt, path_ + ": value of " + key + " is no text");
        known[key] = value.get<std::string>();
      }
    }
  }
  std::unique_lock lock(mutex_);
  table_ = std::move(table);
  return {};
}

Status KvConfig::store(Table changed) {
  std::string text = "{\"configTable\":{";
  for (bool first = true; const auto& [name_space, keys] : changed) {
    if (!first) text += ',';
    first = false;
    append_json_string(text, name_space);
    text += ':';
    append_strings(text, keys);
  }
  text += "}}";
  if (text.size() > kMaxTotalBytes) return fail(ErrorKind::kFull, "too much key-value configuration");
  if (auto folder = std::filesystem::path(path_).parent_path().string(); !folder.empty()) {
    RMQ_CHECK_OK(make_directories(folder));
  }
  RMQ_CHECK_OK(replace_file(path_, text));
  std::unique_lock lock(mutex_);
  table_ = std::move(changed);
  return {};
}

Status KvConfig::put(std::string_view name_space, std::string_view key, std::string_view value) {
  std::lock_guard writing(write_mutex_);
  auto changed = table_;  // only writers change it, and they hold write_mutex_
  changed[std::string(name_space)][std::string(key)] = value;
  return store(std::move(changed));
}

Status KvConfig::erase(std::string_view name_space, std::string_view key) {
  std::lock_guard writing(write_mutex_);
  auto changed = table_;
  auto keys = changed.find(name_space);
  if (keys == changed.end()) return {};
  auto it = keys->second.find(key);
  if (it == keys->second.end()) return {};
  keys->second.erase(it);
  return store(std::move(changed));
}

std::optional<std::string> KvConfig::get(std::string_view name_space, std::string_view key) const {
  std::shared_lock lock(mutex_);
  auto keys = table_.find(name_space);
  if (keys == table_.end()) return std::nullopt;
  auto it = keys->second.find(key);
  return it == keys->second.end() ? std::nullopt : std::optional(it->second);
}

std::optional<std::string> KvConfig::list(std::string_view name_space) const {
  std::shared_lock lock(mutex_);
  auto keys = table_.find(name_space);
  if (keys == table_.end()) return std::nullopt;
  std::string out = "{\"table\":";
  append_strings(out, keys->second);
  out += '}';
  return out;
}

std::size_t KvConfig::keys() const {
  std::shared_lock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [name_space, keys] : table_) count += keys.size();
  return count;
}

}  // namespace rmq::namesrv
