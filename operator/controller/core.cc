#include "operator/controller/core.h"

#include <algorithm>

#include "common/base/log.h"
#include "common/protocol/body/controller.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/controller.h"
#include "operator/controller/wire.h"

namespace rmq::controller {
namespace {

using protocol::Command;
using protocol::RequestCode;
using protocol::ResponseCode;

constexpr std::chrono::milliseconds kLoadAgain{500};
constexpr std::size_t kMaxNames = 1000;  // of one 1006
constexpr std::size_t kMaxReasons = 64;  // kinds of elections counted apart

Command plain(std::int32_t code, std::string remark = {}) {
  Command command;
  command.code = code;
  command.flag = protocol::kFlagResponse;
  command.remark = std::move(remark);
  return command;
}

// "master 2 is dead: its connection closed" -> "master is dead": what elections are counted by.
std::string kind_of(std::string_view reason) {
  std::string kind;
  for (const char c : reason.substr(0, reason.find(':'))) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(c == ' ' && (kind.empty() || kind.back() == ' '))) kind += c;
  }
  return kind;
}

Command plain(const election::Answer& answer) {
  return plain(answer.code, answer.remark);
}

}  // namespace

Core::Core(remoting::IoPool& pool, const Clock& clock, GroupStore& store, ControllerOptions options,
           ControllerCallbacks callbacks)
    : options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      clock_(clock),
      store_(store),
      strand_(std::make_shared<Strand>(pool.at(0))),
      client_(std::make_shared<remoting::Client>(pool)),
      host_{pool.at(0),
            strand_,
            clock,
            store,
            client_,
            options_,
            [this] { return may_lead(); },
            {},
            [this](const GroupStatus& status) {
              refresh_counts();
              if (callbacks_.status_changed) callbacks_.status_changed(status);
              if (status.version.empty()) {
                strand_->post([weak = weak_from_this(), name = status.name] {
                  if (auto self = weak.lock()) self->table_.sweep(name);
                });
              }
            },
            [this](const std::string& group, const election::ElectionRecord& record, double seconds) {
              count([&](ControllerMetrics& m) {
                if (!record.chosen) ++m.failed_elections;
                // Reasons are few; the bound is for a mistake's sake.
                const auto kind = kind_of(record.reason);
                if (m.elections.size() < kMaxReasons || m.elections.contains(kind)) ++m.elections[kind];
                m.election_seconds_sum += seconds;
                m.election_seconds_last = seconds;
              });
              if (callbacks_.elected) callbacks_.elected(group, record);
            },
            [this] { count([](ControllerMetrics& m) { ++m.write_conflicts; }); },
            [this] { count([](ControllerMetrics& m) { ++m.write_errors; }); }},
      table_(host_, callbacks_),
      load_timer_(pool.at(0)) {}

bool Core::accept(Command request, remoting::ReplyTo reply) {
  if (waiting_.fetch_add(1) >= options_.max_waiting_requests) {
    waiting_.fetch_sub(1);
    return false;
  }
  // Counted until the answer has left, however it leaves.
  auto waits = std::shared_ptr<void>(nullptr, [self = shared_from_this()](void*) { self->waiting_.fetch_sub(1); });
  reply.connection = std::shared_ptr<remoting::Connection>(reply.connection.get(),
                                                           [held = reply.connection, waits](remoting::Connection*) {});
  strand_->post([self = shared_from_this(), request = std::move(request), reply = std::move(reply)] {
    self->dispatch(request, reply);
  });
  return true;
}

void Core::close() {
  strand_->close([this] {
    follow({}, {});
    load_timer_.cancel();
  });
  client_->close();
}

void Core::set_own_address(std::string address) {
  strand_->run_and_wait([&] { own_address_ = std::move(address); });
}

void Core::lead() {
  if (wanted_) return;
  wanted_ = true;
  ++term_;
  leader_address_ = own_address_;
  leader_id_ = options_.self_id;
  load();
}

void Core::load() {
  store_.load([weak = weak_from_this(), strand = strand_, term = term_](Result<std::vector<StoredGroup>> groups) {
    strand->post([weak, term, groups = std::move(groups)]() mutable {
      auto self = weak.lock();
      if (self && self->wanted_ && self->term_ == term) self->loaded(std::move(groups));
    });
  });
}

void Core::loaded(Result<std::vector<StoredGroup>> groups) {
  if (!groups) {
    log::warn("the groups can't be loaded", {{"cluster", options_.cluster}, {"error", groups.error()}});
    load_timer_.expires_after(kLoadAgain);
    load_timer_.async_wait([weak = weak_from_this(), term = term_](const boost::system::error_code& error) {
      auto self = weak.lock();
      if (!error && self && self->wanted_ && self->term_ == term) self->load();
    });
    return;
  }
  log::info("the controller leads", {{"cluster", options_.cluster}, {"groups", groups->size()}});
  leading_ = true;
  // Not the moment of lead(): until now no heartbeat was listened to, so no silence counts.
  table_.open(std::move(*groups), clock_.monotonic_ms());
  refresh_counts();
}

