#include "broker/store/topic_queue.h"

#include <mutex>

#include "common/protocol/java_string.h"

namespace rmq::store {

TopicQueue* TopicQueueTable::Entry::find(std::int32_t id) const {
  if (id >= 0 && id < kDirect) {
    const auto at = static_cast<std::size_t>(id);
    return at < direct.size() ? direct[at].get() : nullptr;
  }
  auto found = others.find(id);
  return found == others.end() ? nullptr : found->second.get();
}

TopicQueue* TopicQueueTable::find(std::string_view topic, std::int32_t id) const {
  std::shared_lock lock(mutex_);
  auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : found->second->find(id);
}

TopicQueue& TopicQueueTable::find_or_create(std::string_view topic, std::int32_t id) {
  if (auto* queue = find(topic, id)) return *queue;
  std::unique_lock lock(mutex_);
  auto found = topics_.find(topic);
  if (found == topics_.end()) {
    auto entry = std::make_unique<Entry>();
    entry->topic.name = topic;
    entry->topic.index_hash = protocol::java_hash("#", protocol::java_hash(topic));
    found = topics_.emplace(std::string(topic), std::move(entry)).first;
  }
  auto& entry = *found->second;
  if (auto* queue = entry.find(id)) return *queue;
  auto queue = std::make_unique<TopicQueue>(entry.topic, id);
  auto& created = *queue;
  if (id >= 0 && id < kDirect) {
    const auto at = static_cast<std::size_t>(id);
    if (entry.direct.size() <= at) entry.direct.resize(at + 1);
    entry.direct[at] = std::move(queue);
  } else {
    entry.others.emplace(id, std::move(queue));
  }
  return created;
}

std::vector<TopicQueue*> TopicQueueTable::all() const {
  std::vector<TopicQueue*> queues;
  std::shared_lock lock(mutex_);
  for (const auto& [name, entry] : topics_) {
    for (const auto& queue : entry->direct) {
      if (queue) queues.push_back(queue.get());
    }
    for (const auto& [id, queue] : entry->others) queues.push_back(queue.get());
  }
  return queues;
}

std::vector<TopicQueue*> TopicQueueTable::of_topic(std::string_view topic) const {
  std::vector<TopicQueue*> queues;
  std::shared_lock lock(mutex_);
  auto found = topics_.find(topic);
  if (found == topics_.end()) return queues;
  for (const auto& queue : found->second->direct) {
    if (queue) queues.push_back(queue.get());
  }
  for (const auto& [id, queue] : found->second->others) queues.push_back(queue.get());
  return queues;
}

std::size_t TopicQueueTable::size() const {
  std::size_t count = 0;
  std::shared_lock lock(mutex_);
  for (const auto& [name, entry] : topics_) {
    for (const auto& queue : entry->direct) count += queue ? 1 : 0;
    count += entry->others.size();
  }
  return count;
}

}  // namespace rmq::store
