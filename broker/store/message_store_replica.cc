// The store as a replica: roles, what a master sent, and cutting what it doesn't have.
#include "broker/store/message_store.h"
#include "common/base/log.h"

namespace rmq::store {

Status MessageStore::become_replica() {
  std::lock_guard lock(replica_mutex_);
  // Before the state, so that nothing that is finished from now on is acknowledged.
  log_.gate().end_term();
  if (closed_ || write_state() == WriteState::kClosed) return fail(ErrorKind::kUnavailable, "the store is closed");
  // A broken disk stays what it is: nothing is written in either role.
  log_.switch_state({WriteState::kOpen, WriteState::kNoSpace, WriteState::kDiskFull}, WriteState::kReplica);
  replica_.store(true, std::memory_order_release);
  replica_writer_.forget_partial();
  log_.gate().fail_all(AppendStatus::kReplicaTimeout);
  log::info("the store is a replica", {{"max", log_.max_offset()}, {"confirm", confirm_offset()}});
  return {};
}

Status MessageStore::become_master(const MasterTerm& term) {
  std::lock_guard lock(replica_mutex_);
  if (!is_replica()) return fail(ErrorKind::kConflict, "the store is master already");
  replica_writer_.forget_partial();
  set_ack_rule(term.wait_for_replicas);
  set_enough_replicas(term.enough_replicas);
  log_.gate().begin_term(term.epoch, term.lease_until_ms);
  replica_.store(false, std::memory_order_release);
  if (!log_.switch_state({WriteState::kReplica}, WriteState::kOpen)) {
    log_.gate().end_term();
    replica_.store(true, std::memory_order_release);
    const auto state = write_state();
    return fail(state == WriteState::kBroken ? ErrorKind::kIo : ErrorKind::kUnavailable,
                "can't become master: " + std::string(to_string(state)));
  }
  upkeep_signal_.notify();  // there may be no file for the next message yet
  log::info("the store is master", {{"epoch", term.epoch}, {"max", log_.max_offset()}});
  return {};
}

Status MessageStore::append_replica(std::uint64_t offset, std::string_view bytes) {
  std::lock_guard lock(replica_mutex_);
  if (!is_replica()) return fail(ErrorKind::kConflict, "not a replica");
  return replica_writer_.append(offset, bytes);
}

}  // namespace rmq::store
