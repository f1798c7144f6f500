// A master's connection to one slave: one thread that sends pieces of the log as they appear and reads what the slave
// acknowledges. What the bytes mean is its protocol's business (classic_feed.h, epoch_feed.h).
//
// The log is sent from its files (sendfile; small pieces from the page cache together with their header), without any
// lock of the store: a slave far behind costs the master's disk, not its senders.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "broker/replication/ha/end_bell.h"
#include "broker/replication/ha/socket.h"
#include "broker/store/commit_log.h"
#include "common/base/clock.h"

namespace rmq::replication {

// All calls come from the link's thread.
class Feed {
 public:
  virtual ~Feed() = default;

  // Takes complete items off the front of what the slave sent. An error closes the link.
  virtual Status on_bytes(std::string_view& bytes) = 0;
  // Puts the next thing to send into `head` (empty at first) and, for a batch, `body`. Nothing: head stays empty.
  virtual Status next(std::string& head, store::LogSlice& body) = 0;
  // `bytes` of the body have been handed to the kernel.
  virtual void on_sent(std::uint64_t bytes) = 0;
  // When next() may have something although neither the log grew nor the slave spoke (monotonic).
  virtual std::int64_t wake_at() const = 0;
  // The slave must speak before that (monotonic), or is taken for dead or junk.
  virtual std::int64_t silence_ends(std::int64_t last_read_ms) const = 0;
  virtual void on_closed() = 0;
};

class Link {
 public:
  Link(Socket socket, std::unique_ptr<Feed> feed, store::CommitLog& log, EndBell& bell, const Clock& clock,
       std::int64_t stall_ms);
  ~Link();  // stops and joins

  void start();
  void ask_to_stop();  // any thread
  bool finished() const { return finished_.load(std::memory_order_acquire); }
  const std::string& peer() const { return socket_.peer(); }

 private:
  static constexpr std::size_t kReadBytes = 16 * 1024;
  static constexpr std::size_t kCopyLimit = 128 * 1024;  // smaller bodies go out in one call with their head

  void run();
  Status serve();
  Status read_all(bool& anything);
  Status send_some(bool& blocked);
  Status fetch();
  bool pending() const { return head_sent_ < head_.size() || body_sent_ < body_.size; }
  void sleep(bool blocked);

  Socket socket_;
  const std::unique_ptr<Feed> feed_;
  store::CommitLog& log_;
  const Clock& clock_;
  const std::int64_t stall_ms_;
  Waker waker_;
  EndBell::Seat seat_;
  std::atomic<bool> stopping_{false}, finished_{false};

  std::string in_;  // read, not yet complete
  std::string head_;
  std::size_t head_sent_ = 0;
  store::LogSlice body_;
  std::size_t body_sent_ = 0;
  std::uint64_t seen_end_ = 0;  // of the log, when there was last nothing to send
  std::int64_t last_read_ms_ = 0, last_progress_ms_ = 0;
  std::thread thread_;
};

}  // namespace rmq::replication
