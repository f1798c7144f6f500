#include "operator/controller/group_runner.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/controller.h"
#include "operator/controller/process_probe.h"

namespace rmq::controller {
namespace {

using election::Actions;
using election::GroupController;
using election::GroupState;
using election::Now;
using std::chrono::milliseconds;

constexpr std::size_t kMaxDeferred = 4096;
constexpr std::int64_t kLookAgainMs = 50;  // whether we may lead again
constexpr milliseconds kProbeAgainAfter[] = {milliseconds(20),  milliseconds(50),   milliseconds(100),
                                             milliseconds(200), milliseconds(500),  milliseconds(500),
                                             milliseconds(500), milliseconds(1000), milliseconds(1000)};

// What a broker says of itself (1007). An answer of another broker, which has the address now, is no answer.
std::optional<election::Position> position_of(const protocol::Command& answer, const std::string& group,
                                              election::ReplicaId id) {
  if (answer.code != protocol::ResponseCode::kSuccess) return std::nullopt;
  const auto view = answer.view();
  const auto header = protocol::decode_header<protocol::GetBrokerEpochCacheResponse>(view);
  const auto body = protocol::parse_body<protocol::EpochEntryCache>(view.body);
  if (!header || !body || body->broker_name != group) return std::nullopt;
  // A stock master says 0; one that has just started and was told no role yet says -1.
  if (body->broker_id > 0 && body->broker_id != id) return std::nullopt;
  election::Position position;
  for (const auto& entry : body->epoch_list) position.last_epoch = std::max(position.last_epoch, entry.epoch);
  position.end = body->max_offset;
  position.fenced = header->fenced.value_or(false);
  return position;
}

bool same(const GroupStatus& a, const GroupStatus& b) {
  return a.version == b.version && a.electing == b.electing &&
         std::equal(a.replicas.begin(), a.replicas.end(), b.replicas.begin(), b.replicas.end(),
                    [](const election::ReplicaStatus& x, const election::ReplicaStatus& y) {
                      return x.id == y.id && x.address == y.address && x.alive == y.alive && x.in_sync == y.in_sync &&
                             x.master == y.master && lag_band(x) == lag_band(y);
                    });
}

std::optional<GroupState> state_of(const StoredGroup& stored) {
  return stored.state ? std::optional<GroupState>(*stored.state) : std::nullopt;
}

}  // namespace

GroupRunner::GroupRunner(GroupHost& host, const election::Policy& policy, const std::string& cluster,
                         StoredGroup stored, std::int64_t leader_since_ms)
    : host_(host),
      name_(stored.name),
      machine_(policy, stored.state ? stored.state->cluster : cluster, stored.name, state_of(stored), leader_since_ms),
      stored_(std::move(stored)),
      timer_(host.io) {}

void GroupRunner::start() {
  report();
  arm();
}

GroupStatus GroupRunner::status() const {
  static const auto kNothing = std::make_shared<const GroupState>();
  return {name_, stored_.version, stored_.state ? stored_.state : kNothing, machine_.status(now()),
          machine_.electing()};
}

void GroupRunner::request(election::RequestId id, election::Connection connection, election::Request request) {
  ++open_requests_;
  // Never deferred: the server has seen that we may lead, and a late answer helps nobody.
  run([id, connection, request = std::move(request)](GroupController& machine, Now now) {
    return machine.on_request(now, id, connection, request);
  });
}

void GroupRunner::connection_closed(election::ReplicaId id, election::Connection connection) {
  feed([id, connection](GroupController& machine, Now now) {
    return machine.on_connection_closed(now, id, connection);
  });
}

void GroupRunner::process_dead(const std::string& replica, const std::string& evidence) {
  election::ReplicaId id = 0;
  const auto [end, error] = std::from_chars(replica.data(), replica.data() + replica.size(), id);
  const bool is_id = error == std::errc{} && end == replica.data() + replica.size();
  feed([=](GroupController& machine, Now now) {
    if (is_id) return machine.on_process_dead(now, id, evidence);
    if (machine.state()) {
      for (const auto& [known, details] : machine.state()->replicas) {
        if (details.address == replica) return machine.on_process_dead(now, known, evidence);
      }
    }
    return Actions{};
  });
}

void GroupRunner::process_suspected(election::ReplicaId id, const std::string& evidence) {
  feed([=](GroupController& machine, Now now) { return machine.on_process_suspected(now, id, evidence); });
}

void GroupRunner::set_policy(const election::Policy& policy) {
  machine_.set_policy(policy);
  feed([](GroupController& machine, Now now) { return machine.on_tick(now); });
}

void GroupRunner::feed(Input input) {
  if (deferred_.empty() && host_.may_lead()) return run(input);
  if (deferred_.size() < kMaxDeferred) deferred_.push_back(std::move(input));
  arm();
}

void GroupRunner::run(const Input& input) {
  const auto self = shared_from_this();  // an answer's receiver may let go of us
  carry_out(input(machine_, now()));
  if (machine_.electing() && election_began_ms_ < 0) election_began_ms_ = now().ms;
  if (!machine_.electing()) election_began_ms_ = -1;
  report();
  arm();
}

void GroupRunner::carry_out(Actions actions) {
  for (auto& action : actions) {
    std::visit([this](auto& concrete) { carry_out(concrete); }, action);
  }
}

void GroupRunner::carry_out(election::Answer& action) {
  if (open_requests_ > 0) --open_requests_;
  host_.answer(std::move(action));
}

void GroupRunner::carry_out(election::Write& action) {
  writing_ = true;
  auto state = std::make_shared<const GroupState>(std::move(action.state));
  auto done = [weak = weak_from_this(), strand = host_.strand,
               next = action.erase ? nullptr : state](WriteOutcome outcome) {
    strand->post([weak, next, outcome = std::move(outcome)] {
      if (auto self = weak.lock()) self->written(outcome, next);
    });
  };
  if (action.erase) return host_.store.compare_and_remove(name_, stored_.version, std::move(done));
  host_.store.compare_and_swap(name_, stored_.version, state, std::move(done));
}

void GroupRunner::written(WriteOutcome outcome, std::shared_ptr<const GroupState> state) {
  auto result = election::WriteResult::kError;
  std::optional<GroupState> actual;
  switch (outcome.what) {
    case WriteOutcome::What::kWritten:
      result = election::WriteResult::kOk;
      stored_.version = outcome.version;
      stored_.state = std::move(state);
      break;
    case WriteOutcome::What::kConflict:
      result = election::WriteResult::kConflict;
      stored_.version = outcome.actual.version;
      stored_.state = outcome.actual.state;
      actual = state_of(stored_);
      host_.write_conflict();
      log::info("a group was changed by somebody else", {{"group", name_}, {"version", stored_.version}});
      break;
    case WriteOutcome::What::kError:
      // The old version stays: the next compare-and-swap's conflict tells whether this one was done.
      host_.write_error();
      log::warn("a group's state was not written", {{"group", name_}, {"error", outcome.error}});
      break;
  }
  feed([this, result, actual](GroupController& machine, Now now) {
    writing_ = false;  // only now: until the machine knows, this group is not idle
    return machine.on_written(now, result, actual);
  });
}

void GroupRunner::carry_out(election::AskPosition& action) {
  protocol::Command request;
  request.code = protocol::RequestCode::kGetBrokerEpochCache;
  protocol::set_header(request, protocol::GetBrokerEpochCacheRequest{action.fence_epoch});
  const milliseconds limit(std::max<std::int64_t>(machine_.policy().position_wait_ms, 1));
  host_.client->call(action.address, std::move(request), limit,
                     [weak = weak_from_this(), strand = host_.strand, group = name_, id = action.id,
                      ask = action.ask](Result<protocol::Command> answer) {
                       auto position = answer ? position_of(*answer, group, id) : std::nullopt;
                       log::debug("position", {{"group", group},
                                               {"replica", id},
                                               {"end", position ? position->end : -1},
                                               {"error", answer ? answer->remark : answer.error().message}});
                       strand->post([weak, ask, position] {
                         auto self = weak.lock();
                         if (!self) return;
                         self->feed([ask, position](GroupController& machine, Now now) {
                           return machine.on_position(now, ask, position);
                         });
                       });
                     });
}

void GroupRunner::carry_out(election::Notify& action) {
  protocol::Command request;
  request.code = protocol::RequestCode::kNotifyBrokerRoleChanged;
  protocol::NotifyBrokerRoleChangedRequest header;
  header.master_address = action.master_address;
  header.master_epoch = action.master_epoch;
  header.sync_state_set_epoch = action.sync_set.epoch;
  header.master_broker_id = action.master;
  protocol::set_header(request, header);
  request.body = protocol::to_body(action.sync_set);
  host_.client->oneway(action.address, std::move(request));
}

void GroupRunner::carry_out(election::Probe& action) {
  probe(action.id, action.address, 0);
}

// A process that dies closes its sockets one after the other, one that ends in order takes seconds for it: its port may
// still listen when its connection has closed. A replica that came back meanwhile is not hurt: the machine counts the
// evidence only while no connection of it is open.
void GroupRunner::probe(election::ReplicaId id, const std::string& address, std::size_t attempt) {
  probe_process(host_.io, address, host_.options.probe_timeout,
                [weak = weak_from_this(), id, address, attempt](ProbeAnswer answer) {
                  auto self = weak.lock();
                  if (!self) return;
                  if (answer != ProbeAnswer::kRefused) return self->probe_later(id, address, attempt);
                  const auto evidence = "its connection closed, and a connect to " + address + " is refused";
                  if (self->host_.options.refused_connect_is_proof) {
                    self->process_dead(std::to_string(id), evidence);
                  } else {
                    self->process_suspected(id, evidence);
                  }
                });
}

void GroupRunner::probe_later(election::ReplicaId id, const std::string& address, std::size_t attempt) {
  if (attempt >= std::size(kProbeAgainAfter)) return;
  auto timer = std::make_shared<boost::asio::steady_timer>(host_.io, kProbeAgainAfter[attempt]);
  timer->async_wait([weak = weak_from_this(), timer, id, address, attempt](const boost::system::error_code& error) {
    auto self = weak.lock();
    if (!error && self) self->probe(id, address, attempt + 1);
  });
}

void GroupRunner::carry_out(election::ElectionEvent& action) {
  const auto& record = action.record;
  const auto began = election_began_ms_ < 0 ? now().ms : election_began_ms_;
  log::info("election", {{"group", name_},
                         {"epoch", record.epoch},
                         {"master", record.chosen ? std::to_string(*record.chosen) : "none"},
                         {"reason", record.reason},
                         {"mayBeLost", record.may_be_lost}});
  host_.elected(name_, record, static_cast<double>(now().ms - began) / 1000.0);
}

void GroupRunner::arm() {
  const auto time = now();
  const auto until = std::max<std::int64_t>(machine_.next_wakeup_ms(time) - time.ms, 1);
  arm_after(deferred_.empty() ? until : std::min(until, kLookAgainMs));
}

void GroupRunner::arm_after(std::int64_t delay_ms) {
  timer_.expires_after(milliseconds(delay_ms));
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    auto self = weak.lock();
    if (error || !self) return;
    if (!self->host_.may_lead()) return self->arm_after(kLookAgainMs);
    for (auto inputs = std::exchange(self->deferred_, {}); const auto& input : inputs) self->run(input);
    self->run([](GroupController& machine, Now now) { return machine.on_tick(now); });
  });
}

void GroupRunner::report() {
  if (!stored_.state && !reported_) return;  // nothing was ever there
  auto current = status();
  if (reported_ && same(*reported_, current)) return;
  reported_ = std::move(current);
  host_.changed(*reported_);
}

}  // namespace rmq::controller
