// How far each delay level has been delivered (delayOffset.json).
// Source: org.apache.rocketmq.broker.schedule.ScheduleMessageService, DelayOffsetSerializeWrapper of 5.5.0.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "broker/config/broker_config.h"
#include "broker/state/checkpointer.h"
#include "broker/state/journaled_table.h"
#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/protocol/body/message_queue.h"

namespace rmq::broker {

// Thread-safe. On the disk within flushDelayOffsetInterval and after an orderly stop; a crash repeats deliveries since.
// With a journal the master's are on the replicas within the journal's interval; a failover repeats deliveries since.
class DelayOffsets final : public JournaledTable {
 public:
  DelayOffsets(const BrokerConfig& config, Checkpointer& checkpointer, const Clock& clock);
  Status load();

  std::int64_t get(std::int32_t level) const;  // 0 if the level never delivered
  void set(std::int32_t level, std::int64_t offset);
  std::map<std::int32_t, std::int64_t> all() const;

  // {"dataVersion":...,"offsetTable":{level:offset}}: the answer of code 45.
  std::string encode() const;

  // --- Replicas: as TopicManager's; a Java master's answer to 45.
  JournaledTable& journaled() { return *this; }
  void attach(JournalWriter* journal) override { journal_ = journal; }
  Status import_from_java(protocol::DelayOffsetTable offsets);

  // --- JournaledTable. Payloads are what encode() gives, always all levels.
  std::string_view name() const override { return "delayOffsets"; }
  std::optional<std::int64_t> position() const override;
  void mark(std::int64_t position) override;
  std::string encode_all() const override { return encode(); }
  Status apply(std::string_view payload, std::int64_t position) override;
  Status replace(std::string_view payload, std::int64_t position) override;
  bool goes_ahead() const override { return true; }
  std::string take_changes() override { return ahead_.exchange(false) ? encode() : std::string(); }
  void return_changes(std::string_view payload) override;

 private:
  std::string encode_file();
  Status take_over(std::string_view payload, std::int64_t position, bool always_positioned);

  const BrokerConfig& config_;
  Checkpointer& checkpointer_;
  const Clock& clock_;
  Checkpointer::FileId file_;
  std::atomic<bool> dirty_{false};
  std::atomic<JournalWriter*> journal_{nullptr};
  std::atomic<bool> ahead_{false};  // of the journal, which was told
  mutable std::mutex mutex_;
  std::map<std::int32_t, std::int64_t> offsets_;
  std::int64_t changes_ = 0;
  protocol::DataVersion version_;
  std::optional<std::int64_t> position_ = kJournalStale;
};

}  // namespace rmq::broker
