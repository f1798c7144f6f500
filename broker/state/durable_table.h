// Named settings that live in one state file, where nothing is found before it is safe.
//
// A broker on its own: a change is staged, written with the whole file, and only then published to the readers and
// answered. One of several replicas (attach()): it is staged, goes through the journal, and is published and answered
// when it comes back; the file is a checkpoint for which only the answer waits. Either way, whatever was acknowledged
// on the strength of a setting never outlives it.
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
#include "broker/state/journal_mark.h"
#include "broker/state/journaled_table.h"
#include "broker/state/pretty_json.h"
#include "broker/state/read_mostly_map.h"
#include "broker/state/state_file.h"
#include "broker/state/table_change.h"
#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/protocol/body/data_version.h"

namespace rmq::broker {

// Thread-safe. Lookups take no lock.
template <class V>
class DurableTable final : public JournaledTable {
 public:
  using Pointer = std::shared_ptr<const V>;
  using Map = std::map<std::string, Pointer, std::less<>>;
  using Changes = std::vector<std::pair<std::string, Pointer>>;  // nullptr: remove
  using Lookup = std::function<Pointer(std::string_view)>;
  using Build = std::function<Result<Changes>(const Lookup&)>;
  using Done = std::function<void(Status)>;
  // Runs on the checkpointer's or the journal's thread, in the order of the changes; must not block.
  using OnChange = std::function<void(const Changes&, const protocol::DataVersion&)>;

  struct Content {
    Map entries;
    protocol::DataVersion version;
    // Takes over what stood beside the entries; may be empty.
    std::function<void()> install_aside;
  };
  // How the table looks as JSON. "Aside" is what a table keeps beside its entries, in its owner's hands.
  struct Codec {
    std::string name;  // in the journal
    std::string path;  // of the file
    // Compact JSON, with what stands aside or without.
    std::function<std::string(const Map&, const protocol::DataVersion&, bool with_aside)> encode;
    std::function<Result<Content>(std::string_view)> decode;
    // Takes a change of what stands aside, in whatever form the owner gave it to change(); more than once does no harm.
    std::function<void(std::string_view)> apply_aside = {};
  };

  DurableTable(Checkpointer& checkpointer, const Clock& clock, Codec codec)
      : checkpointer_(checkpointer),
        clock_(clock),
        codec_(std::move(codec)),
        file_(checkpointer.add(codec_.path, std::chrono::seconds(1), [this] { return encode_file(); })) {
    version_.timestamp = clock.wall_ms();
  }

  // What is built in, then what the file or its .bak says. Before any other call.
  Status load(Map built_in) {
    built_in_ = built_in;
    entries_ = std::move(built_in);
    RMQ_CHECK_OK(load_state_file(codec_.path, [this](std::string_view text) -> Status {
      RMQ_TRY(auto content, codec_.decode(text));
      for (auto& [name, value] : content.entries) entries_.insert_or_assign(name, std::move(value));
      if (content.install_aside) content.install_aside();
      version_ = content.version;
      position_ = find_journal_mark(text);
      return {};
    }));
    published_.put_all({entries_.begin(), entries_.end()});
    return {};
  }
  void on_change(OnChange listener) { listeners_.push_back(std::move(listener)); }

  Pointer find(std::string_view key) const { return published_.find(key); }
  std::size_t size() const { return published_.size(); }

  // `build` decides the changes, given each entry as it will be once all that was asked for before is written; it runs
  // at once, under the lock. `aside`: a change of what stands aside, one line. `done` runs after the changes are safe
  // and published, on the checkpointer's or the journal's thread, or at once if there is nothing to change. Does not
  // block.
  void change(const Build& build, Done done, std::string aside = {}) {
    Changes changes;
    std::uint64_t ticket = 0;
    bool journaled = false;
    Status refused;
    {
      std::lock_guard lock(mutex_);
      journaled = journal_ != nullptr;
      if (journal_ != nullptr && !journal_->accepts()) {
        refused = fail(ErrorKind::kUnavailable, "this broker is not the master");
      } else if (auto built = build([this](std::string_view key) { return upcoming(key); }); !built) {
        refused = fail(std::move(built).error());
      } else {
        changes = std::move(*built);
        if (!changes.empty() || !aside.empty()) ticket = ++last_ticket_;
        for (const auto& [key, value] : changes) pending_.insert_or_assign(key, Pending{value, ticket});
        if (journal_ != nullptr && ticket != 0) {
          refused = propose(ticket, changes, aside, done);
          if (!refused) forget_pending(ticket, changes);
        }
      }
    }
    if (!refused || ticket == 0) return done(std::move(refused));
    if (journaled) return;
    if (!aside.empty()) {
      codec_.apply_aside(aside);
      if (changes.empty()) step_version();
    }
    checkpointer_.flush(file_, [this, ticket, changes = std::move(changes), done = std::move(done)](Status status) {
      finish(ticket, changes, status);
      done(std::move(status));
    });
  }
  // Never from the checkpointer's, the journal's or an I/O thread.
  Status change_and_wait(const Build& build, std::string aside = {}) {
    std::promise<Status> promise;
    auto result = promise.get_future();
    change(
        build, [&promise](Status status) { promise.set_value(std::move(status)); }, std::move(aside));
    return result.get();
  }

