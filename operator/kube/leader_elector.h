// Holds a Lease for one of several candidates: 15 s lease, 10 s to renew it, a try each 2 s (lease_rules.h).
// One thread of its own, so that neither busy workers nor a busy event loop delay a renewal.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "operator/kube/client.h"
#include "operator/kube/lease_rules.h"

namespace rmq::kube {

extern const ResourceKind kLeaseKind;

struct LeaderElectorOptions {
  ObjectKey lease;
  std::string identity;  // unique among the candidates: the pod's name and something random
  LeaseTimes times;
};

struct LeaderCallbacks {
  // On the elector's thread; must return soon, for renewals wait.
  std::function<void()> started_leading;
  // Leading has ended or is about to; stop what only a leader may do. Called once per started_leading.
  std::function<void()> stopped_leading;
};

class LeaderElector {
 public:
  LeaderElector(Client& client, LeaderElectorOptions options, LeaderCallbacks callbacks);
  ~LeaderElector();  // stop()
  LeaderElector(const LeaderElector&) = delete;

  void start();
  // Stops leading (stopped_leading is called first), releases the lease, joins. Idempotent; not from a callback.
  void stop();

  // Judged by the clock at the moment of asking: turns false in time even if the thread is stuck. Thread-safe.
  bool is_leader() const;
  std::string holder() const;  // as last seen; "" if nobody

 private:
  void run();
  void try_once();
  void release();
  void settle();
  std::chrono::milliseconds request_timeout() const;
  std::chrono::milliseconds pause() const;

  Client& client_;
  const LeaderElectorOptions options_;
  const LeaderCallbacks callbacks_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  LeaseRules rules_;
  bool announced_ = false;  // started_leading was called, stopped_leading not yet
  bool stopping_ = false;
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace rmq::kube
