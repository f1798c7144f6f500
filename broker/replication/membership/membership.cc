#include "broker/replication/membership/membership.h"

#include <pthread.h>

#include <algorithm>
#include <deque>

#include "common/base/log.h"
#include "common/protocol/body/controller.h"
#include "common/protocol/body/json_body.h"
#include "common/protocol/codes.h"

namespace rmq::replication {

using protocol::Command;
using protocol::ResponseCode;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kCallLimit{3'000};
constexpr milliseconds kDecisionLimit{5'000};  // registrations and elections: they may wait for others
constexpr milliseconds kHeartbeatLimit{3'000};
constexpr std::size_t kMaxEvents = 10'000;  // more than can be under way; beyond, the oldest news are lost

}  // namespace

// Events for the thread; closures run there. Callbacks of calls hold it, so they may come after the end.
struct Membership::Inbox {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> events;
  bool stopping = false;

  void post(std::function<void()> event) {
    {
      std::lock_guard lock(mutex);
      if (stopping) return;
      if (events.size() >= kMaxEvents) events.pop_front();
      events.push_back(std::move(event));
    }
    changed.notify_all();
  }
};

Membership::Membership(MembershipOptions options, remoting::Client& client, const Clock& clock,
                       MembershipListener& listener)
    : options_(std::move(options)),
      client_(client),
      clock_(clock),
      listener_(listener),
      files_(options_.identity_path),
      inbox_(std::make_shared<Inbox>()) {}

Membership::~Membership() {
  stop();
}

Status Membership::start() {
  RMQ_TRY(auto identity, files_.load());
  std::optional<BrokerIdentity> temporary;
  if (!identity) {
    // A torn temporary file held nothing that was granted.
    if (auto loaded = files_.load_temporary()) temporary = std::move(*loaded);
  }
  for (const auto& found : {identity, temporary}) {
    if (found && (found->cluster != options_.facts.cluster || found->name != options_.facts.name)) {
      return fail(ErrorKind::kInvalid, options_.identity_path + " is of " + found->cluster + "/" + found->name +
                                           ", not of " + options_.facts.cluster + "/" + options_.facts.name);
    }
  }
  MachineOptions options;
  options.cluster = options_.facts.cluster;
  options.name = options_.facts.name;
  options.address = options_.facts.address;
  options.poll_ms = options_.poll_ms;
  options.find_leader_ms = options_.find_leader_ms;
  machine_ = std::make_unique<Machine>(std::move(options), std::move(identity), std::move(temporary));
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "membership");
  return {};
}

void Membership::stop() {
  {
    std::lock_guard lock(inbox_->mutex);
    inbox_->stopping = true;
    inbox_->events.clear();
  }
  inbox_->changed.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Membership::post(std::function<void()> event) {
  inbox_->post(std::move(event));
}

std::string Membership::leader() const {
  std::lock_guard lock(status_mutex_);
  return status_.leader;
}

MembershipStatus Membership::status() const {
  std::lock_guard lock(status_mutex_);
  return status_;
}

void Membership::run() {
  std::unique_lock lock(inbox_->mutex);
  while (!inbox_->stopping) {
    auto events = std::exchange(inbox_->events, {});
    lock.unlock();
    for (auto& event : events) event();
    const auto now = clock_.monotonic_ms();
    {
      std::lock_guard status_lock(status_mutex_);
      status_.own_id = machine_->own_id();
      status_.registered = machine_->registered();
      status_.leader = machine_->leader();
    }
    if (machine_->view_version() != told_version_ && machine_->own_id()) {
      told_version_ = machine_->view_version();
      listener_.on_view(machine_->view(), *machine_->own_id(), lease_ms_);
    }
    if (now >= next_heartbeat_ms_) send_heartbeats(now);
    if (const auto step = machine_->next(now, clock_.wall_ms()); step != Step::kWait) do_step(step);
    const auto wake = std::min(machine_->wake_ms(), next_heartbeat_ms_);
    lock.lock();
    const auto nap = std::clamp<std::int64_t>(wake - clock_.monotonic_ms(), 0, options_.heartbeat_ms);
    inbox_->changed.wait_for(lock, milliseconds(nap), [&] { return inbox_->stopping || !inbox_->events.empty(); });
  }
}

// To all controllers, as the original does: whoever leads next must not take silence for death.
void Membership::send_heartbeats(std::int64_t now) {
  next_heartbeat_ms_ = now + options_.heartbeat_ms;
  const auto id = machine_->own_id();
  if (!id || !machine_->registered()) return;  // before, the Controller would take them for signs of the former life
  auto targets = options_.controllers();
  const auto& leader = machine_->leader();
  if (!leader.empty() && std::ranges::find(targets, leader) == targets.end()) targets.push_back(leader);
  const auto request = heartbeat_request(options_.facts, *id, listener_.progress());
  for (const auto& target : targets) {
    const auto sent = clock_.monotonic_ms();
    client_.call(target, request, kHeartbeatLimit, [this, inbox = inbox_, target, sent](Result<Command> answer) {
      inbox->post([this, target, sent, answer = std::move(answer)] {
        if (target != machine_->leader()) return;
        const auto heard = clock_.monotonic_ms();
        if (!answer || answer->code == ResponseCode::kControllerNotLeader)
          return machine_->on_leader_lost(target, heard);
        if (answer->code == ResponseCode::kControllerBrokerMetadataNotExist ||
            answer->code == ResponseCode::kControllerBrokerNeedToBeRegistered) {
          return machine_->on_unknown(heard);
        }
        if (answer->code != ResponseCode::kSuccess) return;
        {
          std::lock_guard lock(status_mutex_);
          status_.last_answer_ms = heard;
        }
        const auto named = lease_of(*answer);
        if (named > 0) lease_ms_ = named;
        const auto lease = named > 0 ? named : lease_ms_ > 0 ? 0 : options_.fallback_lease_ms;
        if (lease > 0) listener_.on_lease(sent, lease);
      });
    });
  }
}

void Membership::do_step(Step step) {
  switch (step) {
    case Step::kFindLeader: return find_leader();
    case Step::kSaveTemporary:
    case Step::kSaveIdentity: {
      const auto& identity = machine_->wanted();
      const auto saved = step == Step::kSaveIdentity ? files_.save(identity) : files_.save_temporary(identity);
      StepResult result;
      if (!saved) result.error = saved.error();
      post([this, step, result] { machine_->on_result(step, result, clock_.monotonic_ms()); });
      return;
    }
    case Step::kElect: send_heartbeats(clock_.monotonic_ms()); break;  // who is elected must be known to live
    default: break;
  }
  const auto request = step_request(step, options_.facts, machine_->wanted(), clock_.wall_ms());
  const bool decides = step == Step::kRegister || step == Step::kElect;
  client_.call(machine_->leader(), request, decides ? kDecisionLimit : kCallLimit,
               [this, inbox = inbox_, step](Result<Command> answer) {
                 inbox->post([this, step, answer = std::move(answer)] {
                   if (step == Step::kRegister && answer && answer->code == ResponseCode::kSuccess) {
                     lease_ms_ = lease_of(*answer);
                     next_heartbeat_ms_ = 0;
                   }
                   machine_->on_result(step, step_result(step, answer), clock_.monotonic_ms());
                 });
               });
}

// Asks all at once; the first that names a leader is believed, for if it is wrong the leader it named says so.
void Membership::find_leader() {
  struct Round {
    std::size_t open = 0;
    bool done = false;
    std::optional<Error> error;
  };
  const auto targets = options_.controllers();
  auto round = std::make_shared<Round>();
  round->open = targets.size();
  if (targets.empty()) {
    StepResult result;
    result.error = Error{ErrorKind::kUnavailable, "no controller's address is known"};
    return post([this, result] { machine_->on_result(Step::kFindLeader, result, clock_.monotonic_ms()); });
  }
  for (const auto& target : targets) {
    client_.call(target, find_leader_request(), kCallLimit, [this, inbox = inbox_, round](Result<Command> answer) {
      inbox->post([this, round, leader = leader_of(answer)] {
        --round->open;
        if (!leader) round->error = leader.error();
        const bool named = leader && !leader->empty();
        if (round->done || (!named && round->open > 0)) return;
        round->done = true;
        StepResult result;
        if (named) {
          result.leader = *leader;
        } else if (round->error) {
          result.error = round->error;
        }
        machine_->on_result(Step::kFindLeader, result, clock_.monotonic_ms());
      });
    });
  }
}

void Membership::notify(const GroupView& view) {
  post([this, view] { machine_->on_notified(view, clock_.monotonic_ms()); });
}

void Membership::heartbeat_now() {
  post([this] { next_heartbeat_ms_ = 0; });
}

void Membership::propose(const Proposal& proposal, std::int32_t master_epoch) {
  post([this, proposal, master_epoch] {
    const auto id = machine_->own_id();
    if (!id || machine_->leader().empty()) return listener_.on_alter_refused(proposal.number);
    const auto request =
        alter_request(options_.facts, *id, master_epoch, proposal.set, proposal.set_epoch, clock_.wall_ms());
    client_.call(machine_->leader(), request, kCallLimit,
                 [this, inbox = inbox_, proposal, leader = machine_->leader()](Result<Command> answer) {
                   inbox->post([this, proposal, leader, answer = std::move(answer)] {
                     const auto now = clock_.monotonic_ms();
                     if (!answer) {
                       machine_->on_leader_lost(leader, now);
                       machine_->look_again(now);
                       return listener_.on_alter_unknown(proposal.number);
                     }
                     if (answer->code != ResponseCode::kSuccess) {
                       log::info("sync set refused", {{"code", answer->code}, {"remark", answer->remark}});
                       if (answer->code == ResponseCode::kControllerNotLeader) machine_->on_leader_lost(leader, now);
                       machine_->look_again(now);
                       return listener_.on_alter_refused(proposal.number);
                     }
                     const auto set = protocol::parse_body<protocol::SyncStateSet>(answer->body);
                     if (!set) {
                       machine_->look_again(now);
                       return listener_.on_alter_unknown(proposal.number);
                     }
                     listener_.on_altered(set->members, set->epoch);
                   });
                 });
  });
}

Status Membership::resign(std::int32_t epoch, milliseconds limit) {
  const auto now = status();
  if (!now.own_id || now.leader.empty()) return fail(ErrorKind::kUnavailable, "no controller is known");
  auto answer =
      client_.call_and_wait(now.leader, resign_request(options_.facts, *now.own_id, epoch, clock_.wall_ms()), limit);
  if (!answer) return fail(std::move(answer).error().with("resign"));
  const auto result = step_result(Step::kElect, answer);
  if (result.error) return fail(*result.error);
  if (result.code != ResponseCode::kSuccess) return fail(ErrorKind::kConflict, result.remark);
  if (result.view) notify(*result.view);
  return {};
}

}  // namespace rmq::replication
