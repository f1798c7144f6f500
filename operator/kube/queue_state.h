// The rules of a work queue of keys: a key waits at most once, is worked on by one worker at a time, and comes again
// if it was added meanwhile. No lock, no clock: the caller brings both. Rules as in client-go's workqueue.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "operator/kube/backoff.h"

namespace rmq::kube {

class QueueState {
 public:
  explicit QueueState(BackoffLimits retry, std::uint64_t seed = 1) : retry_(retry), jitter_(seed) {}

  void add(const std::string& key);
  // Due at `due_ms`. Of several times for a key the earliest counts; adding it at once removes it from here.
  void add_at(const std::string& key, std::int64_t due_ms);
  // Adds after a delay that doubles with each call until forget(). Returns when it is due.
  std::int64_t retry(const std::string& key, std::int64_t now_ms);
  void forget(const std::string& key) { failures_.erase(key); }
  unsigned failures(const std::string& key) const;

  // The next key to work on, which then counts as being worked on until done(). Moves what is due by now first.
  std::optional<std::string> take(std::int64_t now_ms);
  void done(const std::string& key);

  // When the earliest delayed key is due, if one waits.
  std::optional<std::int64_t> next_due() const;
  std::size_t waiting() const { return queue_.size(); }
  std::size_t delayed() const { return due_of_.size(); }
  std::size_t working() const { return working_.size(); }

 private:
  void drop_delayed(const std::string& key);

  const BackoffLimits retry_;
  Jitter jitter_;
  std::deque<std::string> queue_;
  std::unordered_set<std::string> dirty_;  // wants work: in queue_, or being worked on and added again
  std::unordered_set<std::string> working_;
  std::set<std::pair<std::int64_t, std::string>> delayed_;
  std::unordered_map<std::string, std::int64_t> due_of_;
  std::unordered_map<std::string, unsigned> failures_;
};

}  // namespace rmq::kube
