// What must hold in every schedule. Sees everything that no replica can see.
//
// The history of a group is one list: the records that were ever confirmed, in order. A record leaves it only when a
// fault went beyond the promise: no member of the recorded sync set has it any more (synchronous), or W copies of it
// are destroyed at the same time (quorum).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/election/group_state.h"
#include "sim/replica.h"

namespace rmq::sim {

class Checker {
 public:
  explicit Checker(World& world) : world_(world) {}

  // ---- Told by masters
  void became_master(const Replica& replica);
  void confirmed_by_master(const Replica& replica, std::int64_t size);
  void acknowledged(const Replica& replica, std::int64_t record, std::int64_t index);
  // State is acknowledged when it is applied.
  void committed(const Replica& replica, std::int64_t offset);
  void queried(const Replica& replica, std::int64_t offset);

  // ---- Told by slaves
  void confirmed_by_slave(const Replica& replica, std::int64_t from, std::int64_t to);
  void truncates(const Replica& replica, std::int64_t size, std::int64_t confirmed);
  void copied(const Replica& replica, std::int64_t index);

  // ---- Told by the machines: of what the log held `before`, the records from `from` on are gone.
  void destroyed(const Replica& replica, const LogModel& before, std::int64_t from);

  // ---- Told by the store
  void stored(const std::optional<election::GroupState>& before, const std::optional<election::GroupState>& after);

  Time last_acknowledged() const { return last_acknowledged_; }
  std::int64_t acknowledged_count() const { return acknowledged_count_; }
  std::int64_t confirmed_count() const { return static_cast<std::int64_t>(history_.size()); }
  bool excused() const { return excused_; }

 private:
  struct Confirmed {
    Record record;
    bool acknowledged = false;
  };

  bool promised() const;
  void excuse_destroyed_quorum();
  std::int64_t agreement(const Replica& replica) const;
  void excuse(std::int64_t from, const std::string& why);

  World& world_;
  // Quorum, by record: a bit a place that had it, lost it and has not got it again. Also of what is not confirmed yet:
  // an acknowledgement may be under way while its record is lost.
  std::map<std::int64_t, std::uint32_t> lost_at_;
  std::vector<Confirmed> history_;
  std::map<std::int32_t, std::pair<Place, std::uint64_t>> masters_;  // who acknowledged in an epoch
  std::map<std::int32_t, Place> elected_;
  std::int32_t newest_epoch_ = 0;
  std::int64_t committed_ = 0;  // the newest consumer offset that was acknowledged
  Time last_acknowledged_ = -1;
  std::int64_t acknowledged_count_ = 0;
  bool excused_ = false;
};

}  // namespace rmq::sim
