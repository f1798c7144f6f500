// The machine of the Controller: one leader at a time (a lease of the API server sees to that), each a new
// GroupController over what is stored. Carries out the actions; messages of a former leader may still arrive.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "operator/election/group_controller.h"
#include "sim/object_store.h"
#include "sim/scheduler.h"

namespace rmq::sim {

class World;

class ControllerHost {
 public:
  // Comes back to the place that asked, if a leader answers at all.
  using Reply = std::function<void(const election::Answer&)>;

  explicit ControllerHost(World& world);

  void start_leader();
  void stop_leader();
  bool leading() const { return leader_ != nullptr; }

  // ---- Called by replicas: go through the network.
  // A replica's connection to this leader; 0: there is none.
  election::Connection connection_of(int place);
  void request(int place, election::Request request, Reply reply, bool may_double = false);
  // The process at `place` ended; `machine_too`: nothing tells of it.
  void process_ended(int place, bool machine_too);

 private:
  election::Now now() const;
  void run(election::Actions actions);
  void carry_out(const election::Answer& answer);
  void carry_out(const election::Write& write);
  void carry_out(const election::AskPosition& ask);
  void carry_out(const election::Notify& notify);
  void carry_out(const election::Probe& probe);
  void carry_out(const election::ElectionEvent& event);
  void schedule_tick();

  struct Waiting {
    int place = 0;
    Reply reply;
  };

  World& world_;
  LocalClock clock_;
  std::unique_ptr<election::GroupController> leader_;
  std::uint64_t generation_ = 0;
  std::uint64_t version_ = 0;  // of the object as the leader knows it
  std::uint64_t next_request_ = 1;
  std::map<std::uint64_t, Waiting> waiting_;
  std::map<int, election::Connection> connections_;  // by place, of this leader
  election::Connection next_connection_ = 1;
  Time tick_at_ = 0;
  std::uint64_t tick_ = 0;
};

}  // namespace rmq::sim
