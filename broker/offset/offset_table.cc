#include "broker/offset/offset_table.h"

namespace rmq::broker {
namespace {

// The key in this thread's buffer: a lookup allocates nothing.
std::string_view buffered_key(std::string_view topic, std::string_view group) {
  thread_local std::string buffer;
  buffer.assign(topic);
  buffer += '@';
  buffer += group;
  return buffer;
}

}  // namespace

std::string offset_key(std::string_view topic, std::string_view group) {
  return std::string(buffered_key(topic, group));
}

std::optional<std::pair<std::string_view, std::string_view>> split_offset_key(std::string_view key) {
  auto at = key.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == key.size()) return std::nullopt;
  if (key.find('@', at + 1) != std::string_view::npos) return std::nullopt;
  return std::pair(key.substr(0, at), key.substr(at + 1));
}

bool OffsetTable::set(std::string_view topic, std::string_view group, std::int32_t queue, std::int64_t offset) {
  std::string_view key = buffered_key(topic, group);
  Shard& shard = shard_of(*this, key);
  std::lock_guard lock(shard.mutex);
  auto found = shard.map.find(key);
  if (found == shard.map.end()) found = shard.map.emplace(std::string(key), QueueOffsets{}).first;
  auto [entry, added] = found->second.emplace(queue, offset);
  bool changed = added || entry->second != offset;
  entry->second = offset;
  if (changed) remember(shard, key);
  return changed;
}

std::optional<std::int64_t> OffsetTable::get(std::string_view topic, std::string_view group, std::int32_t queue) const {
  std::string_view key = buffered_key(topic, group);
  const Shard& shard = shard_of(*this, key);
  std::lock_guard lock(shard.mutex);
  auto found = shard.map.find(key);
  if (found == shard.map.end()) return std::nullopt;
  auto entry = found->second.find(queue);
  return entry == found->second.end() ? std::nullopt : std::optional(entry->second);
}

std::optional<std::int64_t> OffsetTable::take(std::string_view topic, std::string_view group, std::int32_t queue) {
  std::string_view key = buffered_key(topic, group);
  Shard& shard = shard_of(*this, key);
  std::lock_guard lock(shard.mutex);
  auto found = shard.map.find(key);
  if (found == shard.map.end()) return std::nullopt;
  auto entry = found->second.find(queue);
  if (entry == found->second.end()) return std::nullopt;
  std::int64_t offset = entry->second;
  found->second.erase(entry);
  if (found->second.empty()) shard.map.erase(found);
  remember(shard, key);
  return offset;
}

QueueOffsets OffsetTable::queues(std::string_view topic, std::string_view group) const {
  std::string_view key = buffered_key(topic, group);
  const Shard& shard = shard_of(*this, key);
  std::lock_guard lock(shard.mutex);
  auto found = shard.map.find(key);
  return found == shard.map.end() ? QueueOffsets{} : found->second;
}

void OffsetTable::put(std::string key, QueueOffsets offsets) {
  Shard& shard = shard_of(*this, key);
  std::lock_guard lock(shard.mutex);
  remember(shard, key);
  shard.map.insert_or_assign(std::move(key), std::move(offsets));
}

void OffsetTable::erase(std::string_view topic, std::string_view group) {
  std::string_view key = buffered_key(topic, group);
  Shard& shard = shard_of(*this, key);
  std::lock_guard lock(shard.mutex);
  if (auto found = shard.map.find(key); found != shard.map.end()) {
    remember(shard, key);
    shard.map.erase(found);
  }
}

bool OffsetTable::erase_if(const std::function<bool(std::string_view, std::string_view)>& wanted) {
  bool any = false;
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    any |= std::erase_if(shard.map, [&](const auto& entry) {
             auto names = split_offset_key(entry.first);
             if (!names || !wanted(names->first, names->second)) return false;
             remember(shard, entry.first);
             return true;
           }) > 0;
  }
  return any;
}

void OffsetTable::for_each(
    const std::function<void(std::string_view, std::string_view, const QueueOffsets&)>& visit) const {
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    for (const auto& [key, offsets] : shard.map) {
      if (auto names = split_offset_key(key)) visit(names->first, names->second, offsets);
    }
  }
}

std::map<std::string, QueueOffsets> OffsetTable::all() const {
  std::map<std::string, QueueOffsets> out;
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    out.insert(shard.map.begin(), shard.map.end());
  }
  return out;
}

bool OffsetTable::empty() const {
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    if (!shard.map.empty()) return false;
  }
  return true;
}

std::vector<std::string> OffsetTable::take_changed() {
  std::vector<std::string> keys;
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    while (!shard.changed.empty()) keys.push_back(std::move(shard.changed.extract(shard.changed.begin()).value()));
  }
  return keys;
}

void OffsetTable::mark_changed(std::string_view key) {
  Shard& shard = shard_of(*this, key);
  std::lock_guard lock(shard.mutex);
  remember(shard, key);
}

std::optional<QueueOffsets> OffsetTable::find(std::string_view key) const {
  const Shard& shard = shard_of(*this, key);
  std::lock_guard lock(shard.mutex);
  auto found = shard.map.find(key);
  return found == shard.map.end() ? std::nullopt : std::optional(found->second);
}

bool OffsetTable::apply(std::string_view key, QueueOffsets offsets) {
  Shard& shard = shard_of(*this, key);
  std::lock_guard lock(shard.mutex);
  auto found = shard.map.find(key);
  if (found == shard.map.end()) {
    shard.map.emplace(std::string(key), std::move(offsets));
    return true;
  }
  if (found->second == offsets) return false;
  found->second = std::move(offsets);
  return true;
}

bool OffsetTable::apply_removal(std::string_view key) {
  Shard& shard = shard_of(*this, key);
  std::lock_guard lock(shard.mutex);
  auto found = shard.map.find(key);
  if (found == shard.map.end()) return false;
  shard.map.erase(found);
  return true;
}

}  // namespace rmq::broker
