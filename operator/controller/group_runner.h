// Drives one group's state machine (operator/election): time, requests and answers in; its actions out to the wire and
// the store. Lives on the server's strand.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/remoting/client.h"
#include "operator/controller/controller_server.h"
#include "operator/controller/group_store.h"
#include "operator/controller/strand.h"
#include "operator/election/group_controller.h"

namespace rmq::controller {

// What all groups of a server share. Outlives the runners.
struct GroupHost {
  boost::asio::io_context& io;
  std::shared_ptr<Strand> strand;
  const Clock& clock;
  GroupStore& store;
  std::shared_ptr<remoting::Client> client;
  ControllerOptions options;
  std::function<bool()> may_lead;
  // The answer to a request that was given to a runner.
  std::function<void(election::Answer)> answer;
  // Something in status() changed.
  std::function<void(const GroupStatus&)> changed;
  // `seconds`: since the election began.
  std::function<void(const std::string& group, const election::ElectionRecord&, double seconds)> elected;
  std::function<void()> write_conflict;
  std::function<void()> write_error;
};

class GroupRunner : public std::enable_shared_from_this<GroupRunner> {
 public:
  // `stored.state` may be nullptr: the group is not stored (yet).
  GroupRunner(GroupHost& host, const election::Policy& policy, const std::string& cluster, StoredGroup stored,
              std::int64_t leader_since_ms);

  // Arms the timer. After construction, for it needs shared_from_this().
  void start();
  void request(election::RequestId id, election::Connection connection, election::Request request);
  void connection_closed(election::ReplicaId id, election::Connection connection);
  // `replica`: an id as text, or an address.
  void process_dead(const std::string& replica, const std::string& evidence);
  void process_suspected(election::ReplicaId id, const std::string& evidence);
  void set_policy(const election::Policy& policy);

  // Nothing is stored, being written or waited for: the runner may go.
  bool idle() const { return !machine_.state() && !writing_ && open_requests_ == 0; }
  bool has_master() const { return machine_.state() && machine_.state()->master; }
  GroupStatus status() const;

 private:
  using Input = std::function<election::Actions(election::GroupController&, election::Now)>;

  election::Now now() const { return {host_.clock.monotonic_ms(), host_.clock.wall_ms()}; }
  // Runs the input now, or when we may lead again.
  void feed(Input input);
  void run(const Input& input);
  void carry_out(election::Actions actions);
  void carry_out(election::Answer& action);
  void carry_out(election::Write& action);
  void carry_out(election::AskPosition& action);
  void carry_out(election::Notify& action);
  void carry_out(election::Probe& action);
  void carry_out(election::ElectionEvent& action);
  void written(WriteOutcome outcome, std::shared_ptr<const election::GroupState> state);
  void probe(election::ReplicaId id, const std::string& address, std::size_t attempt);
  void probe_later(election::ReplicaId id, const std::string& address, std::size_t attempt);
  void arm();
  void arm_after(std::int64_t delay_ms);
  void report();

  GroupHost& host_;
  const std::string name_;
  election::GroupController machine_;
  StoredGroup stored_;  // as far as known
  bool writing_ = false;
  std::size_t open_requests_ = 0;
  std::deque<Input> deferred_;  // while we may not lead
  boost::asio::steady_timer timer_;
  std::int64_t election_began_ms_ = -1;  // -1: none under way
  std::optional<GroupStatus> reported_;
};

}  // namespace rmq::controller