  // Becomes what a master that keeps no journal has, unless the version is the same. On the disk when it returns.
  Status import_all(Content content) {
    if (content.version == data_version()) return {};
    install(std::move(content), std::nullopt, {});
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

  // --- JournaledTable
  void attach(JournalWriter* journal) override {
    std::lock_guard lock(mutex_);
    journal_ = journal;
  }
  std::string_view name() const override { return codec_.name; }
  std::optional<std::int64_t> position() const override {
    std::lock_guard lock(mutex_);
    return position_;
  }
  void mark(std::int64_t position) override {
    std::lock_guard lock(mutex_);
    if (position == kJournalStale || position_.value_or(kJournalStale) == kJournalStale) checkpointer_.touch(file_);
    position_ = position;
  }
  std::string encode_all() const override {
    const auto [entries, version] = snapshot();
    return codec_.encode(entries, version, true);
  }
  Status apply(std::string_view payload, std::int64_t position) override {
    RMQ_TRY(const auto change, decode_table_change(payload));
    RMQ_TRY(auto content, codec_.decode(change.table));
    if (!change.aside.empty() && codec_.apply_aside) codec_.apply_aside(change.aside);
    Changes changes{content.entries.begin(), content.entries.end()};
    for (const auto& key : change.removed) changes.emplace_back(key, nullptr);
    publish(changes, [&] {
      version_ = content.version;
      if (position_) position_ = position;
    });
    checkpointer_.touch(file_);
    return {};
  }
  Status replace(std::string_view payload, std::int64_t position) override {
    RMQ_TRY(auto content, codec_.decode(payload));
    install(std::move(content), position, built_in_);
    checkpointer_.touch(file_);
    return {};
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
  void forget_pending(std::uint64_t ticket, const Changes& changes) {
    for (const auto& [key, value] : changes) {
      auto found = pending_.find(key);
      if (found != pending_.end() && found->second.ticket == ticket) pending_.erase(found);
    }
  }
  void step_version() {
    std::lock_guard lock(mutex_);
    version_.next(clock_.wall_ms());
  }

  // With the lock held: the order of changes in the journal is the order in which they were built.
  Status propose(std::uint64_t ticket, const Changes& changes, const std::string& aside, const Done& done) {
    Map present;
    TableChange change{.removed = {}, .aside = aside, .table = {}};
    for (const auto& [key, value] : changes) {
      if (value == nullptr) {
        change.removed.push_back(key);
      } else {
        present.insert_or_assign(key, value);
      }
    }
    proposed_ = std::max(proposed_, version_);
    proposed_.next(clock_.wall_ms());
    const auto table = codec_.encode(present, proposed_, false);
    change.table = table;
    return journal_->propose(*this, encode_table_change(change), [this, ticket, changes, done](Status status) {
      {
        std::lock_guard lock(mutex_);
        forget_pending(ticket, changes);
      }
      if (!status) return done(std::move(status));
      // The journal has it; but Java, if it takes over from here, knows only the file.
      checkpointer_.flush(file_, [done](const Status&) { done({}); });
    });
  }

  // Takes the changes over, with `along`, which sets the version, under the same lock, and tells the listeners.
  template <class Along>
  void publish(const Changes& changes, Along along) {
    protocol::DataVersion version;
    {
      std::lock_guard lock(mutex_);
      Changes present;
      for (const auto& [key, value] : changes) {
        if (value == nullptr) {
          entries_.erase(key);
          published_.erase(key);
        } else {
          entries_.insert_or_assign(key, value);
          present.emplace_back(key, value);
        }
      }
      published_.put_all(std::move(present));
      along();
      version = version_;
    }
    if (changes.empty()) return;
    for (const auto& listener : listeners_) listener(changes, version);
  }

  // Becomes `content`; what is in `keep` stays even if it is not in there.
  void install(Content content, std::optional<std::int64_t> position, const Map& keep) {
    Changes changes;
    for (const auto& [name, value] : snapshot().first) {
      auto next = content.entries.find(name);
      if (next == content.entries.end()) {
        if (!keep.contains(name)) changes.emplace_back(name, nullptr);
      } else if (*next->second == *value) {
        content.entries.erase(next);
      }
    }
    changes.insert(changes.end(), content.entries.begin(), content.entries.end());
    if (content.install_aside) content.install_aside();
    publish(changes, [&] {
      version_ = content.version;
      position_ = position;
    });
  }

  void finish(std::uint64_t ticket, const Changes& changes, const Status& status) {
    {
      std::lock_guard lock(mutex_);
      forget_pending(ticket, changes);
    }
    if (status && !changes.empty()) publish(changes, [&] { version_.next(clock_.wall_ms()); });
  }

  std::string encode_file() const {
    // Only pointers are copied under the lock: writing a large table must not hold up who asks for the next change.
    Map entries;
    protocol::DataVersion version;
    std::optional<std::int64_t> position;
    {
      std::lock_guard lock(mutex_);
      entries = entries_;
      version = version_;
      if (journal_ != nullptr) {
        position = position_;
      } else {
        add_pending(entries, version);
      }
    }
    std::string json = codec_.encode(entries, version, true);
    append_journal_mark(json, position);
    return pretty_json(json);
  }
  void add_pending(Map& entries, protocol::DataVersion& version) const {
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

  Checkpointer& checkpointer_;
  const Clock& clock_;
  const Codec codec_;
  const Checkpointer::FileId file_;
  JournalWriter* journal_ = nullptr;
  Map built_in_;
  std::vector<OnChange> listeners_;
  ReadMostlyMap<V> published_;
  mutable std::mutex mutex_;
  Map entries_;                                          // as published
  std::map<std::string, Pending, std::less<>> pending_;  // asked for, not yet safe
  std::uint64_t last_ticket_ = 0;
  protocol::DataVersion version_;
  protocol::DataVersion proposed_;                        // of the last change given to the journal
  std::optional<std::int64_t> position_ = kJournalStale;  // see JournaledTable
};

}  // namespace rmq::broker
