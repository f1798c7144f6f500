#include "broker/journal/journal_core.h"

#include <algorithm>
#include <future>
#include <random>

#include "broker/topic/names.h"
#include "common/base/log.h"

namespace rmq::broker {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaxWaiting = 10'000;
constexpr std::size_t kMaxWaitingBytes = 128UL << 20;
constexpr std::chrono::milliseconds kCatchUpLook{5};  // nothing tells of the confirm offset passing a file's end
constexpr std::chrono::milliseconds kStopLimit{2'000};

std::string new_writer(std::int32_t epoch, std::uint64_t mastership) {
  std::random_device random;
  return std::to_string(epoch) + "-" + std::to_string(random()) + "-" + std::to_string(mastership);
}

}  // namespace

StateJournal::Core::Core(store::MessageStore& store, Checkpointer& checkpointer, StateJournalOptions options)
    : options_(std::move(options)),
      queue_(store, options_.store_host, options_.part_bytes),
      applier_(queue_, checkpointer) {}

void StateJournal::Core::register_table(JournaledTable& table) {
  applier_.add(table);
  if (table.goes_ahead()) ahead_tables_.push_back(&table);
}

Status StateJournal::Core::start() {
  applier_.locate();
  applier_.follow({}, {});
  std::lock_guard lock(mutex_);
  if (started_) return fail(ErrorKind::kInternal, "the journal was started before");
  started_ = true;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "journal");
  return {};
}

