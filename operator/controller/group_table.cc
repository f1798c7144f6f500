#include "operator/controller/group_table.h"

#include <algorithm>

#include "common/base/log.h"
#include "common/protocol/codes.h"

namespace rmq::controller {
namespace {

using protocol::ResponseCode;

constexpr std::size_t kMaxSpeakers = 64;  // brokers over one connection: containers of brokers share one
constexpr std::size_t kMaxName = 255;

election::Answer refusal(std::int32_t code, std::string remark) {
  election::Answer answer;
  answer.code = code;
  answer.remark = std::move(remark);
  return answer;
}

}  // namespace

election::Answer not_leader() {
  return refusal(ResponseCode::kControllerNotLeader, "The controller is not in leader state");
}

GroupTable::GroupTable(GroupHost& host, const ControllerCallbacks& callbacks) : host_(host), callbacks_(callbacks) {
  host_.answer = [this](const election::Answer& a) { answer(a); };
}

void GroupTable::open(std::vector<StoredGroup> stored, std::int64_t leader_since_ms) {
  leader_since_ms_ = leader_since_ms;
  for (auto& group : stored) {
    const auto name = group.name;
    auto policy = callbacks_.policy_of(name);
    if (!policy) {
      log::warn("a stored group is not ours", {{"group", name}, {"error", policy.error()}});
      continue;
    }
    auto runner = std::make_shared<GroupRunner>(host_, *policy, std::string(), std::move(group), leader_since_ms);
    groups_[name] = runner;
    runner->start();
  }
}

void GroupTable::close() {
  groups_.clear();
  speakers_.clear();
  const auto told = not_leader();
  for (auto waiting = std::exchange(waiting_, {}); auto& [id, waiter] : waiting) waiter.done(told);
}

GroupRunner* GroupTable::find_or_make(const std::string& cluster, const std::string& name, std::string& why_not) {
  if (auto found = groups_.find(name); found != groups_.end()) return found->second.get();
  if (name.empty() || name.size() > kMaxName) {
    why_not = "not a broker name";
    return nullptr;
  }
  if (groups_.size() >= host_.options.max_groups) {
    why_not = "too many broker groups";
    return nullptr;
  }
  auto policy = callbacks_.policy_of(name);
  if (!policy) {
    why_not = policy.error().message;
    return nullptr;
  }
  auto runner =
      std::make_shared<GroupRunner>(host_, *policy, cluster, StoredGroup{name, {}, nullptr}, leader_since_ms_);
  groups_[name] = runner;
  runner->start();
  return runner.get();
}

void GroupTable::submit(election::Connection connection, const std::string& cluster, const std::string& name,
                        election::Request request, Answered done) {
  std::string why_not;
  auto* group = find_or_make(cluster, name, why_not);
  if (group == nullptr) return done(refusal(ResponseCode::kControllerInvalidRequest, why_not));
  const auto id = next_request_++;
  waiting_.emplace(id, Waiting{name, std::move(done)});
  group->request(id, connection, std::move(request));
  sweep(name);
}

void GroupTable::answer(const election::Answer& answer) {
  auto found = waiting_.find(answer.request);
  if (found == waiting_.end()) return;
  const auto waiter = std::move(found->second);
  waiting_.erase(found);
  waiter.done(answer);
}

void GroupTable::sweep(const std::string& name) {
  const auto found = groups_.find(name);
  if (found != groups_.end() && found->second->idle()) groups_.erase(found);
}

bool GroupTable::spoke(election::Connection connection, const std::string& name, election::ReplicaId id) {
  const auto [entry, is_new] = speakers_.try_emplace(connection);
  if (entry->second.size() < kMaxSpeakers) entry->second.emplace(name, id);
  return !is_new;
}

void GroupTable::connection_closed(election::Connection connection) {
  const auto found = speakers_.find(connection);
  if (found == speakers_.end()) return;
  const auto speakers = std::move(found->second);
  speakers_.erase(found);
  for (const auto& [name, id] : speakers) {
    if (auto group = groups_.find(name); group != groups_.end()) {
      group->second->connection_closed(id, connection);
    }
  }
}

void GroupTable::process_dead(const std::string& name, const std::string& replica, const std::string& evidence) {
  if (auto group = groups_.find(name); group != groups_.end()) group->second->process_dead(replica, evidence);
}

void GroupTable::set_policy(GroupRunner& group, const std::string& name) {
  const auto policy = callbacks_.policy_of(name);
  // One that is no longer ours keeps its last policy: its brokers must not lose their master for that.
  if (policy) group.set_policy(*policy);
}

void GroupTable::policy_changed(const std::string& name) {
  for (const auto& [known, group] : groups_) {
    if (name.empty() || name == known) set_policy(*group, known);
  }
}

void GroupTable::forget(const std::string& name) {
  if (groups_.erase(name) == 0) return;
  std::vector<Answered> refused;
  std::erase_if(waiting_, [&](auto& item) {
    if (item.second.group != name) return false;
    refused.push_back(std::move(item.second.done));
    return true;
  });
  const auto told = refusal(ResponseCode::kControllerBrokerMetadataNotExist, "The group was removed");
  for (const auto& done : refused) done(told);
}

std::vector<GroupStatus> GroupTable::statuses() const {
  std::vector<GroupStatus> result;
  result.reserve(groups_.size());
  for (const auto& [name, group] : groups_) result.push_back(group->status());
  return result;
}

std::size_t GroupTable::without_master() const {
  return static_cast<std::size_t>(
      std::count_if(groups_.begin(), groups_.end(), [](const auto& group) { return !group.second->has_master(); }));
}

}  // namespace rmq::controller
