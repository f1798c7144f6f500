#include "broker/replication/ha/follower.h"

#include <algorithm>
#include <cstring>

#include "common/base/log.h"

namespace rmq::replication {
namespace {

constexpr std::size_t kMaxOut = 64 * 1024;  // answers a master that reads nothing may pile up

}  // namespace

Follower::Follower(std::unique_ptr<Follow> follow, const ReplicationOptions& options, const Clock& clock)
    : follow_(std::move(follow)), options_(options), clock_(clock), buffer_(kBufferBytes) {
  thread_ = std::thread([this] { run(); });
}

Follower::~Follower() {
  stop();
}

void Follower::set_master(const std::string& address) {
  {
    std::lock_guard lock(mutex_);
    if (master_ == address) return;
    master_ = address;
  }
  waker_.wake();
}

void Follower::stop() {
  stopping_.store(true, std::memory_order_release);
  waker_.wake();
  if (thread_.joinable()) thread_.join();
}

std::string Follower::master() const {
  std::lock_guard lock(mutex_);
  return master_;
}

bool Follower::goes_on(const std::string& address) const {
  return !stopping_.load(std::memory_order_acquire) && master() == address;
}

void Follower::run() {
  auto pause = kFirstPauseMs;
  std::string said;  // a master that is away for long is told of once
  while (true) {
    // What woke this thread is read below; only what comes after that shall wake it again.
    waker_.drain();
    if (stopping_.load(std::memory_order_acquire)) return;
    const auto address = master();
    if (address.empty()) {
      (void)wait_ready(-1, false, waker_, -1);
      continue;
    }
    const auto began = clock_.monotonic_ms();
    const auto status = session(address);
    const bool lasted = clock_.monotonic_ms() - began >= kGoodSessionMs && answered_;
    if (!goes_on(address) || lasted) {
      pause = kFirstPauseMs;
      said.clear();
    }
    if (!goes_on(address)) continue;
    if (!status && status.error().message != said) {
      said = status.error().message;
      log::info("replication: no connection to the master", {{"master", address}, {"why", said}});
    }
    (void)wait_ready(-1, false, waker_, pause);
    pause = std::min(pause * 2, kMaxPauseMs);
  }
}

Status Follower::session(const std::string& address) {
  filled_ = 0;
  answered_ = false;
  out_.clear();
  RMQ_TRY(auto socket, Socket::connect(address, resolver_, waker_, kConnectLimitMs));
  auto status = follow_->on_connected(out_);
  if (status) {
    last_read_ms_ = last_write_ms_ = clock_.monotonic_ms();
    status = serve(socket, address);
  }
  follow_->on_closed();
  return status;
}

Status Follower::serve(Socket& socket, const std::string& address) {
  while (goes_on(address)) {
    bool heard = false, blocked = false;
    RMQ_CHECK_OK(read_burst(socket, heard));
    const auto now = clock_.monotonic_ms();
    // The original's master drops a slave that is silent; a third of its limit leaves room for two lost ones.
    const bool heartbeat = now - last_write_ms_ >= std::min(options_.heartbeat_ms, options_.idle_ms / 3);
    if (heard || heartbeat) RMQ_CHECK_OK(follow_->acknowledge(heartbeat, out_));
    if (heartbeat) last_write_ms_ = now;
    RMQ_CHECK_OK(write_out(socket, blocked));
    if (out_.size() > kMaxOut) return fail(ErrorKind::kUnavailable, "the master does not read");
    if (now - last_read_ms_ >= options_.idle_ms) return fail(ErrorKind::kTimeout, "the master is silent");
    if (heard) continue;
    const auto next_write = last_write_ms_ + std::min(options_.heartbeat_ms, options_.idle_ms / 3);
    const auto wait = std::min(last_read_ms_ + options_.idle_ms, next_write) - now;
    (void)wait_ready(socket.fd(), blocked, waker_, std::max<std::int64_t>(wait, 1));
  }
  return {};
}

Status Follower::read_burst(Socket& socket, bool& anything) {
  if (filled_ == buffer_.size()) return fail(ErrorKind::kInvalid, "the master says something without end");
  RMQ_TRY(const auto got, socket.read(buffer_.data() + filled_, buffer_.size() - filled_));
  if (got == 0) return {};
  anything = answered_ = true;
  filled_ += got;
  last_read_ms_ = clock_.monotonic_ms();
  last_read_wall_ms_.store(clock_.wall_ms(), std::memory_order_relaxed);
  rate_.add(static_cast<std::int64_t>(got), last_read_ms_);
  std::string_view bytes(buffer_.data(), filled_);
  RMQ_CHECK_OK(follow_->on_bytes(bytes, out_));
  std::memmove(buffer_.data(), bytes.data(), bytes.size());
  filled_ = bytes.size();
  return {};
}

Status Follower::write_out(Socket& socket, bool& blocked) {
  while (!out_.empty()) {
    const iovec part{out_.data(), out_.size()};
    RMQ_TRY(const auto sent, socket.write(std::span(&part, 1)));
    if (sent == 0) {
      blocked = true;
      return {};
    }
    out_.erase(0, sent);
    last_write_ms_ = clock_.monotonic_ms();
    last_write_wall_ms_.store(clock_.wall_ms(), std::memory_order_relaxed);
  }
  return {};
}

void Follower::fill(ReplicationStatus& status) const {
  follow_->fill(status);
  status.role = Role::kSlave;
  status.master_address = master();
  status.last_read_wall_ms = last_read_wall_ms_.load(std::memory_order_relaxed);
  status.last_write_wall_ms = last_write_wall_ms_.load(std::memory_order_relaxed);
  status.bytes_per_second = rate_.per_second(clock_.monotonic_ms());
}

}  // namespace rmq::replication
