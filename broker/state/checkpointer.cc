#include "broker/state/checkpointer.h"

#include <future>

#include "common/base/file.h"
#include "common/base/log.h"

namespace rmq::broker {

using std::chrono::steady_clock;

Checkpointer::~Checkpointer() {
  (void)stop();
}

Checkpointer::FileId Checkpointer::add(std::string path, std::chrono::milliseconds interval, Encode encode) {
  std::lock_guard lock(mutex_);
  files_.push_back(File{std::move(path), interval, std::move(encode), false, {}, {}, {}});
  return files_.size() - 1;
}

void Checkpointer::start() {
  std::lock_guard lock(mutex_);
  if (started_) return;
  started_ = true;
  thread_ = std::thread([this] { run(); });
}

void Checkpointer::touch(FileId id) {
  std::lock_guard lock(mutex_);
  File& file = files_[id];
  if (file.dirty) return;
  file.dirty = true;
  file.due = steady_clock::now() + file.interval;
  wake_.notify_one();
}

void Checkpointer::flush(FileId id, Done done) {
  {
    std::lock_guard lock(mutex_);
    if (!stopping_) {
      files_[id].waiting.push_back(std::move(done));
      wake_.notify_one();
      return;
    }
  }
  done(fail(ErrorKind::kUnavailable, "the broker is shutting down"));
}

Status Checkpointer::flush_and_wait(FileId file) {
  std::promise<Status> promise;
  auto status = promise.get_future();
  flush(file, [&promise](Status result) { promise.set_value(std::move(result)); });
  return status.get();
}

Status Checkpointer::flush_all_and_wait() {
  Status first;
  for (FileId file = 0; file < files_.size(); ++file) {
    auto status = flush_and_wait(file);
    if (!status && first) first = std::move(status);
  }
  return first;
}

Status Checkpointer::stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return {};
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  std::unique_lock lock(mutex_);
  stopped_ = true;
  Status first;
  for (File& file : files_) {
    if (file.dirty || !file.waiting.empty()) write(lock, file);  // never started, or the last write failed
    if (!file.last && first) first = file.last;
  }
  return first;
}

Status Checkpointer::health() const {
  std::lock_guard lock(mutex_);
  for (const File& file : files_) {
    if (!file.last) return file.last;
  }
  return {};
}

std::size_t Checkpointer::next_file(steady_clock::time_point now, steady_clock::time_point& until) const {
  until = now + std::chrono::hours(1);
  std::size_t due = files_.size();
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const File& file = files_[i];
    if (!file.waiting.empty()) return i;  // somebody's answer depends on it
    if (!file.dirty) continue;
    if (file.due <= now) {
      due = i;
    } else {
      until = std::min(until, file.due);
    }
  }
  return due;
}

void Checkpointer::write(std::unique_lock<std::mutex>& lock, File& file) {
  std::vector<Done> waiting;
  waiting.swap(file.waiting);
  file.dirty = false;  // what changes from here on may miss this write
  lock.unlock();
  // Encoding reads the owner's state, whose changes were made before their touch() or flush().
  Status status = replace_file(file.path, file.encode());
  lock.lock();
  if (!status) {
    if (file.last) log::error("state file not written", {{"path", file.path}, {"error", status.error()}});
    file.dirty = true;
    file.due = steady_clock::now() + file.interval;
  } else if (!file.last) {
    log::info("state file written again", {{"path", file.path}});
  }
  file.last = status;
  if (waiting.empty()) return;
  lock.unlock();
  for (Done& done : waiting) done(status);
  lock.lock();
}

void Checkpointer::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    steady_clock::time_point until;
    std::size_t file = next_file(steady_clock::now(), until);
    if (file < files_.size()) {
      write(lock, files_[file]);
    } else {
      wake_.wait_until(lock, until);
    }
  }
}

}  // namespace rmq::broker
