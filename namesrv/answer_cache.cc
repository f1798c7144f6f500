#include "namesrv/answer_cache.h"

#include <mutex>

namespace rmq::namesrv {

Answer AnswerCache::find(std::string_view topic, JsonForm form) const {
  auto& part = shard(topic);
  std::shared_lock lock(part.mutex);
  auto it = part.answers.find(topic);
  return it == part.answers.end() ? nullptr : it->second[static_cast<std::size_t>(form)];
}

void AnswerCache::empty(Shard& part) {
  part.answers.clear();
  bytes_.fetch_sub(part.bytes, std::memory_order_relaxed);
  part.bytes = 0;
}

void AnswerCache::put(std::string_view topic, JsonForm form, const Answer& answer) {
  auto& part = shard(topic);
  auto room = max_bytes_.load(std::memory_order_relaxed) / kShards;
  auto added = cost(topic, answer);
  if (added > room) return;
  std::unique_lock lock(part.mutex);
  if (part.bytes + added > room) empty(part);
  auto& slot = part.answers.try_emplace(std::string(topic)).first->second[static_cast<std::size_t>(form)];
  auto removed = cost(topic, slot);
  slot = answer;
  part.bytes += added - removed;
  bytes_.fetch_add(added - removed, std::memory_order_relaxed);
}

void AnswerCache::erase(std::string_view topic) {
  auto& part = shard(topic);
  std::unique_lock lock(part.mutex);
  auto it = part.answers.find(topic);
  if (it == part.answers.end()) return;
  std::size_t removed = 0;
  for (const auto& answer : it->second) removed += cost(topic, answer);
  part.answers.erase(it);
  part.bytes -= removed;
  bytes_.fetch_sub(removed, std::memory_order_relaxed);
}

void AnswerCache::clear() {
  for (auto& part : shards_) {
    std::unique_lock lock(part.mutex);
    empty(part);
  }
}

}  // namespace rmq::namesrv
