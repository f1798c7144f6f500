// Brings log, consume queues and index of a stopped or crashed store back into agreement.
//
// Clean stop: the end of the log is looked for from the last record that a consume queue knows.
// Crash: what the checkpoint calls safe is trusted; from there on every record of the log is checked, the first that is
// not whole ends the log, and consume queues and index are cut back to the checkpoint, to be filled again from the log.
// So the effort follows what was not yet checkpointed, and a crash during recovery only repeats it.
// Queue offsets go on behind every record that is in the log and every unit that is in a queue: none is given out
// twice.
#pragma once

#include <cstdint>

#include "broker/store/commit_log.h"
#include "broker/store/consume_queue.h"
#include "broker/store/index_store.h"
#include "broker/store/store_files.h"

namespace rmq::store {

class Recovery {
 public:
  struct Result {
    std::uint64_t end = 0;            // of the log
    std::uint64_t dispatch_from = 0;  // where the dispatcher has to start
    std::uint64_t records_checked = 0;
    std::uint64_t bytes_cut = 0;  // of a torn record; 0 if the log ended well
  };

  Recovery(const StoreOptions& options, CommitLog& log, TopicQueueTable& table, ConsumeQueues& queues,
           IndexStore& index)
      : options_(options), log_(log), table_(table), queues_(queues), index_(index) {}

  rmq::Result<Result> run(bool crashed, const Checkpoint& checkpoint);

 private:
  std::uint64_t choose_start(bool crashed, const Checkpoint& checkpoint);
  bool record_is_good(const Segments& segments, std::uint64_t offset, protocol::MessageRecord& record) const;
  void scan(std::uint64_t from, Result& result);

  const StoreOptions& options_;
  CommitLog& log_;
  TopicQueueTable& table_;
  ConsumeQueues& queues_;
  IndexStore& index_;
};

}  // namespace rmq::store
