// Named settings that live in one state file, where nothing is found before it is on the disk.
//
// A change is staged, written with the whole file, and only then published to the readers and answered. So whatever was
// acknowledged on the strength of a setting never outlives it, and a change that could not be written never was.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/state/checkpointer.h"
#include "broker/state/read_mostly_map.h"
#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/protocol/body/data_version.h"

namespace rmq::broker {

// Thread-safe. Lookups take no lock.
template <class V>
class DurableTable {
 public:
  using Pointer = std::shared_ptr<const V>;
  using Map = std::map<std::string, Pointer, std::less<>>;
  using Changes = std::vector<std::pair<std::string, Pointer>>;  // nullptr: remove
  using Encode = std::function<std::string(const Map&, const protocol::DataVersion&)>;
  using Lookup = std::function<Pointer(std::string_view)>;
  using Build = std::function<Result<Changes>(const Lookup&)>;
  // Runs on the checkpointer's thread, in the order of the changes; must not block.
  using OnChange = std::function<void(const Changes&, const protocol::DataVersion&)>;

  DurableTable(Checkpointer& checkpointer, const std::string& path, const Clock& clock, Encode encode)
      : checkpointer_(checkpointer),
        clock_(clock),
        encode_(std::move(encode)),
        file_(checkpointer.add(path, std::chrono::seconds(10), [this] { return encode_file(); })) {
    version_.timestamp = clock.wall_ms();
  }

  // Before any other call: what the file held.
  void load(Map entries, std::optional<protocol::DataVersion> version) {
    entries_ = std::move(entries);
    if (version) version_ = *version;
    published_.put_all({entries_.begin(), entries_.end()});
  }
  void on_change(OnChange listener) { listeners_.push_back(std::move(listener)); }

  Pointer find(std::string_view key) const { return published_.find(key); }
  std::size_t size() const { return published_.size(); }

  // `build` decides the changes, given each entry as it will be once all that was asked for before is written; it runs
  // at once, under the lock. `done` runs after the changes are on the disk and published, on the checkpointer's thread,
  // or at once if there is nothing to change. Does not block.
  void change(const Build& build, std::function<void(Status)> done) {
    Changes changes;
    std::uint64_t ticket = 0;
    Status refused;
    {
      std::lock_guard lock(mutex_);
      auto built = build([this](std::string_view key) { return upcoming(key); });
      if (built) {
        changes = std::move(*built);
        if (!changes.empty()) ticket = ++last_ticket_;
        for (const auto& [key, value] : changes) pending_.insert_or_assign(key, Pending{value, ticket});
      } else {
        refused = fail(built.error());
      }
    }
    if (changes.empty()) return done(std::move(refused));
    checkpointer_.flush(file_, [this, ticket, changes = std::move(changes), done = std::move(done)](Status status) {
      finish(ticket, changes, status);
      done(std::move(status));
    });
  }
  // Never from the checkpointer's or an I/O thread.
  Status change_and_wait(const Build& build) {
    std::promise<Status> promise;
    auto result = promise.get_future();
    change(build, [&promise](Status status) { promise.set_value(std::move(status)); });
    return result.get();
  }
  // For what is written along with the table: steps the version and writes the file.
  Status rewrite_and_wait() {
    {
      std::lock_guard lock(mutex_);
      version_.next(clock_.wall_ms());
    }
    return checkpointer_.flush_and_wait(file_);
  }

  // A consistent picture.
  std::pair<Map, protocol::DataVersion> snapshot() const {
    std::lock_guard lock(mutex_);
    return {entries_, version_};
  }
  // Entries [first, first + most) in the order of names; from 0 if `version` is not the present one.
  std::pair<Map, protocol::DataVersion> page(std::size_t first, std::size_t most,
                                             const std::optional<protocol::DataVersion>& version) const {
    std::lock_guard lock(mutex_);
    Map out;
    if (first != 0 && version != version_) first = 0;
    if (first < entries_.size()) {
      auto at = std::next(entries_.begin(), static_cast<std::ptrdiff_t>(first));
      for (; at != entries_.end() && most > 0; ++at, --most) out.emplace_hint(out.end(), *at);
    }
    return {std::move(out), version_};
  }
  protocol::DataVersion data_version() const {
    std::lock_guard lock(mutex_);
    return version_;
  }

 private:
  struct Pending {
    Pointer value;
    std::uint64_t ticket = 0;
  };

  Pointer upcoming(std::string_view key) const {
    if (auto found = pending_.find(key); found != pending_.end()) return found->second.value;
    auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second;
  }

  void finish(std::uint64_t ticket, const Changes& changes, const Status& status) {
    protocol::DataVersion version;
    {
      std::lock_guard lock(mutex_);
      Changes present;
      for (const auto& [key, value] : changes) {
        auto found = pending_.find(key);
        if (found != pending_.end() && found->second.ticket == ticket) pending_.erase(found);
        if (!status) continue;
        if (value == nullptr) {
          entries_.erase(key);
          published_.erase(key);
        } else {
          entries_.insert_or_assign(key, value);
          present.emplace_back(key, value);
        }
      }
      if (!status) return;
      published_.put_all(std::move(present));
      version_.next(clock_.wall_ms());
      version = version_;
    }
    for (const auto& listener : listeners_) listener(changes, version);
  }

  std::string encode_file() const {
    // Only pointers are copied under the lock: writing a large table must not hold up who asks for the next change.
    Map entries;
    protocol::DataVersion version;
    {
      std::lock_guard lock(mutex_);
      entries = entries_;
      version = version_;
      std::set<std::uint64_t> tickets;
      for (const auto& [key, pending] : pending_) {
        if (tickets.insert(pending.ticket).second) version.next(clock_.wall_ms());  // as finish() will
        if (pending.value == nullptr) {
          entries.erase(key);
        } else {
          entries.insert_or_assign(key, pending.value);
        }
      }
    }
    return encode_(entries, version);
  }

  Checkpointer& checkpointer_;
  const Clock& clock_;
  const Encode encode_;
  const Checkpointer::FileId file_;
  std::vector<OnChange> listeners_;
  ReadMostlyMap<V> published_;
  mutable std::mutex mutex_;
  Map entries_;                                          // as published
  std::map<std::string, Pending, std::less<>> pending_;  // asked for, not yet on the disk
  std::uint64_t last_ticket_ = 0;
  protocol::DataVersion version_;
};

}  // namespace rmq::broker
