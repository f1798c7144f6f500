#include "broker/store/message_store.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/log.h"

namespace rmq::store {
namespace {

constexpr std::int64_t kTickUs = 200'000;
constexpr std::int64_t kPage = 4096;
constexpr std::int64_t kIndexGraceMs = 10LL * 365 * 24 * 3600 * 1000;

void name_thread(const char* name) {
  ::pthread_setname_np(::pthread_self(), name);
}

}  // namespace

MessageStore::MessageStore(StoreOptions options, const Clock& clock, FileOps& ops, StoreLock lock)
    : options_(std::move(options)),
      clock_(clock),
      ops_(ops),
      paths_{options_.root, options_.commit_log.empty() ? options_.root + "/commitlog" : options_.commit_log},
      lock_(std::move(lock)),
      log_(options_, paths_.commit_log, ops, clock, stats_),
      queues_(options_, paths_.consume_queue(), ops, table_),
      index_(options_, paths_.index(), ops, clock),
      dispatcher_(options_, log_, table_, queues_, index_, stats_),
      replica_writer_(options_, log_, table_) {
  memory_bytes_ = options_.memory_bytes;
  if (memory_bytes_ == 0) {
    memory_bytes_ =
        static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
}

Result<std::unique_ptr<MessageStore>> MessageStore::open(StoreOptions options, const Clock& clock, FileOps& ops) {
  if (options.commit_log_file_bytes < 4096 || options.index_slots <= 0 || options.index_entries <= 1 ||
      options.consume_queue_file_bytes < 20) {
    return fail(ErrorKind::kInvalid, "store file sizes are too small");
  }
  StorePaths paths{options.root, options.commit_log};
  RMQ_CHECK_OK(make_directories(paths.root));
  RMQ_CHECK_OK(refuse_foreign_store(paths));
  RMQ_TRY(auto lock, StoreLock::acquire(paths.lock()));
  std::unique_ptr<MessageStore> store(new MessageStore(std::move(options), clock, ops, std::move(lock)));
  if (auto status = store->start(); !status) {
    store->closed_ = true;  // leaves the files as they are
    return fail(std::move(status).error().with("open the store in " + paths.root));
  }
  return store;
}

Status MessageStore::start() {
  const auto begin = clock_.monotonic_ms();
  struct stat info;
  crashed_ = ::stat(paths_.abort().c_str(), &info) == 0;
  RMQ_TRY(checkpoint_, read_checkpoint(paths_.checkpoint()));
  RMQ_CHECK_OK(create_abort_file(paths_.abort()));
  Recovery recovery(options_, log_, table_, queues_, index_);
  RMQ_TRY(recovered_, recovery.run(crashed_, checkpoint_));
  dispatcher_.start_at(recovered_.dispatch_from);
  dispatcher_.limit = [this] { return read_limit(); };
  if (options_.dispatch_to_confirm_only) {
    confirm_.store(
        std::clamp(static_cast<std::uint64_t>(std::max<std::int64_t>(0, checkpoint_.confirm_physical_offset)),
                   log_.min_offset(), log_.max_offset()));
  }
  while (true) {
    auto progressed = dispatcher_.run_round();
    if (!progressed && progressed.error().kind != ErrorKind::kFull) return fail(std::move(progressed).error());
    if (!progressed || !*progressed) break;  // on a full disk the dispatcher's thread goes on later
  }
  log::info("store opened", {{"root", paths_.root},
                             {"crashed", crashed_},
                             {"min", log_.min_offset()},
                             {"max", log_.max_offset()},
                             {"queues", table_.size()},
                             {"checked", recovered_.records_checked},
                             {"cut", recovered_.bytes_cut},
                             {"ms", clock_.monotonic_ms() - begin}});
  if (crashed_) {
    if (auto status = checkpoint(); !status && status.error().kind != ErrorKind::kFull) return status;
  }
  const auto state = options_.start_as_replica ? WriteState::kReplica : WriteState::kOpen;
  if (options_.start_as_replica) {
    replica_.store(true);
    log_.gate().end_term();
    log_.set_write_state(state);
  }
  replica_writer_.forget_partial();
  // The first message shouldn't wait for it. Without space, writing finds out.
  if (auto status = log_.prepare_next(); !status) {
    log::warn("the next file of the commit log can't be made", {{"error", status.error()}});
  }
  log_.set_write_state(state);
  clean();
  if (options_.start_threads) start_threads();
  return {};
}

void MessageStore::start_threads() {
  log_.on_written = [this] { on_written(); };
  flusher_ = std::thread([this] {
    name_thread("store-flush");
    run_flusher();
  });
  dispatch_thread_ = std::thread([this] {
    name_thread("store-dispatch");
    dispatcher_.run();
  });
  upkeep_ = std::thread([this] {
    name_thread("store-upkeep");
    run_upkeep();
  });
  checkpointer_ = std::thread([this] {
    name_thread("store-check");
    run_checkpoints();
  });
}

MessageStore::~MessageStore() {
  if (auto status = close(); !status) log::error("store not closed cleanly", {{"error", status.error()}});
}

Status MessageStore::close() {
  bool broken = false;
  {
    std::lock_guard lock(replica_mutex_);
    if (closed_) return {};
    closed_ = true;
    broken = write_state() == WriteState::kBroken;
    log_.close();
  }
  // Writers finish what is in their list; nobody else comes in.
  while (!log_.idle()) {
    log_.assist();
    std::this_thread::yield();
  }
  stopping_.store(true);
  dispatcher_.stop();
  for (auto* signal : {&flush_signal_, &upkeep_signal_, &checkpoint_signal_}) signal->notify();
  for (auto* thread : {&flusher_, &dispatch_thread_, &upkeep_, &checkpointer_}) {
    if (thread->joinable()) thread->join();
  }
  log_.on_written = nullptr;
  Status status = broken ? Status(fail(ErrorKind::kIo, "the disk failed")) : log_.flush();
  while (status) {
    const auto progressed = dispatcher_.run_round();
    if (!progressed) status = fail(progressed.error());
    if (!progressed || !*progressed) break;
  }
  dispatcher_.set_listener(nullptr);
  log_.gate().fail_all(AppendStatus::kClosed);
  RMQ_CHECK_OK(status);
  RMQ_CHECK_OK(checkpoint());
  if (unfinished_ != Unfinished::kNothing) return fail(ErrorKind::kIo, "a cut of the log has not come to its end");
  // Behind the confirm offset nothing is dispatched: the next start must look at the log.
  if (dispatcher_.position() >= log_.max_offset()) {
    if (::unlink(paths_.abort().c_str()) != 0) return fail_errno("delete " + paths_.abort(), errno);
    RMQ_CHECK_OK(sync_directory(paths_.root));
  }
  log::info("store closed", {{"root", paths_.root}, {"max", log_.max_offset()}});
  return {};
}

void MessageStore::on_written() {
  if (options_.flush_mode == FlushMode::kSync || flush_idle_.load(std::memory_order_acquire)) {
    flush_idle_.store(false, std::memory_order_release);
    flush_signal_.notify();
  }
  if (options_.flush_mode != FlushMode::kSync || log_.has_waiting()) dispatcher_.wake();
}

std::uint64_t MessageStore::read_limit() const {
  // What synchronous flushing promises holds for readers as well: nobody sees what a power cut could take back.
  const auto own = options_.flush_mode == FlushMode::kSync ? log_.flushed_offset() : log_.max_offset();
  return std::min(own, confirm_.load(std::memory_order_acquire));
}

void MessageStore::set_confirm_offset(std::uint64_t offset) {
  if (confirm_.exchange(offset) != offset) dispatcher_.wake();
}

Status MessageStore::flush() {
  auto status = log_.flush();
  // The flusher finds nothing left to do and tells nobody.
  if (options_.flush_mode == FlushMode::kSync) dispatcher_.wake();
  return status;
}

void MessageStore::run_flusher() {
  auto last_thorough = clock_.monotonic_ms();
  while (!stopping_.load(std::memory_order_acquire)) {
    if (options_.flush_mode == FlushMode::kSync) {
      if (log_.flushed_offset() < log_.max_offset()) {
        (void)log_.flush();  // it has told everybody itself
        dispatcher_.wake();
        if (write_state() != WriteState::kBroken) continue;
      }
      flush_signal_.wait();
      continue;
    }
    const auto behind = static_cast<std::int64_t>(log_.max_offset() - log_.flushed_offset());
    stats_.flush_behind_bytes.store(behind, std::memory_order_relaxed);
    if (behind == 0) {
      flush_idle_.store(true, std::memory_order_release);
      if (log_.max_offset() == log_.flushed_offset()) flush_signal_.wait();
      if (stopping_.load(std::memory_order_acquire)) break;
      flush_idle_.store(false, std::memory_order_release);
      last_thorough = clock_.monotonic_ms();
    }
    flush_signal_.wait(options_.flush_interval_ms * 1000);
    const auto now = clock_.monotonic_ms();
    const bool thorough = now - last_thorough >= options_.flush_thorough_ms;
    const auto pages = static_cast<std::int64_t>(log_.max_offset() - log_.flushed_offset()) / kPage;
    if (thorough || pages >= options_.flush_least_pages) {
      (void)log_.flush();
      last_thorough = now;
      if (write_state() == WriteState::kBroken) flush_signal_.wait();
    }
  }
}

void MessageStore::run_upkeep() {
  auto next_clean = clock_.monotonic_ms() + options_.clean_interval_ms;
  while (!stopping_.load(std::memory_order_acquire)) {
    upkeep_signal_.wait(kTickUs);
    const auto now = clock_.monotonic_ms();
    const auto expired = log_.gate().expire(now);
    if (expired > 0) {
      stats_.flush_timeouts.fetch_add(static_cast<std::int64_t>(expired), std::memory_order_relaxed);
      log::warn("appends not acknowledged in time", {{"batches", expired}});
    }
    if (const auto state = write_state(); state == WriteState::kOpen || state == WriteState::kReplica) {
      if (auto status = log_.prepare_next(); !status) {
        log::warn("the next file of the commit log can't be made", {{"error", status.error()}});
      }
    }
    log_.try_resume();
    if (now >= next_clean) {
      next_clean = now + options_.clean_interval_ms;
      clean();
    }
  }
}

void MessageStore::run_checkpoints() {
  std::uint64_t last = dispatcher_.position();
  while (!stopping_.load(std::memory_order_acquire)) {
    checkpoint_signal_.wait(options_.checkpoint_interval_ms * 1000);
    if (stopping_.load(std::memory_order_acquire)) break;
    const auto position = dispatcher_.position();
    if (position == last) continue;
    if (auto status = checkpoint(); !status) {
      log::warn("checkpoint failed", {{"error", status.error()}});
    } else {
      last = position;
    }
  }
}

Status MessageStore::checkpoint() {
  std::lock_guard lock(checkpoint_mutex_);
  return checkpoint_locked();
}

Status MessageStore::checkpoint_locked() {
  const auto progress = dispatcher_.progress();
  // The order is what makes it true: first the log, then what points into it, then the claim.
  RMQ_CHECK_OK(log_.flush());
  RMQ_CHECK_OK(queues_.sync());
  RMQ_CHECK_OK(index_.sync());
  if (progress.last_timestamp > 0) {
    checkpoint_.physic_msg_timestamp = progress.last_timestamp;
    checkpoint_.logics_msg_timestamp = progress.last_timestamp;
    checkpoint_.logics_physical_offset = progress.last_physical;
  }
  // After a crash the original deletes index files that are newer than this and builds only the newest part again. What
  // comes until the next checkpoint is as good as on the disk for it: the query compares keys with the messages.
  checkpoint_.index_msg_timestamp = clock_.wall_ms() + kIndexGraceMs;
  checkpoint_.confirm_physical_offset = static_cast<std::int64_t>(std::min(read_limit(), log_.max_offset()));
  return write_checkpoint(paths_.checkpoint(), checkpoint_, ops_);
}

void MessageStore::remove_topic(std::string_view topic) {
  auto queues = table_.of_topic(topic);
  auto task = [this, queues = std::move(queues)] {
    for (auto* queue : queues) {
      if (auto status = queues_.remove(*queue); !status) {
        log::warn("consume queue not deleted", {{"topic", queue->topic()}, {"error", status.error()}});
      }
    }
  };
  dispatcher_.post(std::move(task));
}

}  // namespace rmq::store
