#include "sim/plan.h"

namespace rmq::sim {

const std::vector<BugInfo>& known_bugs() {
  static const std::vector<BugInfo> bugs = {
      {"7017", "a master cut off goes on acknowledging, and another is elected at once: no lease"},
      {"6662", "a member without a connection does not hold the confirm offset back"},
      {"5663", "a member that was asked for is not waited for while the set grows"},
      {"7689", "a new master gives queue offsets before its consume queues are complete"},
      {"10666", "a restart brings back a tail that was truncated"},
      {"7790", "a new master serves offsets before it applied all that its log says"},
      {"3015", "junk on the replication port counts as an acknowledgement"},
      {"10578", "ends are compared by an int difference in an election"},
  };
  return bugs;
}

std::optional<Bug> find_bug(std::string_view issue) {
  Bug bug;
  if (issue == "7017") {
    bug.replica.no_lease_7017 = true;
    bug.controller.issue_7017 = true;
  } else if (issue == "6662") {
    bug.replica.skip_unconnected_6662 = true;
  } else if (issue == "5663") {
    bug.replica.granted_set_only_5663 = true;
  } else if (issue == "7689") {
    bug.replica.early_master_7689 = true;
  } else if (issue == "10666") {
    bug.replica.stale_tail_10666 = true;
  } else if (issue == "7790") {
    bug.replica.state_outside_log_7790 = true;
  } else if (issue == "3015") {
    bug.replica.acks_beyond_sent_3015 = true;
  } else if (issue == "10578") {
    bug.controller.issue_10578 = true;
  } else {
    return std::nullopt;
  }
  return bug;
}

Plan draw_plan(Random& random, const Options& options) {
  Plan plan;
  const auto dice = random.between(0, 9);
  plan.mode = dice < 4 ? Mode::kSync : dice < 8 ? Mode::kQuorum : Mode::kAsync;
  if (options.mode) plan.mode = *options.mode;
  plan.replicas = random.chance(70) ? 3 : static_cast<int>(random.between(4, 5));
  plan.members =
      plan.mode == Mode::kQuorum && plan.replicas > 3 && random.chance(60) ? plan.replicas - 1 : plan.replicas;
  plan.write_quorum = plan.members / 2 + 1;
  plan.min_in_sync = random.chance(50) ? 1 : 2;
  plan.sync_flush = random.chance(30);
  plan.entry_bytes = random.chance(25) ? std::int64_t{1} << 30 : 100;
  plan.heartbeat_timeout = random.chance(50) ? 10'000 : 4'000;
  plan.skew_per_mille = random.chance(50) ? 30 : 0;
  plan.send_every = random.chance(30) ? 40 : 250;
  plan.fault_every = random.between(500, 3000);
  plan.fault_time = random.between(8'000, 25'000);
  const auto weight = [&random](int often) {
    return random.chance(often) ? static_cast<int>(random.between(1, 6)) : 0;
  };
  plan.crash = weight(60);
  plan.power = weight(20);
  plan.lost_disk = random.chance(15) ? 1 : 0;
  plan.freeze = weight(40);
  plan.partition = weight(50);
  plan.one_way = weight(30);
  plan.cut_connection = weight(40);
  plan.junk = weight(15);
  plan.slow = weight(30);
  plan.controller = weight(35);
  plan.api = weight(25);
  plan.conflict = weight(15);
  plan.switchover = weight(25);
  plan.tails = random.chance(30);
  plan.duplicates = random.chance(30);
  plan.delays = random.chance(30);
  plan.behind_services = plan.fault_every % 2 == 0;  // not drawn: what seeds mean otherwise stays
  return plan;
}

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::kAsync: return "async";
    case Mode::kSync: return "sync";
    case Mode::kQuorum: return "quorum";
  }
  return "?";
}

}  // namespace rmq::sim
