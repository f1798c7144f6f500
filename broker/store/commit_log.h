// The commit log: all messages of all topics, one after the other, in files of fixed length.
//
// Appending is flat combining: append() pushes the batch onto a list; whoever finds nobody writing becomes the writer,
// drains the list, gives out queue and physical offsets, and writes many batches with one system call. Everybody else
// returns at once. So a lone sender pays no thread switch, and a crowd shares its system calls.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "broker/store/ack_gate.h"
#include "broker/store/append_batch.h"
#include "broker/store/file_ops.h"
#include "broker/store/segment.h"
#include "broker/store/store_options.h"
#include "broker/store/store_stats.h"
#include "common/base/clock.h"

namespace rmq::store {

enum class WriteState : std::uint8_t {
  kOpen,
  kNoSpace,   // a write or preallocation found the disk full; resumes by itself
  kDiskFull,  // above disk_full_percent; resumes by itself
  kBroken,    // the disk failed to sync: what it holds is unknown; only a restart helps
  kReplica,   // only append_replica() writes; producers are told that this isn't the master
  kClosed,    // starting or shutting down
};
std::string_view to_string(WriteState state);

// Hears that the log has grown. Called by the writer after each write, while nobody else can write: must be quick,
// block on nothing and not throw; it looks at max_offset() for itself.
class LogEndListener {
 public:
  virtual ~LogEndListener() = default;
  virtual void on_log_end() noexcept = 0;
};

// A piece of one file, for sendfile and the like; valid as long as `owner` is held.
struct LogSlice {
  int fd = -1;
  std::uint64_t file_offset = 0;
  std::uint64_t size = 0;  // 0: nothing there
  SegmentPtr owner;
};

class CommitLog {
 public:
  CommitLog(const StoreOptions& options, std::string directory, FileOps& ops, const Clock& clock, StoreStats& stats);
  ~CommitLog();

  // --- Start. Single-threaded.
  // Opens the files; nothing is read. kCorrupt: a file of another length or a gap between files.
  Status load();
  // Declares the log to end at `end`: what stands behind it in its file becomes zero when `wipe`, later files are
  // deleted. With no file yet, the first one starts at `end` rounded up to a file.
  Status set_end(std::uint64_t end, bool wipe);

  // --- Appending. Thread-safe.
  // Takes the batch and returns kOk; its listener hears the result, perhaps before this returns. Any other status: the
  // batch stays with the caller and nothing was stored.
  AppendStatus append(std::unique_ptr<AppendBatch>& batch);
  void set_write_state(WriteState state) { state_.store(state, std::memory_order_release); }
  // Only from `from`, so that one reason to stop doesn't undo another.
  bool change_write_state(WriteState from, WriteState to) { return state_.compare_exchange_strong(from, to); }
  WriteState write_state() const { return state_.load(std::memory_order_acquire); }
  // How long the current writer has been busy; the original answers "page cache busy" above a second. 0 if idle.
  std::int64_t writing_for_ms() const;
  // Called by the writer after each write, before the batches' listeners; the woken thread calls assist() in turn,
  // which writes what a writer that has served others long enough left behind. Set before the first append.
  std::function<void()> on_written;
  void assist();
  // For replication; any time, any thread except a listener's call. At most kMaxEndListeners. After removal no call is
  // under way. Costs nothing as long as there are none.
  static constexpr std::size_t kMaxEndListeners = 4;
  bool add_end_listener(LogEndListener* listener);
  void remove_end_listener(LogEndListener* listener);
  // Too few in-sync replicas: batches that wait for replicas are refused with kFewReplicas, as the original does with
  // minInSyncReplicas (its answer is SYSTEM_ERROR, "in-sync replicas not enough").
  void set_enough_replicas(bool enough) { few_replicas_.store(!enough, std::memory_order_relaxed); }
  bool idle() const { return !writing_.load(std::memory_order_acquire) && !has_waiting(); }
  bool has_waiting() const { return list_.load(std::memory_order_acquire) != nullptr; }

  // --- Replicas: the other writer, ReplicaWriter, which has checked what it brings. kConflict: not in state kReplica.
  // Whole records that fit into the current file, or begin the next one. All or nothing; kFull, or kIo: kBroken.
  Status write_replica(std::string_view records);
  Status write_replica_blank();  // to the end of the current file
  // Cuts the log at `end`, within it; the cut is on the disk when this returns. After an error, again.
  Status cut(std::uint64_t end);
  // Deletes everything; the log goes on at `start`, with fillers (see replica_writer.h) if that is within a file. After
  // an error, again.
  Status clear(std::uint64_t start);
  // As long as this holds, where the log begins is still open. A replica's thread only.
  bool empty() const;
  // Of an empty log: moves its end to where a file starts, as masters need it.
  Status round_up_empty();
  // From producers to the master's bytes, unless the state is kBroken or kClosed. When it returns, no producer's batch
  // is being written, and what was waiting is refused.
  void close_for_producers();

