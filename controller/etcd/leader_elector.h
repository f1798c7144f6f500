// One leader among several Controllers: the key PREFIX/leader, held with an etcd lease. Who holds it leads; its value
// tells brokers where. Leading ends by our own clock before etcd can let anybody else lead, also when this process was
// frozen or etcd can't be reached.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/base/clock.h"
#include "controller/etcd/client.h"

namespace rmq::etcd {

struct LeaderElectorOptions {
  ClientOptions client;
  std::string key;                       // PREFIX/leader
  std::string id;                        // unique among the candidates
  std::string address;                   // where brokers reach this candidate
  std::chrono::seconds ttl{5};           // etcd's least is about 2 s with its default timing
  std::chrono::milliseconds retry{500};  // between looks at a key that another holds
};

struct LeaderCallbacks {
  // On the elector's thread. started and stopped alternate.
  std::function<void()> started_leading;
  std::function<void()> stopped_leading;
  // Another leads, or (both empty) nobody.
  std::function<void(const std::string& id, const std::string& address)> leader_seen;
};

class LeaderElector {
 public:
  // `clock` outlives the elector.
  LeaderElector(LeaderElectorOptions options, LeaderCallbacks callbacks, const Clock& clock);
  ~LeaderElector();  // stop()
  LeaderElector(const LeaderElector&) = delete;
  LeaderElector& operator=(const LeaderElector&) = delete;

  void start();
  // Stops leading (stopped_leading is called first), gives the lease back, joins. Not from a callback.
  void stop();

  // By the clock at the moment of asking. Thread-safe.
  bool is_leader() const;
  // What a write of ours must compare, so that a leader of the past writes nothing. nullopt: we do not lead.
  // Thread-safe.
  std::optional<Compare> fence() const;

 private:
  void run();
  std::chrono::milliseconds campaign();
  std::chrono::milliseconds renew();
  Status take();
  void lose(const char* why);
  void see(const std::string& value);
  bool wait(std::chrono::milliseconds time);  // false: stopping

  const LeaderElectorOptions options_;
  const LeaderCallbacks callbacks_;
  const Clock& clock_;
  Client client_;  // the thread's only

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::int64_t lead_until_ms_ = 0;    // monotonic; 0: not leading
  std::int64_t create_revision_ = 0;  // of the key while we hold it

  // The thread's only.
  std::int64_t lease_ = 0;
  bool failing_ = false;
  std::optional<std::string> seen_;
  std::thread thread_;
};

// The value of the leader's key. Fields that are missing are empty.
std::string leader_text(const std::string& id, const std::string& address);
struct LeaderRecord {
  std::string id;
  std::string address;
};
LeaderRecord parse_leader(const std::string& value);

}  // namespace rmq::etcd
