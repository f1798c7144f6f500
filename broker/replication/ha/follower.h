// A slave's connection to its master: one thread that connects, reads what comes into one buffer and lets its protocol
// (classic_follow.h, epoch_follow.h) store it and answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/replication/ha/rate.h"
#include "broker/replication/ha/socket.h"
#include "broker/replication/ha/types.h"
#include "common/base/clock.h"

namespace rmq::replication {

// One connection after the other; all calls come from the follower's thread. An error closes the connection, and the
// next one begins with on_connected().
class Follow {
 public:
  virtual ~Follow() = default;

  // Puts what is to be said first into `out`.
  virtual Status on_connected(std::string& out) = 0;
  // Takes what is complete off the front of `bytes`, bodies as they come; puts answers into `out`.
  virtual Status on_bytes(std::string_view& bytes, std::string& out) = 0;
  // After each burst of bytes: what it led to is acknowledged once. `heartbeat`: even if there is nothing new.
  virtual Status acknowledge(bool heartbeat, std::string& out) = 0;
  virtual void on_closed() = 0;
  virtual void fill(ReplicationStatus& status) const = 0;  // any thread
};

class Follower {
 public:
  Follower(std::unique_ptr<Follow> follow, const ReplicationOptions& options, const Clock& clock);
  ~Follower();  // stops

  // Empty: nobody to follow now. A new address is tried at once.
  void set_master(const std::string& address);
  void stop();  // prompt, whatever the master does
  Follow& follow() { return *follow_; }
  void fill(ReplicationStatus& status) const;

 private:
  static constexpr std::size_t kBufferBytes = 1 << 20;  // also the longest thing that is not a body, see kMaxEntries
  static constexpr std::int64_t kConnectLimitMs = 3'000;
  static constexpr std::int64_t kFirstPauseMs = 50, kMaxPauseMs = 1'000;
  static constexpr std::int64_t kGoodSessionMs = 1'000;  // after one that lasted, the next try comes at once

  void run();
  Status session(const std::string& address);
  Status serve(Socket& socket, const std::string& address);
  Status read_burst(Socket& socket, bool& anything);
  Status write_out(Socket& socket, bool& blocked);
  bool goes_on(const std::string& address) const;
  std::string master() const;

  const std::unique_ptr<Follow> follow_;
  const ReplicationOptions& options_;
  const Clock& clock_;
  HostResolver resolver_;
  Waker waker_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::string master_;  // guarded by mutex_

  std::vector<char> buffer_;
  std::size_t filled_ = 0;
  std::string out_;
  std::int64_t last_read_ms_ = 0, last_write_ms_ = 0;
  bool answered_ = false;  // the master has said something in this session
  std::atomic<std::int64_t> last_read_wall_ms_{0}, last_write_wall_ms_{0};
  RateMeter rate_;
  std::thread thread_;
};

}  // namespace rmq::replication
