#include "operator/api/broker_group.h"

#include "operator/api/json_reader.h"

namespace rmq::operator_ {

using nlohmann::json;

namespace {

json to_json(const ElectionEntry& election) {
  json out{{"time", election.time},
           {"epoch", election.epoch},
           {"master", election.master},
           {"reason", election.reason},
           {"candidates", election.candidates}};
  if (election.unclean) {
    out["unclean"] = true;
    out["mayLose"] = election.may_lose;
  }
  return out;
}

ElectionEntry election_from_json(const json& object) {
  ElectionEntry election;
  JsonReader reader(object, "");
  reader.read("time", election.time);
  reader.read("epoch", election.epoch);
  reader.read("master", election.master);
  reader.read("reason", election.reason);
  reader.read("candidates", election.candidates);
  reader.read("unclean", election.unclean);
  reader.read("mayLose", election.may_lose);
  return election;
}

}  // namespace

std::string short_sync_set(const std::vector<std::string>& pods) {
  std::string text;
  for (const auto& pod : pods) {
    auto dash = pod.rfind('-');
    text.append(text.empty() ? "" : ",").append(dash == std::string::npos ? pod : pod.substr(dash + 1));
  }
  return text;
}

json to_json(const BrokerGroupStatus& status) {
  auto conditions = json::array();
  for (const auto& condition : status.conditions) conditions.push_back(to_json(condition));
  auto elections = json::array();
  for (const auto& election : status.elections) elections.push_back(to_json(election));
  json out{{"uid", status.uid},
           {"master", status.master},
           {"masterEpoch", status.master_epoch},
           {"syncSet", status.sync_set},
           {"inSync", short_sync_set(status.sync_set)},
           {"syncSetEpoch", status.sync_set_epoch},
           {"lag", status.lag},
           {"conditions", std::move(conditions)},
           {"elections", std::move(elections)}};
  if (!status.state.is_null()) out["state"] = status.state;
  return out;
}

BrokerGroupStatus broker_group_status(const json& object) {
  BrokerGroupStatus status;
  JsonReader root(object, "");
  auto reader = root.child("status");
  reader.read("uid", status.uid);
  reader.read("master", status.master);
  reader.read("masterEpoch", status.master_epoch);
  reader.read("syncSetEpoch", status.sync_set_epoch);
  reader.read("lag", status.lag);
  auto list = json::array();
  reader.read_raw("syncSet", list);
  for (const auto& pod : list) {
    if (pod.is_string()) status.sync_set.push_back(pod.get<std::string>());
  }
  list = json::array();
  reader.read_raw("conditions", list);
  status.conditions = conditions_from_json(list);
  list = json::array();
  reader.read_raw("elections", list);
  for (const auto& election : list) status.elections.push_back(election_from_json(election));
  auto state = json::object();
  reader.read_raw("state", state);
  if (!state.empty()) status.state = std::move(state);
  return status;
}

}  // namespace rmq::operator_
