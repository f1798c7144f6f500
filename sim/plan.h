// What one schedule is made of, drawn from its seed: the group, the clocks, and which kinds of faults it has. Every
// schedule has only some kinds ("swarm"), since with all of them at once little ever happens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/replication/rules/master_rules.h"
#include "operator/election/messages.h"
#include "sim/random.h"

namespace rmq::sim {

using replication::Mode;

// An upstream mistake that --bug puts back.
struct Bug {
  replication::Mistakes replica;
  election::Mistakes controller;
};

struct BugInfo {
  std::string_view issue;
  std::string_view text;
};
// What --bug knows.
const std::vector<BugInfo>& known_bugs();
std::optional<Bug> find_bug(std::string_view issue);

struct Options {
  std::optional<Mode> mode;  // none: drawn from the seed
  Bug bug;
  bool trace = false;  // to standard output
};

struct Plan {
  Mode mode = Mode::kSync;
  int replicas = 3;  // machines
  int members = 3;   // quorum: N; fewer than machines: one is spare and may replace a member
  int write_quorum = 2;
  int min_in_sync = 1;
  bool sync_flush = false;
  std::int64_t entry_bytes = 100;  // sometimes a GiB, for arithmetic that overflows
  bool unclean = false;            // never: nothing would be promised
  std::int64_t lease = 3000;
  std::int64_t heartbeat_timeout = 10'000;
  std::int64_t skew_per_mille = 0;  // clocks are off by up to this
  std::int64_t send_every = 250;
  std::int64_t fault_time = 20'000;  // faults happen before this
  std::int64_t heal_time = 90'000;   // and by then after it a send must have been acknowledged
  std::int64_t fault_every = 1500;
  // Kinds of faults, as weights.
  int crash = 0;  // kill -9; comes back later
  int power = 0;  // the machine: page cache lost
  int lost_disk = 0;
  int freeze = 0;     // SIGSTOP
  int partition = 0;  // both ways
  int one_way = 0;
  int cut_connection = 0;  // a replication connection breaks
  int junk = 0;            // on the replication port
  int slow = 0;            // a replica takes long for what it gets
  int controller = 0;      // leader changes
  int api = 0;             // the API server does not answer
  int conflict = 0;        // somebody else wrote the object
  int switchover = 0;
  bool tails = false;            // masters die with records that nobody else has
  bool duplicates = false;       // of control messages
  bool delays = false;           // some messages take seconds
  bool behind_services = false;  // a refused connect is a suspicion, and wrong as often as right

  int fault_weight() const {
    return crash + power + lost_disk + freeze + partition + one_way + cut_connection + junk + slow + controller + api +
           conflict + switchover;
  }
};

Plan draw_plan(Random& random, const Options& options);
std::string_view to_string(Mode mode);

}  // namespace rmq::sim