void StateJournal::Core::stop() {
  {
    std::lock_guard lock(mutex_);
    if (!started_ || stopping_) return;
  }
  if (accepts()) {
    if (auto status = flush(kStopLimit); !status) {
      log::warn("the last offsets are not in the journal", {{"error", status.error()}});
    }
  }
  become_replica();
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StateJournal::Core::become_master(std::int32_t epoch, std::function<void()> ready) {
  become_replica();
  std::lock_guard lock(mutex_);
  role_ = Role::kCatchingUp;
  writer_ = new_writer(epoch, ++masterships_);
  last_number_ = 0;
  catch_up_to_ = queue_.log_max();
  wants_arrivals_ = true;
  ready_ = std::move(ready);
  first_snapshot_ = true;
  snapshot_flies_ = false;
  snapshot_not_before_ = {};
  ahead_flies_ = false;
  // Mostly that is so already: then no change is refused for nothing.
  accept_if_complete();
  poked_ = true;
  changed_.notify_all();
}

void StateJournal::Core::become_replica() {
  Finished finished;
  {
    std::lock_guard lock(mutex_);
    if (role_ == Role::kReplica) return;
    role_ = Role::kReplica;
    accepts_ = false;
    wants_arrivals_ = false;
    writer_.clear();
    ready_ = nullptr;
    finished = fail_all("this broker is no longer the master");
  }
  for (auto& [done, status] : finished) done(std::move(status));
}

StateJournal::Core::Finished StateJournal::Core::fail_all(const std::string& why) {
  Finished finished;
  const auto add = [&](Done& done) {
    if (done) finished.emplace_back(std::move(done), fail(ErrorKind::kUnavailable, why));
  };
  for (auto& [number, flying] : flying_) add(flying.done);
  for (auto& waiting : waiting_) add(waiting.done);
  for (auto& flush : flushes_) add(flush);
  flying_.clear();
  waiting_.clear();
  waiting_bytes_ = 0;
  flushes_.clear();
  hurry_ = false;
  return finished;
}

Status StateJournal::Core::propose(JournaledTable& table, std::string payload, Done done) {
  std::lock_guard lock(mutex_);
  if (role_ != Role::kMaster || stopping_) return fail(ErrorKind::kUnavailable, "this broker is not the master");
  if (waiting_.size() >= kMaxWaiting || waiting_bytes_ + payload.size() > kMaxWaitingBytes) {
    return fail(ErrorKind::kFull, "too many changes wait for the journal");
  }
  waiting_bytes_ += payload.size();
  waiting_.push_back({&table, std::move(payload), std::move(done), steady_clock::now() + options_.change_limit});
  hurry_ = true;
  poked_ = true;
  changed_.notify_all();
  return {};
}

void StateJournal::Core::touch(bool soon) {
  std::lock_guard lock(mutex_);
  const auto now = steady_clock::now();
  if (!ahead_) ahead_due_ = now + options_.offset_interval;
  if (soon) ahead_due_ = now;
  ahead_ = true;
  poked_ = true;
  changed_.notify_all();
}

Status StateJournal::Core::flush(std::chrono::milliseconds limit) {
  auto promise = std::make_shared<std::promise<Status>>();
  auto result = promise->get_future();
  {
    std::lock_guard lock(mutex_);
    if (role_ != Role::kMaster) return fail(ErrorKind::kUnavailable, "this broker is not the master");
    flushes_.emplace_back([promise](Status status) { promise->set_value(std::move(status)); });
    poked_ = true;
    changed_.notify_all();
  }
  if (result.wait_for(limit) != std::future_status::ready) {
    return fail(ErrorKind::kTimeout, "the journal was not confirmed in time");
  }
  return result.get();
}

void StateJournal::Core::poke() {
  std::lock_guard lock(mutex_);
  poked_ = true;
  changed_.notify_all();
}

void StateJournal::Core::on_arrivals(std::span<const store::Arrival> arrivals) {
  bool wanted =
      wants_arrivals_.load(std::memory_order_relaxed) || (accepts() && queue_.log_max() >= applier_.snapshot_due());
  for (std::size_t i = 0; !wanted && i < arrivals.size(); ++i) wanted = arrivals[i].queue->topic() == kJournalTopic;
  if (wanted) poke();
}

JournalPosition StateJournal::Core::position() const {
  JournalPosition position;
  position.applied = applier_.applied();
  position.end = queue_.end();
  position.last_snapshot = applier_.last_snapshot();
  std::lock_guard lock(mutex_);
  position.changes_waiting = waiting_.size() + flying_.size();
  position.master = role_ != Role::kReplica;
  position.accepting = role_ == Role::kMaster;
  return position;
}

void StateJournal::Core::on_appended(std::unique_ptr<store::AppendBatch> batch) noexcept {
  auto& ours = static_cast<Batch&>(*batch);
  {
    std::lock_guard lock(mutex_);
    completed_.push_back({std::move(ours.writer), std::move(ours.numbers), ours.status});
    --batches_out_;
    poked_ = true;
    changed_.notify_all();
  }
  // The batch may be the last that holds on to this: it goes after the lock.
}

void StateJournal::Core::accept_if_complete() {
  if (role_ != Role::kCatchingUp || !queue_.readable_to(catch_up_to_) || applier_.read_to() < queue_.end()) return;
  role_ = Role::kMaster;
  wants_arrivals_ = false;
  accepts_ = true;
  log::info("broker state is complete", {{"applied", applier_.applied()}, {"writer", writer_}});
}

StateJournal::Core::Time StateJournal::Core::next_deadline() const {
  auto next = steady_clock::now() + std::chrono::hours(1);
  for (const auto& [number, flying] : flying_) next = std::min(next, flying.deadline);
  if (!waiting_.empty()) next = std::min(next, waiting_.front().deadline);
  if (role_ == Role::kCatchingUp) next = std::min(next, steady_clock::now() + kCatchUpLook);
  if (role_ != Role::kMaster) return next;
  if (ahead_ && !ahead_flies_) next = std::min(next, ahead_due_);
  if (snapshot_wanted() && snapshot_not_before_ > steady_clock::now()) next = std::min(next, snapshot_not_before_);
  return next;
}

void StateJournal::Core::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    poked_ = false;
    const auto own = writer_;
    lock.unlock();
    applier_.follow(own, [&](const JournalEntry& entry) {
      std::lock_guard inner(mutex_);
      if (writer_ != own) return;
      if (auto found = flying_.find(entry.number); found != flying_.end()) found->second.applied = true;
    });
    lock.lock();
    Finished finished;
    std::function<void()> ready;
    settle(finished);
    accept_if_complete();
    if (role_ == Role::kMaster) ready = std::exchange(ready_, nullptr);
    if (ready || !finished.empty()) {
      lock.unlock();
      for (auto& [done, status] : finished) done(std::move(status));
      if (ready) ready();
      lock.lock();
    }
    // A change waits for a snapshot that is due: it must not fly while the tables are read.
    const bool wrote = snapshot_due() ? write_snapshot(lock) : write_changes(lock);
    const bool wrote_ahead = write_ahead(lock);
    if (wrote || wrote_ahead || poked_ || stopping_) continue;
    changed_.wait_until(lock, next_deadline(), [this] { return poked_ || stopping_; });
  }
}

}  // namespace rmq::broker
