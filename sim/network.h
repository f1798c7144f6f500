// Links between the replicas and the Controller: control messages, which may be lost, late, doubled and out of order,
// and replication connections, which keep their order and may break at any time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "broker/replication/rules/slave_rules.h"
#include "sim/log_model.h"
#include "sim/plan.h"
#include "sim/scheduler.h"

namespace rmq::sim {

// A place: a replica's machine (0, 1, ...), or the Controller's (the number of replicas).
using Place = int;

struct HaMessage {
  enum class Kind { kSlaveHello, kMasterHello, kAck, kBatch, kPing, kEcho };
  Kind kind = Kind::kAck;
  std::int64_t number = 0;  // hello: id; master's hello: its end; ack: offset; ping and echo: when the ping was sent
  replication::BatchHeader header;
  std::vector<Record> records;
  replication::EpochList epochs;
};

class Network {
 public:
  using ConnectionId = std::uint64_t;
  struct Endpoint {
    // false: not now (frozen); it is tried again.
    std::function<bool()> ready;
    std::function<void(ConnectionId, const HaMessage&)> on_message;
    std::function<void(ConnectionId)> on_closed;
  };

  Network(Scheduler& scheduler, Random& random, const Plan& plan);

  // ---- Links
  bool cut(Place from, Place to) const { return cuts_[index(from, to)] > 0; }
  // Nothing goes from `from` to `to` for `time`.
  void cut_link(Place from, Place to, Time time);
  void slow_down(Place to, Time time);
  void heal();  // and nothing is lost, late or doubled from now on

  // ---- Control messages
  void send(Place from, Place to, std::function<void()> deliver, bool may_double = false);

  // ---- Replication connections
  void set_endpoint(Place place, Endpoint endpoint) {
    endpoints_[static_cast<std::size_t>(place)] = std::move(endpoint);
  }
  ConnectionId connect(Place slave, Place master);
  void push(ConnectionId id, Place from, HaMessage message);
  // One side closes. The other one is told unless the link is cut or `silent` (its machine is gone).
  void close(ConnectionId id, Place side, bool silent = false);
  // What is in flight is lost, and both sides learn it.
  void break_connection(ConnectionId id);
  bool open_at(ConnectionId id, Place side) const;
  std::size_t connections() const { return connections_.size(); }
  ConnectionId connection_at(std::size_t nth) const;

 private:
  struct Pipe {
    std::deque<HaMessage> messages;
    bool busy = false;
  };
  struct Connection {
    Place slave = 0, master = 0;
    bool slave_open = true, master_open = true;
    bool broken = false;  // nothing goes through any more, though a side may not know yet
    Pipe to_slave, to_master;
  };

  std::size_t index(Place from, Place to) const { return static_cast<std::size_t>(from * places_ + to); }
  Time delay();
  void pump(ConnectionId id, bool to_slave, Time wait);
  void deliver(ConnectionId id, bool to_slave);
  void forget(ConnectionId id);

  Scheduler& scheduler_;
  Random& random_;
  const Plan& plan_;
  int places_;
  bool calm_ = false;
  std::vector<int> cuts_;  // a count: cuts may overlap
  std::vector<Time> slow_until_;
  std::vector<Endpoint> endpoints_;
  std::map<ConnectionId, Connection> connections_;
  ConnectionId next_ = 1;
  std::uint64_t healed_ = 0;
};

}  // namespace rmq::sim
