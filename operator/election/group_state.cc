#include "operator/election/group_state.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "common/base/json.h"

namespace rmq::election {

using nlohmann::json;

std::string_view GroupState::address_of(ReplicaId id) const {
  const auto it = replicas.find(id);
  return it == replicas.end() ? std::string_view() : it->second.address;
}

std::string_view GroupState::master_address() const {
  return master ? address_of(*master) : std::string_view();
}

void GroupState::add_record(ElectionRecord record) {
  if (record.reason.size() > kMaxStateText) record.reason.resize(kMaxStateText);
  if (record.may_be_lost.size() > kMaxStateText) record.may_be_lost.resize(kMaxStateText);
  if (record.candidates.size() > kMaxReplicas) record.candidates.resize(kMaxReplicas);
  elections.push_back(std::move(record));
  if (elections.size() > kMaxElectionRecords) {
    elections.erase(elections.begin(), elections.end() - static_cast<std::ptrdiff_t>(kMaxElectionRecords));
  }
}

namespace {

json record_json(const ElectionRecord& record) {
  auto candidates = json::array();
  for (const auto& candidate : record.candidates) {
    json one = {{"id", candidate.id}, {"alive", candidate.alive}};
    if (candidate.last_epoch) one["lastEpoch"] = *candidate.last_epoch;
    if (candidate.end) one["end"] = *candidate.end;
    candidates.push_back(std::move(one));
  }
  json out = {{"timeMs", record.time_ms},
              {"epoch", record.epoch},
              {"candidates", std::move(candidates)},
              {"reason", record.reason}};
  if (record.chosen) out["chosen"] = *record.chosen;
  if (!record.may_be_lost.empty()) out["mayBeLost"] = record.may_be_lost;
  return out;
}

// Reads members of one object; remembers the first that is wrong, so the caller looks once.
class Members {
 public:
  Members(const json& object, std::string& wrong) : object_(object), wrong_(wrong) {
    if (!object.is_object()) bad("not an object");
  }

  std::int64_t integer(const char* key, std::int64_t least, std::int64_t most, std::int64_t absent) {
    const auto* value = find(key);
    if (value == nullptr) return absent;
    if (!value->is_number_integer() ||
        (value->is_number_unsigned() &&
         value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))) {
      bad(key);
      return absent;
    }
    const auto number = value->get<std::int64_t>();
    if (number < least || number > most) bad(key);
    return number;
  }
  std::int32_t epoch(const char* key) {
    return static_cast<std::int32_t>(integer(key, 0, std::numeric_limits<std::int32_t>::max(), 0));
  }
  std::optional<ReplicaId> id(const char* key) {
    if (find(key) == nullptr) return std::nullopt;
    return integer(key, 1, kMaxReplicaId, 1);
  }
  std::string text(const char* key) {
    const auto* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string() || value->get_ref<const std::string&>().size() > kMaxStateText) {
      bad(key);
      return {};
    }
    return value->get<std::string>();
  }
  bool flag(const char* key) {
    const auto* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) {
      bad(key);
      return false;
    }
    return value->get<bool>();
  }
  // An empty array when absent or wrong.
  const json& list(const char* key, std::size_t most) {
    static const json nothing = json::array();
    const auto* value = find(key);
    if (value == nullptr) return nothing;
    if (value->is_array() && value->size() <= most) return *value;
    bad(key);
    return nothing;
  }
  void bad(const char* what) {
    if (wrong_.empty()) wrong_ = what;
  }

 private:
  const json* find(const char* key) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(key);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  const json& object_;
  std::string& wrong_;
};

