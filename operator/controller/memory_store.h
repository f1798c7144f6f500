// For tests: a GroupStore in memory that several servers may share, and that fails or waits when told.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "operator/controller/group_store.h"

namespace rmq::controller {

class MemoryStore final : public GroupStore {
 public:
  void load(Loaded done) override {
    std::vector<StoredGroup> all;
    {
      const std::lock_guard lock(mutex_);
      if (failing_) return done(fail(ErrorKind::kUnavailable, "told to fail"));
      for (const auto& [name, group] : groups_) all.push_back(group);
    }
    done(std::move(all));
  }

  void compare_and_swap(const std::string& name, const std::string& expected_version,
                        std::shared_ptr<const election::GroupState> state, Written done) override {
    run([this, name, expected_version, state, done = std::move(done)] { done(write(name, expected_version, state)); });
  }
  void compare_and_remove(const std::string& name, const std::string& expected_version, Written done) override {
    run([this, name, expected_version, done = std::move(done)] { done(write(name, expected_version, nullptr)); });
  }

  // Writes by somebody else, whatever the version.
  void put(election::GroupState state) {
    const std::lock_guard lock(mutex_);
    const auto name = state.name;
    groups_[name] = {name, std::to_string(++version_), std::make_shared<const election::GroupState>(std::move(state))};
  }
  std::shared_ptr<const election::GroupState> get(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = groups_.find(name);
    return found == groups_.end() ? nullptr : found->second.state;
  }
  // Nothing is done and the caller is told an error.
  void fail_all(bool on) {
    const std::lock_guard lock(mutex_);
    failing_ = on;
  }
  // The next write is done, and yet its caller is told an error.
  void lose_next_answer() {
    const std::lock_guard lock(mutex_);
    lose_next_ = true;
  }
  // Writes wait until resume().
  void pause() {
    const std::lock_guard lock(mutex_);
    paused_ = true;
  }
  void resume() {
    std::deque<std::function<void()>> waiting;
    {
      const std::lock_guard lock(mutex_);
      paused_ = false;
      waiting.swap(waiting_);
    }
    for (const auto& work : waiting) work();
  }

 private:
  void run(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      if (paused_) {
        waiting_.push_back(std::move(work));
        return;
      }
    }
    work();
  }

  WriteOutcome write(const std::string& name, const std::string& expected_version,
                     std::shared_ptr<const election::GroupState> state) {
    const std::lock_guard lock(mutex_);
    WriteOutcome outcome;
    if (failing_) {
      outcome.error = {ErrorKind::kUnavailable, "told to fail"};
      return outcome;
    }
    const auto found = groups_.find(name);
    if ((found == groups_.end() ? std::string() : found->second.version) != expected_version) {
      outcome.what = WriteOutcome::What::kConflict;
      outcome.actual = found == groups_.end() ? StoredGroup{name, {}, nullptr} : found->second;
      return outcome;
    }
    if (state) {
      outcome.version = std::to_string(++version_);
      groups_[name] = {name, outcome.version, std::move(state)};
    } else {
      groups_.erase(name);
    }
    if (std::exchange(lose_next_, false)) {
      outcome.version.clear();
      outcome.error = {ErrorKind::kTimeout, "told to lose the answer"};
      return outcome;
    }
    outcome.what = WriteOutcome::What::kWritten;
    return outcome;
  }

  mutable std::mutex mutex_;
  std::map<std::string, StoredGroup> groups_;
  std::int64_t version_ = 0;
  bool failing_ = false;
  bool lose_next_ = false;
  bool paused_ = false;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace rmq::controller
