// How far each group has consumed (consumerOffset.json), and the offsets that an administrator reset.
// Source of names, file and rules: org.apache.rocketmq.broker.offset.ConsumerOffsetManager of 5.5.0.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "broker/config/broker_config.h"
#include "broker/offset/offset_table.h"
#include "broker/state/checkpointer.h"
#include "broker/state/journaled_table.h"
#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/protocol/body/message_queue.h"

namespace rmq::broker {

// A committed offset made to fit the queue it belongs to: one past the end becomes the end, one before the beginning
// the beginning; never 0 just because it does not fit (apache/rocketmq issues 4215, 4771, 7790).
std::int64_t clamp_offset(std::int64_t offset, std::int64_t queue_min, std::int64_t queue_max);

// Durability as the original's: a commit is on the disk within flushConsumerOffsetInterval and after an orderly stop.
// With a journal the master's commits are on the replicas within the journal's interval, and changes on other replicas
// are ignored. Thread-safe.
class ConsumerOffsets final : public JournaledTable {
 public:
  ConsumerOffsets(const BrokerConfig& config, Checkpointer& checkpointer, const Clock& clock);

  // Reads consumerOffset.json or its .bak; none is an empty table. Before any other call.
  Status load();

  // Negative offsets are ignored.
  void commit(std::string_view group, std::string_view topic, std::int32_t queue, std::int64_t offset);
  // The committed offset; an offset that was reset and not yet fetched comes first (useServerSideResetOffset).
  std::optional<std::int64_t> query(std::string_view group, std::string_view topic, std::int32_t queue) const;
  QueueOffsets queues(std::string_view group, std::string_view topic) const { return committed_.queues(topic, group); }

  // Where the group's last pull stood; query() if it never pulled. In memory only.
  void commit_pull(std::string_view group, std::string_view topic, std::int32_t queue, std::int64_t offset);
  std::optional<std::int64_t> query_pull(std::string_view group, std::string_view topic, std::int32_t queue) const;

  // Resets: the next pull of the queue is moved to `offset`. Commits until then are to be refused.
  void assign_reset(std::string_view group, std::string_view topic, std::int32_t queue, std::int64_t offset);
  bool has_reset(std::string_view group, std::string_view topic, std::int32_t queue) const;
  std::optional<std::int64_t> take_reset(std::string_view group, std::string_view topic, std::int32_t queue);

  std::set<std::string> topics_of(std::string_view group) const;
  std::set<std::string> groups_of(std::string_view topic) const;
  void remove_group(std::string_view group);
  void remove_topic(std::string_view topic);
  void clone(std::string_view from_group, std::string_view to_group, std::string_view topic);
  void for_each(const std::function<void(std::string_view, std::string_view, const QueueOffsets&)>& visit) const {
    committed_.for_each(visit);
  }

  // {"dataVersion":...,"groupTopicMap":{group:[topics]},"offsetTable":{"topic@group":{queue:offset}},"pullOffsetTable":{}}:
  // the answer of code 43 and, spread over lines, the file.
  std::string encode() const;
  protocol::DataVersion data_version() const;

  // --- Replicas: as TopicManager's; a Java master's answer to 43, whose entries are put over what is there.
  JournaledTable& journaled() { return *this; }
  void attach(JournalWriter* journal) override;
  Status import_from_java(protocol::ConsumerOffsetTable offsets);

  // --- JournaledTable (consumer_offsets_journal.cc)
  std::string_view name() const override { return "offsets"; }
  std::optional<std::int64_t> position() const override;
  void mark(std::int64_t position) override;
  std::string encode_all() const override;
  Status apply(std::string_view payload, std::int64_t position) override;
  Status replace(std::string_view payload, std::int64_t position) override;
  bool goes_ahead() const override { return true; }
  std::string take_changes() override;
  void return_changes(std::string_view payload) override;

 private:
  Status decode(std::string_view text);
  bool refused() const {
    const auto* journal = journal_.load(std::memory_order_relaxed);
    return journal != nullptr && !journal->accepts();
  }
  // `soon`: an administrator's doing, which shouldn't wait for the journal's interval.
  void changed(bool soon = false);
  void changed_by_journal();
  void append_resets(std::string& json) const;
  std::string encode_file();

  const BrokerConfig& config_;
  Checkpointer& checkpointer_;
  const Clock& clock_;
  Checkpointer::FileId file_;
  OffsetTable committed_;
  OffsetTable pulled_;
  OffsetTable reset_;
  std::atomic<bool> any_reset_{false};
  std::atomic<bool> dirty_{false};
  std::atomic<std::int64_t> commits_{0};
  std::atomic<JournalWriter*> journal_{nullptr};
  std::atomic<bool> ahead_{false};  // of the journal, which was told
  mutable std::mutex mutex_;        // version_, foreign_members_, position_
  std::optional<std::int64_t> position_ = kJournalStale;
  protocol::DataVersion version_;
  std::string foreign_members_;  // members of the file that are not ours: `,"name":value` each, kept as they were
};

}  // namespace rmq::broker
