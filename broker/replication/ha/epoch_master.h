// A mastership given by a Controller: applies the rules (rules/master_rules.h) to what the slaves say and publishes
// what follows: confirm offset, acknowledgements, lease, wishes for the sync set.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "broker/replication/epoch/epoch_file.h"
#include "broker/replication/ha/epoch_feed.h"
#include "broker/replication/ha/master.h"
#include "broker/replication/rules/master_rules.h"

namespace rmq::replication {

class EpochMaster final : public Master, private EpochLinkOwner {
 public:
  // The store is still a replica, and the term's entry is in `epochs`. Nothing is published before open().
  EpochMaster(store::MessageStore& store, EpochStore& epochs, const ReplicationOptions& options, const Clock& clock,
              const MasterTerm& term);
  ~EpochMaster() override;

  // What the store is to begin its term with.
  store::MessageStore::MasterTerm store_term() const;
  // The store is master: publish from now on.
  void open();

  void on_sync_set(const std::set<BrokerId>& set, std::int32_t set_epoch);
  void on_alter_refused(std::uint64_t number);
  void on_alter_unknown(std::uint64_t number);
  void on_lease(std::int64_t sent_ms, std::int64_t lease_ms);

  // Waits until every member of the set has the whole log. kTimeout.
  Status wait_all_have(std::int64_t limit_ms);

  std::int32_t epoch() const { return term_.epoch; }
  void fill(ReplicationStatus& status) const override;

 private:
  std::unique_ptr<Feed> make_feed(ConnectionToken token, const std::string& peer) override;
  std::int64_t tick(std::int64_t now) override;
  bool watches_log() const override { return alone_.load(std::memory_order_relaxed); }

  Status admit(const SlaveHello& hello) const override;
  MasterHello greeting(const SlaveHello& hello) const override;
  void on_handshake(const SlaveHello& hello, ConnectionToken token) override;
  Status on_ack(BrokerId id, ConnectionToken token, std::int64_t offset, std::int64_t sent_limit) override;
  Status on_echo(BrokerId id, ConnectionToken token, std::int64_t sent_ms) override;
  void on_gone(BrokerId id, ConnectionToken token) override;
  std::int64_t confirmed() const override { return confirmed_.load(std::memory_order_acquire); }
  std::int64_t ping_interval_ms() const override { return ping_interval_ms_.load(std::memory_order_relaxed); }

  // Runs `input` on the rules, as of now, and publishes what follows from it.
  template <class Input>
  void apply(Input input);
  void set_ping_interval(std::int64_t lease_ms);
  bool everybody_has_all() const;

  struct Peer {  // for the status
    ConnectionToken token;
    const EpochFeed* feed;
    std::string address;
  };

  EpochStore& epochs_;
  const MasterTerm term_;
  mutable std::mutex mutex_;  // of all below, except the atomics
  std::condition_variable acknowledged_;
  MasterRules rules_;
  bool open_ = false;
  bool enough_ = true;
  std::map<ConnectionToken, Peer> peers_;
  std::int64_t prefix_checked_ms_ = 0;  // tick() only
  std::atomic<std::int64_t> confirmed_{0};
  std::atomic<std::int64_t> ping_interval_ms_;
  std::atomic<bool> alone_{false};
};

}  // namespace rmq::replication
