#include "sim/checker.h"

#include <algorithm>
#include <bit>
#include <string>

#include "sim/world.h"

namespace rmq::sim {

bool Checker::promised() const {
  return world_.plan.mode != Mode::kAsync;
}

// How much of the history this log begins with.
std::int64_t Checker::agreement(const Replica& replica) const {
  const std::int64_t limit = std::min(confirmed_count(), replica.log().size());
  std::int64_t same = 0;
  while (same < limit && replica.log().at(same).id == history_[static_cast<std::size_t>(same)].record.id) ++same;
  return same;
}

void Checker::became_master(const Replica& replica) {
  const std::int32_t epoch = replica.epoch();
  if (const auto [place, fresh] = elected_.emplace(epoch, replica.place());
      !fresh && place->second != replica.place()) {
    world_.fail("two masters of epoch " + std::to_string(epoch) + ": r" + std::to_string(place->second) + " and " +
                replica.name());
  }
  if (epoch < newest_epoch_) return;  // hears late that it was elected; it cannot do harm, or the rest will show it
  newest_epoch_ = epoch;
  if (!promised()) return;
  const std::int64_t same = agreement(replica);
  if (same == confirmed_count()) return;
  const auto rest = history_.begin() + same;
  const bool any = std::any_of(rest, history_.end(), [](const Confirmed& one) { return one.acknowledged; });
  world_.fail(std::string(any ? "acknowledged" : "readable") + " records lost: " + replica.name() +
              " is master of epoch " + std::to_string(epoch) + " and has " + std::to_string(same) + " of the " +
              std::to_string(confirmed_count()) + " confirmed records");
}

void Checker::confirmed_by_master(const Replica& replica, std::int64_t size) {
  if (!promised()) return;
  const auto& log = replica.log();
  if (size > log.size()) {
    world_.fail(replica.name() + ": the confirm offset is beyond the log's end");
    return;
  }
  for (std::int64_t i = confirmed_count(); i < size; ++i) {
    if (log.at(i).queue != i) {
      world_.fail("queue offset " + std::to_string(log.at(i).queue) + " was given to record number " +
                  std::to_string(i) + " by the master of epoch " + std::to_string(log.at(i).epoch));
      return;
    }
    if (i > 0 && log.at(i - 1).id != history_.back().record.id) {
      world_.fail("logs differ below the confirm offset: record " + std::to_string(i - 1) + " at " + replica.name());
      return;
    }
    history_.push_back({log.at(i)});
  }
  if (size > 0 && size <= confirmed_count() &&
      log.at(size - 1).id != history_[static_cast<std::size_t>(size - 1)].record.id) {
    world_.fail("logs differ below the confirm offset: record " + std::to_string(size - 1) + " at " + replica.name());
  }
}

void Checker::acknowledged(const Replica& replica, std::int64_t record, std::int64_t index) {
  last_acknowledged_ = world_.scheduler.now();
  ++acknowledged_count_;
  const std::int32_t epoch = replica.epoch();
  const auto [by, fresh] = masters_.emplace(epoch, std::pair{replica.place(), std::uint64_t{0}});
  if (!fresh && by->second.first != replica.place()) {
    world_.fail("two masters acknowledge in epoch " + std::to_string(epoch));
    return;
  }
  if (!promised()) {
    for (int place = 0; place < world_.plan.replicas; ++place) {
      const Replica& other = world_.replica(place);
      if (place == replica.place() || !other.lease_lasts()) continue;
      world_.fail("two masters hold a lease: " + replica.name() + " of epoch " + std::to_string(epoch) + " and " +
                  other.name() + " of epoch " + std::to_string(other.epoch()));
    }
    return;
  }
  confirmed_by_master(replica, index + 1);
  if (index >= confirmed_count()) return;
  Confirmed& confirmed = history_[static_cast<std::size_t>(index)];
  if (confirmed.record.id != record) {
    world_.fail("a record that is not in the history was acknowledged by " + replica.name());
    return;
  }
  confirmed.acknowledged = true;
}

void Checker::committed(const Replica& replica, std::int64_t offset) {
  if (replica.epoch() == newest_epoch_) committed_ = std::max(committed_, offset);
}

// A former master may answer with what was true in its time.
void Checker::queried(const Replica& replica, std::int64_t offset) {
  if (!promised() || excused_ || replica.epoch() != newest_epoch_ || offset >= committed_) return;
  world_.fail("the committed offset went back: " + replica.name() + " of epoch " + std::to_string(replica.epoch()) +
              " says " + std::to_string(offset) + " after " + std::to_string(committed_));
}

void Checker::confirmed_by_slave(const Replica& replica, std::int64_t from, std::int64_t to) {
  if (!promised()) return;
  if (to > confirmed_count() && !excused_) {
    world_.fail(replica.name() + ": a slave's confirm offset is beyond what any master confirmed");
    return;
  }
  for (std::int64_t i = from; i < std::min(to, confirmed_count()); ++i) {
    if (replica.log().at(i).id == history_[static_cast<std::size_t>(i)].record.id) continue;
    world_.fail("logs differ below the confirm offset: record " + std::to_string(i) + " at " + replica.name());
    return;
  }
}

void Checker::truncates(const Replica& replica, std::int64_t size, std::int64_t confirmed) {
  if (!promised() || size >= std::min(confirmed, confirmed_count())) return;
  if (agreement(replica) <= size) return;  // what goes was excused: the history went another way
  world_.fail("readers saw what vanishes: " + replica.name() + " cuts its log to " + std::to_string(size) +
              " records, confirmed were " + std::to_string(confirmed));
}

void Checker::copied(const Replica& replica, std::int64_t index) {
  if (const auto lost = lost_at_.find(replica.log().at(index).id); lost != lost_at_.end()) {
    lost->second &= ~(1U << replica.place());
  }
}

void Checker::excuse_destroyed_quorum() {
  for (std::size_t i = 0; i < history_.size(); ++i) {
    const auto lost = lost_at_.find(history_[i].record.id);
    if (lost == lost_at_.end() || std::popcount(lost->second) < world_.plan.write_quorum) continue;
    return excuse(static_cast<std::int64_t>(i), "a quorum of its copies is destroyed");
  }
}

void Checker::destroyed(const Replica& replica, const LogModel& before, std::int64_t from) {
  if (!promised() || from >= before.size()) return;
  if (world_.plan.mode == Mode::kQuorum) {
    for (std::int64_t i = from; i < before.size(); ++i) lost_at_[before.at(i).id] |= 1U << replica.place();
    return excuse_destroyed_quorum();
  }
  const auto& state = world_.store.object().state;
  if (!state) return;
  std::int64_t best = 0;
  for (int place = 0; place < world_.plan.replicas; ++place) {
    const Replica& other = world_.replica(place);
    if (state->sync_set.contains(other.id())) best = std::max(best, agreement(other));
  }
  if (best < confirmed_count()) excuse(best, "no member of the sync set has it any more");
}

void Checker::excuse(std::int64_t from, const std::string& why) {
  world_.trace("checker", "beyond the promise from record ", from, " of ", confirmed_count(), ": ", why);
  history_.resize(static_cast<std::size_t>(from));
  excused_ = true;
}

void Checker::stored(const std::optional<election::GroupState>& before,
                     const std::optional<election::GroupState>& after) {
  if (!after) return;
  world_.trace("store", "master ", after->master.value_or(0), " epoch ", after->master_epoch, " set ",
               world_.text(after->sync_set), " set epoch ", after->sync_set_epoch);
  for (const ReplicaId member : after->sync_set) {
    if (!after->replicas.contains(member)) world_.fail("the sync set has a member that is no replica");
  }
  if (after->master && !after->sync_set.contains(*after->master)) world_.fail("the master is not in the sync set");
  if (!before) return;
  if (after->master_epoch < before->master_epoch) world_.fail("the master epoch went back");
  if (after->sync_set_epoch < before->sync_set_epoch) world_.fail("the set's epoch went back");
  // A group that is rebuilt from its replicas starts with greater epochs: the old ones are not known.
  const bool rebuilt = before->sync_set.empty() && after->sync_set_epoch > before->sync_set_epoch;
  if (after->sync_set != before->sync_set && after->sync_set_epoch != before->sync_set_epoch + 1 && !rebuilt) {
    world_.fail("the sync set changed without its epoch");
  }
  if (after->master && after->master != before->master && after->master_epoch <= before->master_epoch) {
    world_.fail("another master without a new epoch");
  }
  if (before->sync_set.size() > 0 && after->sync_set.empty()) world_.fail("the sync set became empty");
  if (world_.plan.mode == Mode::kQuorum && static_cast<int>(after->sync_set.size()) > world_.plan.members) {
    world_.fail("more members than replicas are wanted");
  }
}

}  // namespace rmq::sim
