#include "sim/network.h"

#include <iterator>
#include <memory>
#include <utility>

namespace rmq::sim {
namespace {

constexpr Time kRetry = 120;  // of a segment that did not get through

}  // namespace

Network::Network(Scheduler& scheduler, Random& random, const Plan& plan)
    : scheduler_(scheduler),
      random_(random),
      plan_(plan),
      places_(plan.replicas + 1),
      cuts_(static_cast<std::size_t>(places_ * places_), 0),
      slow_until_(static_cast<std::size_t>(places_), 0),
      endpoints_(static_cast<std::size_t>(places_)) {}

void Network::cut_link(Place from, Place to, Time time) {
  if (from == to) return;
  ++cuts_[index(from, to)];
  scheduler_.after(time, [this, from, to, then = healed_] {
    if (then == healed_) --cuts_[index(from, to)];
  });
}

void Network::slow_down(Place to, Time time) {
  slow_until_[static_cast<std::size_t>(to)] = scheduler_.now() + time;
}

void Network::heal() {
  calm_ = true;
  ++healed_;
  for (int& cut : cuts_) cut = 0;
  for (Time& until : slow_until_) until = 0;
}

Time Network::delay() {
  if (!calm_ && plan_.delays && random_.chance(4)) return random_.between(200, 4000);
  return random_.between(1, 12);
}

void Network::send(Place from, Place to, std::function<void()> deliver, bool may_double) {
  if (cut(from, to)) {
    // Either the connection breaks, or the segment comes through in the end.
    if (!random_.chance(30)) return;
    scheduler_.after(random_.between(300, 6000), [this, from, to, deliver = std::move(deliver)] {
      if (!cut(from, to)) deliver();
    });
    return;
  }
  if (may_double && plan_.duplicates && !calm_ && random_.chance(10)) scheduler_.after(delay() * 3, deliver);
  scheduler_.after(delay(), [this, from, to, deliver = std::move(deliver)] {
    if (cut(from, to) && random_.chance(50)) return;
    deliver();
  });
}

Network::ConnectionId Network::connect(Place slave, Place master) {
  const ConnectionId id = next_++;
  Connection& connection = connections_[id];
  connection.slave = slave;
  connection.master = master;
  return id;
}

void Network::push(ConnectionId id, Place from, HaMessage message) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.broken) return;
  const bool to_slave = from == found->second.master;
  Pipe& pipe = to_slave ? found->second.to_slave : found->second.to_master;
  pipe.messages.push_back(std::move(message));
  if (!pipe.busy) pump(id, to_slave, random_.between(1, 8));
}

void Network::pump(ConnectionId id, bool to_slave, Time wait) {
  Connection& connection = connections_[id];
  (to_slave ? connection.to_slave : connection.to_master).busy = true;
  const Place to = to_slave ? connection.slave : connection.master;
  if (slow_until_[static_cast<std::size_t>(to)] > scheduler_.now()) wait += random_.between(50, 600);
  scheduler_.after(wait, [this, id, to_slave] { deliver(id, to_slave); });
}

void Network::deliver(ConnectionId id, bool to_slave) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.broken) return;
  Connection& connection = found->second;
  const Place from = to_slave ? connection.master : connection.slave;
  const Place to = to_slave ? connection.slave : connection.master;
  Pipe& pipe = to_slave ? connection.to_slave : connection.to_master;
  if (!(to_slave ? connection.slave_open : connection.master_open)) return;
  Endpoint& endpoint = endpoints_[static_cast<std::size_t>(to)];
  if (cut(from, to) || !endpoint.ready()) {
    pump(id, to_slave, kRetry);
    return;
  }
  const HaMessage message = std::move(pipe.messages.front());
  pipe.messages.pop_front();
  if (pipe.messages.empty()) {
    pipe.busy = false;
  } else {
    pump(id, to_slave, random_.between(0, 3));
  }
  endpoint.on_message(id, message);
}

void Network::close(ConnectionId id, Place side, bool silent) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  const bool slave_side = side == connection.slave;
  (slave_side ? connection.slave_open : connection.master_open) = false;
  const Place other = slave_side ? connection.master : connection.slave;
  if (!(slave_side ? connection.master_open : connection.slave_open)) {
    forget(id);
    return;
  }
  if (silent || cut(side, other)) return;  // it learns by silence
  scheduler_.after(random_.between(1, 15), [this, id, other] {
    if (!open_at(id, other)) return;
    endpoints_[static_cast<std::size_t>(other)].on_closed(id);
  });
}

void Network::break_connection(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  connection.broken = true;
  for (const Place side : {connection.slave, connection.master}) {
    scheduler_.after(random_.between(0, 300), [this, id, side] {
      if (open_at(id, side)) endpoints_[static_cast<std::size_t>(side)].on_closed(id);
    });
  }
}

bool Network::open_at(ConnectionId id, Place side) const {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return false;
  return side == found->second.slave ? found->second.slave_open : found->second.master_open;
}

Network::ConnectionId Network::connection_at(std::size_t nth) const {
  return std::next(connections_.begin(), static_cast<std::ptrdiff_t>(nth))->first;
}

void Network::forget(ConnectionId id) {
  connections_.erase(id);
}

}  // namespace rmq::sim
