#include "broker/offset/consumer_offsets.h"

#include <nlohmann/json.hpp>

#include "broker/offset/offset_file.h"
#include "broker/state/journal_mark.h"
#include "broker/state/pretty_json.h"
#include "broker/state/state_file.h"
#include "common/base/json.h"

namespace rmq::broker {

namespace {

constexpr std::string_view kResetMember = "rmqResets";

}  // namespace

std::int64_t clamp_offset(std::int64_t offset, std::int64_t queue_min, std::int64_t queue_max) {
  if (offset > queue_max) return queue_max;
  return offset < queue_min ? queue_min : offset;
}

ConsumerOffsets::ConsumerOffsets(const BrokerConfig& config, Checkpointer& checkpointer, const Clock& clock)
    : config_(config),
      checkpointer_(checkpointer),
      clock_(clock),
      file_(checkpointer.add(config.config_path("consumerOffset.json"),
                             std::chrono::milliseconds(config.flush_consumer_offset_interval),
                             [this] { return encode_file(); })) {
  version_.timestamp = clock.wall_ms();
}

Status ConsumerOffsets::load() {
  return load_state_file(config_.config_path("consumerOffset.json"),
                         [this](std::string_view text) { return decode(text); });
}

Status ConsumerOffsets::decode(std::string_view text) {
  RMQ_TRY(auto json, parse_fastjson(text, {.max_depth = 16, .max_values = 64UL * 1024 * 1024}));
  if (!json.is_object()) return fail(ErrorKind::kCorrupt, "not an object");
  std::vector<std::pair<std::string, QueueOffsets>> entries;
  std::vector<std::pair<std::string, QueueOffsets>> resets;
  protocol::DataVersion version = version_;
  std::string foreign_members;
  for (const auto& [name, value] : json.items()) {
    if (name == "offsetTable" || name == kResetMember) {
      if (!value.is_object()) return fail(ErrorKind::kCorrupt, name + " is no object");
      for (const auto& [key, queues] : value.items()) {
        auto offsets = decode_queue_offsets(queues);
        if (!offsets) return fail(offsets.error().with(key));
        (name == kResetMember ? resets : entries).emplace_back(key, std::move(*offsets));
      }
    } else if (name == "dataVersion") {
      RMQ_TRY(version, protocol::parse_body<protocol::DataVersion>(value.dump()));
    } else if (name != "pullOffsetTable" && name != "groupTopicMap" &&
               name != kJournalMember) {  // written, never read, by the original
      append_json_string(foreign_members += ',', name);
      foreign_members += ':' + value.dump();
    }
  }
  for (auto& [key, offsets] : entries) committed_.put(std::move(key), std::move(offsets));
  for (auto& [key, offsets] : resets) reset_.put(std::move(key), std::move(offsets));
  any_reset_ = !reset_.empty();
  version_ = version;
  foreign_members_ = std::move(foreign_members);
  position_ = find_journal_mark(text);
  return {};
}

void ConsumerOffsets::changed(bool soon) {
  if (!dirty_.exchange(true)) checkpointer_.touch(file_);
  if (journal_ != nullptr && (!ahead_.exchange(true) || soon)) journal_.load()->touch(soon);
}

void ConsumerOffsets::commit(std::string_view group, std::string_view topic, std::int32_t queue, std::int64_t offset) {
  if (offset < 0 || refused()) return;
  if (!committed_.set(topic, group, queue, offset)) return;
  if ((commits_.fetch_add(1, std::memory_order_relaxed) + 1) % config_.consumer_offset_update_version_step == 0) {
    std::lock_guard lock(mutex_);
    version_.next(clock_.wall_ms());
  }
  changed();
}

std::optional<std::int64_t> ConsumerOffsets::query(std::string_view group, std::string_view topic,
                                                   std::int32_t queue) const {
  if (any_reset_.load(std::memory_order_relaxed) && config_.use_server_side_reset_offset) {
    if (auto reset = reset_.get(topic, group, queue)) return reset;
  }
  return committed_.get(topic, group, queue);
}

void ConsumerOffsets::commit_pull(std::string_view group, std::string_view topic, std::int32_t queue,
                                  std::int64_t offset) {
  pulled_.set(topic, group, queue, offset);
}

std::optional<std::int64_t> ConsumerOffsets::query_pull(std::string_view group, std::string_view topic,
                                                        std::int32_t queue) const {
  if (auto offset = pulled_.get(topic, group, queue)) return offset;
  return query(group, topic, queue);
}

void ConsumerOffsets::assign_reset(std::string_view group, std::string_view topic, std::int32_t queue,
                                   std::int64_t offset) {
  if (group.empty() || topic.empty() || queue < 0 || offset < 0 || refused()) return;
  reset_.set(topic, group, queue, offset);
  any_reset_ = true;
  committed_.set(topic, group, queue, offset);
  changed(true);
}

bool ConsumerOffsets::has_reset(std::string_view group, std::string_view topic, std::int32_t queue) const {
  return any_reset_.load(std::memory_order_relaxed) && reset_.get(topic, group, queue).has_value();
}

std::optional<std::int64_t> ConsumerOffsets::take_reset(std::string_view group, std::string_view topic,
                                                        std::int32_t queue) {
  if (!any_reset_.load(std::memory_order_relaxed) || refused()) return std::nullopt;
  auto offset = reset_.take(topic, group, queue);
  if (offset && journal_ != nullptr) changed();
  return offset;
}

std::set<std::string> ConsumerOffsets::topics_of(std::string_view group) const {
  std::set<std::string> topics;
  committed_.for_each([&](std::string_view topic, std::string_view owner, const QueueOffsets&) {
    if (owner == group) topics.emplace(topic);
  });
  return topics;
}

std::set<std::string> ConsumerOffsets::groups_of(std::string_view topic) const {
  std::set<std::string> groups;
  committed_.for_each([&](std::string_view subject, std::string_view group, const QueueOffsets&) {
    if (subject == topic) groups.emplace(group);
  });
  return groups;
}

void ConsumerOffsets::remove_group(std::string_view group) {
  if (refused()) return;
  auto of_group = [&](std::string_view, std::string_view owner) { return owner == group; };
  bool any = committed_.erase_if(of_group);
  any |= reset_.erase_if(of_group);
  pulled_.erase_if(of_group);
  if (any) changed(true);
}

void ConsumerOffsets::remove_topic(std::string_view topic) {
  if (refused()) return;
  auto of_topic = [&](std::string_view subject, std::string_view) { return subject == topic; };
  bool any = committed_.erase_if(of_topic);
  any |= reset_.erase_if(of_topic);
  pulled_.erase_if(of_topic);
  if (any) changed(true);
}

void ConsumerOffsets::clone(std::string_view from_group, std::string_view to_group, std::string_view topic) {
  QueueOffsets offsets = committed_.queues(topic, from_group);
  if (offsets.empty() || refused()) return;
  committed_.put(offset_key(topic, to_group), std::move(offsets));
  changed(true);
}

std::string ConsumerOffsets::encode() const {
  const auto table = committed_.all();
  std::map<std::string_view, std::set<std::string_view>> topics_by_group;
  for (const auto& [key, offsets] : table) {
    if (auto names = split_offset_key(key)) topics_by_group[names->second].insert(names->first);
  }
  std::string out = R"({"dataVersion":)";
  protocol::append_body(out, data_version());
  out += R"(,"groupTopicMap":{)";
  const char* separator = "";
  for (const auto& [group, topics] : topics_by_group) {
    append_json_string(out += separator, group);
    separator = ":[";
    for (std::string_view topic : topics) {
      append_json_string(out += separator, topic);
      separator = ",";
    }
    out += ']';
  }
  out += R"(},"offsetTable":{)";
  separator = "";
  for (const auto& [key, offsets] : table) {
    append_json_string(out += separator, key);
    separator = ",";
    out += ':';
    append_queue_offsets(out, offsets);
  }
  out += R"(},"pullOffsetTable":{}})";
  return out;
}

// The original forgets them when it stops. A replica must not: what it has is what the journal says.
void ConsumerOffsets::append_resets(std::string& json) const {
  const auto table = reset_.all();
  if (table.empty()) return;
  json.pop_back();
  append_json_string(json += ',', kResetMember);
  const char* separator = ":{";
  for (const auto& [key, offsets] : table) {
    append_json_string(json += separator, key);
    append_queue_offsets(json += ':', offsets);
    separator = ",";
  }
  json += "}}";
}

std::string ConsumerOffsets::encode_file() {
  dirty_ = false;  // before reading: a later commit asks for another write
  std::optional<std::int64_t> mark;
  if (journal_ != nullptr) mark = position();  // before the content, too: it must not run ahead of it
  std::string text = encode();
  text.pop_back();
  {
    std::lock_guard lock(mutex_);
    text += foreign_members_;
  }
  text += '}';
  if (journal_ != nullptr) append_resets(text);
  append_journal_mark(text, mark);
  return pretty_json(text);
}

protocol::DataVersion ConsumerOffsets::data_version() const {
  std::lock_guard lock(mutex_);
  return version_;
}

}  // namespace rmq::broker