void Core::follow(const std::string& leader_address, const std::string& leader_id) {
  if (wanted_) log::info("the controller does not lead", {{"cluster", options_.cluster}});
  wanted_ = false;
  leading_ = false;
  ++term_;
  leader_address_ = leader_address;
  leader_id_ = leader_id;
  table_.close();
  refresh_counts();
}

void Core::dispatch(const Command& request, const remoting::ReplyTo& reply) {
  count([](ControllerMetrics& m) { ++m.requests; });
  if (request.code == RequestCode::kControllerGetMetadataInfo) return reply.send(metadata());
  if (!may_lead()) return reply.send(plain(not_leader()));
  if (request.code == RequestCode::kControllerGetSyncStateData) return sync_state_data(request, reply);
  submit(request, reply);
}

void Core::submit(const Command& request, const remoting::ReplyTo& reply) {
  const auto view = request.view();
  auto parsed = parse_request(view);
  if (!parsed) return reply.send(plain(ResponseCode::kControllerInvalidRequest, parsed.error().message));
  if (request.code == RequestCode::kBrokerHeartbeat) count([](ControllerMetrics& m) { ++m.heartbeats; });
  remember(reply.connection, parsed->group, parsed->request);
  table_.submit(
      reply.connection->id(), parsed->cluster, parsed->group, std::move(parsed->request),
      [reply, code = request.code, cluster = parsed->cluster, group = parsed->group](const election::Answer& answer) {
        log::debug("answered", {{"code", code},
                                {"group", group},
                                {"with", answer.code},
                                {"remark", answer.remark},
                                {"peer", reply.connection->remote_address()}});
        reply.send(to_command(code, cluster, group, answer));
      });
}

// Whose process this connection belongs to: what registers or heartbeats over it.
void Core::remember(const remoting::ConnectionPtr& connection, const std::string& group,
                    const election::Request& request) {
  election::ReplicaId id = 0;
  if (const auto* r = std::get_if<election::HeartbeatRequest>(&request)) id = r->id;
  if (const auto* r = std::get_if<election::RegisterRequest>(&request)) id = r->id;
  if (id <= 0 || table_.spoke(connection->id(), group, id)) return;
  connection->on_close([weak = weak_from_this(), strand = strand_, number = connection->id()] {
    strand->post([weak, number] {
      if (auto self = weak.lock()) self->table_.connection_closed(number);
    });
  });
}

void Core::sync_state_data(const Command& request, const remoting::ReplyTo& reply) {
  if (request.body.empty()) return reply.send(plain(ResponseCode::kSuccess));
  auto names = protocol::parse_broker_names(request.body);
  if (!names || names->size() > kMaxNames) {
    return reply.send(plain(ResponseCode::kControllerInvalidRequest, names ? "too many names" : names.error().message));
  }
  struct Gathered {
    protocol::BrokerReplicasInfo body;
    std::size_t missing = 0;
    bool refused = false;
  };
  auto gathered = std::make_shared<Gathered>();
  gathered->missing = names->size() + 1;  // one for ourselves, so that nobody is last before all were asked
  auto one_less = [gathered, reply](const election::Answer* refusal) {
    if (refusal != nullptr && !gathered->refused) {
      gathered->refused = true;
      reply.send(plain(*refusal));
    }
    if (--gathered->missing != 0 || gathered->refused) return;
    auto response = plain(ResponseCode::kSuccess);
    response.body = protocol::to_body(gathered->body);
    reply.send(std::move(response));
  };
  for (const auto& name : *names) {
    table_.submit(0, {}, name, election::SyncStateRequest{},
                  [gathered, one_less, name](const election::Answer& answer) {
                    if (answer.replicas) gathered->body.replicas_info_table[name] = *answer.replicas;
                    one_less(answer.code == ResponseCode::kControllerNotLeader ? &answer : nullptr);
                  });
  }
  one_less(nullptr);
}

Command Core::metadata() const {
  auto response = plain(ResponseCode::kSuccess);
  protocol::GetMetaDataResponse header;
  header.group = options_.controller_group;
  header.controller_leader_id = leader_id_;
  header.controller_leader_address = leader_address_;
  header.is_leader = may_lead();
  header.peers = options_.peers;
  protocol::set_header(response, header);
  return response;
}

void Core::switchover(const std::string& group, std::int64_t id, const std::function<void(Status)>& done) {
  auto finish = [done](Status status) {
    if (done) done(std::move(status));
  };
  if (!may_lead()) return finish(fail(ErrorKind::kUnavailable, "this controller does not lead"));
  election::ElectMasterRequest request;
  request.id = id;
  request.designate = true;
  table_.submit(0, {}, group, request, [finish](const election::Answer& answer) {
    if (answer.code == ResponseCode::kSuccess) return finish({});
    finish(fail(ErrorKind::kConflict, answer.remark + " (" + std::to_string(answer.code) + ")"));
  });
}

void Core::refresh_counts() {
  count([this](ControllerMetrics& m) {
    m.leading = leading_;
    m.groups = table_.size();
    m.groups_without_master = table_.without_master();
  });
}

ControllerMetrics Core::metrics() const {
  const std::lock_guard lock(metrics_mutex_);
  return metrics_;
}

}  // namespace rmq::controller