ElectionRecord read_record(const json& document, std::string& wrong) {
  Members members(document, wrong);
  ElectionRecord record;
  record.time_ms = members.integer("timeMs", 0, std::numeric_limits<std::int64_t>::max(), 0);
  record.epoch = members.epoch("epoch");
  record.chosen = members.id("chosen");
  record.reason = members.text("reason");
  record.may_be_lost = members.text("mayBeLost");
  for (const auto& one : members.list("candidates", kMaxReplicas)) {
    Members fields(one, wrong);
    ElectionCandidate candidate;
    candidate.id = fields.id("id").value_or(0);
    candidate.alive = fields.flag("alive");
    if (one.is_object() && one.contains("lastEpoch")) candidate.last_epoch = fields.epoch("lastEpoch");
    if (one.is_object() && one.contains("end")) {
      candidate.end = fields.integer("end", 0, std::numeric_limits<std::int64_t>::max(), 0);
    }
    record.candidates.push_back(candidate);
  }
  return record;
}

}  // namespace

json to_json(const GroupState& state) {
  auto replicas = json::array();
  for (const auto& [id, replica] : state.replicas) {
    json one = {{"id", id}, {"address", replica.address}};
    if (!replica.check_code.empty()) one["checkCode"] = replica.check_code;
    if (!replica.boot_id.empty()) one["bootId"] = replica.boot_id;
    if (replica.ours) one["ours"] = true;
    if (replica.suspect) one["suspect"] = true;
    replicas.push_back(std::move(one));
  }
  auto elections = json::array();
  for (const auto& record : state.elections) elections.push_back(record_json(record));
  json out = {{"cluster", state.cluster},
              {"name", state.name},
              {"replicas", std::move(replicas)},
              {"maxId", state.max_id},
              {"masterEpoch", state.master_epoch},
              {"syncSet", state.sync_set},
              {"syncSetEpoch", state.sync_set_epoch},
              {"elections", std::move(elections)}};
  if (state.master) {
    out["master"] = *state.master;
    out["masterAddress"] = state.master_address();  // for people; not read back
  }
  if (state.previous_master) out["previousMaster"] = *state.previous_master;
  if (!state.leaving.empty()) out["leaving"] = state.leaving;
  return out;
}

Result<GroupState> group_state_from_json(const json& document) {
  std::string wrong;
  Members members(document, wrong);
  GroupState state;
  state.cluster = members.text("cluster");
  state.name = members.text("name");
  state.max_id = members.integer("maxId", 0, kMaxReplicaId, 0);
  state.master = members.id("master");
  state.previous_master = members.id("previousMaster");
  state.master_epoch = members.epoch("masterEpoch");
  state.sync_set_epoch = members.epoch("syncSetEpoch");
  for (const auto& one : members.list("replicas", kMaxReplicas)) {
    Members fields(one, wrong);
    const auto id = fields.id("id");
    Replica replica{fields.text("address"), fields.text("checkCode"), fields.text("bootId"), fields.flag("ours"),
                    fields.flag("suspect")};
    if (!id || !state.replicas.emplace(*id, std::move(replica)).second) members.bad("replicas");
    if (id && *id > state.max_id) state.max_id = *id;
  }
  const auto read_set = [&](const char* name, std::set<ReplicaId>& set) {
    for (const auto& one : members.list(name, kMaxReplicas)) {
      if (!one.is_number_integer() || !state.replicas.contains(one.get<std::int64_t>())) {
        members.bad(name);
      } else {
        set.insert(one.get<std::int64_t>());
      }
    }
  };
  read_set("syncSet", state.sync_set);
  read_set("leaving", state.leaving);
  if (state.master && !state.replicas.contains(*state.master)) members.bad("master");
  // A longer list than ours is somebody else's bound, not an attack on it: list() has limited the size.
  for (const auto& one : members.list("elections", 16 * kMaxElectionRecords)) state.add_record(read_record(one, wrong));
  if (!wrong.empty()) return fail(ErrorKind::kInvalid, "state of a broker group: wrong " + wrong);
  return state;
}

std::string to_text(const GroupState& state) {
  return to_json(state).dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<GroupState> group_state_from_text(std::string_view text) {
  RMQ_TRY(const auto document, parse_json(text, {.max_depth = 8, .max_values = 64 * 1024}));
  return group_state_from_json(document);
}

}  // namespace rmq::election