  // --- Reading. Thread-safe.
  std::uint64_t min_offset() const;                                                  // start of the oldest file
  std::uint64_t max_offset() const { return max_.load(std::memory_order_acquire); }  // with the kernel
  std::uint64_t flushed_offset() const { return flushed_.load(std::memory_order_acquire); }
  SegmentPtr segment_at(std::uint64_t offset) const;
  Segments segments() const;
  // `size` bytes at `offset`, all within one file and written; empty otherwise.
  LogView read(std::uint64_t offset, std::size_t size) const;
  // What is written from `offset` to the end of its file or to `limit`.
  LogView read_to_limit(std::uint64_t offset, std::uint64_t limit) const;
  // The same, to be sent from the file. Empty below min_offset() and at max_offset().
  LogSlice slice(std::uint64_t offset, std::uint64_t limit) const;
  // The record that starts at `offset`; empty if none does.
  LogView read_record(std::uint64_t offset) const;
  std::int64_t store_timestamp_at(std::uint64_t offset) const;  // -1 if no record is there
  std::uint64_t next_file_start(std::uint64_t offset) const { return (offset / file_bytes_ + 1) * file_bytes_; }

  // --- Upkeep. Thread-safe.
  // Brings everything that is with the kernel to the disk and raises the gate's watermark. On an error the log is
  // kBroken from then on: after a failed sync nobody knows what the disk holds.
  Status flush();
  AckGate& gate() { return gate_; }
  // Makes the next file when the current one is half full. kFull: no space, and writing stops once the file is full.
  Status prepare_next();
  // Whether there is space again after kNoSpace; if so, writing goes on.
  bool try_resume();
  // Deletes the oldest file; never the one being written. False if there's only that.
  Result<bool> delete_oldest();
  void close();  // no more writes

  const std::string& directory() const { return directory_; }
  std::uint64_t file_bytes() const { return file_bytes_; }

 private:
  struct Piece {  // of a batch: assigned, not yet written
    AppendBatch* batch;
    std::size_t first, last;  // records [first, last)
  };

  bool become_writer();
  void write_loop();
  void enter_writer();
  void leave_writer();
  void tell_written();
  void tell_listeners();
  void write_list(AppendBatch* list);
  AppendStatus place(AppendBatch& batch);
  AppendStatus write_out();
  AppendStatus roll();
  void roll_back();
  void complete(std::unique_ptr<AppendBatch> batch);
  void stop_writing(const Error& error);
  bool has_room();
  std::optional<std::uint64_t> wanted_next() const;
  Status cut_turn(std::uint64_t end);
  Status clear_turn(std::uint64_t start);
  Status remove_segments(std::uint64_t from);
  Status remove_next();
  Status wipe_behind(std::uint64_t end);
  void set_ends(std::uint64_t end, std::uint64_t flushed);
  Status replica_turn(std::string_view records);
  Status replica_file(std::string_view records);
  Status write_fillers(std::int64_t store_timestamp);
  Result<std::shared_ptr<Segment>> create_segment(std::uint64_t start);
  Result<std::shared_ptr<Segment>> take_next(std::uint64_t start);  // and makes it readable

  const StoreOptions& options_;
  const std::string directory_;
  const std::uint64_t file_bytes_;
  FileOps& ops_;
  const Clock& clock_;
  StoreStats& stats_;
  AckGate gate_;

  std::atomic<AppendBatch*> list_{nullptr};  // newest first
  std::atomic<std::uint64_t> waiting_bytes_{0};
  std::atomic<bool> writing_{false};
  std::atomic<std::int64_t> writing_since_{0};
  std::atomic<WriteState> state_{WriteState::kClosed};
  std::atomic<bool> few_replicas_{false};
  std::atomic<bool> end_listeners_used_{false};
  std::atomic<std::uint64_t> end_calls_{0};
  std::array<std::atomic<LogEndListener*>, kMaxEndListeners> end_listeners_{};
  std::mutex end_listeners_mutex_;  // for changes
  std::atomic<std::uint64_t> max_{0};
  std::atomic<std::uint64_t> flushed_{0};

  // The writer's own.
  std::shared_ptr<Segment> current_;
  std::uint64_t end_ = 0;                   // where the next record goes
  std::uint64_t written_ = 0;               // end_ without what is in parts_
  std::atomic<bool> begins_inside_{false};  // the log begins at end_, inside a file: its first write needs fillers
  std::int64_t last_timestamp_ = 0;
  std::vector<iovec> parts_;
  std::uint64_t parts_bytes_ = 0;
  std::vector<Piece> pieces_;
  std::vector<std::unique_ptr<AppendBatch>> placed_;  // completely in parts_ or already written
  char blank_[protocol::kBlankBytes] = {};

  std::mutex flush_mutex_;
  mutable std::mutex segments_mutex_;
  Segments segments_;
  std::mutex next_mutex_;  // held while a file is made, so that nobody makes it twice
  std::shared_ptr<Segment> next_;
};

}  // namespace rmq::store
