// All groups of a cluster while we lead: finds or makes a request's group, remembers who waits for an answer and which
// broker spoke over which connection. Lives on the server's strand.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "operator/controller/group_runner.h"

namespace rmq::controller {

class GroupTable {
 public:
  using Answered = std::function<void(const election::Answer&)>;

  // Fills in host.answer. `host` and `callbacks` outlive the table.
  GroupTable(GroupHost& host, const ControllerCallbacks& callbacks);

  void open(std::vector<StoredGroup> stored, std::int64_t leader_since_ms);
  // Everybody who waits is answered with CONTROLLER_NOT_LEADER; all groups are forgotten.
  void close();

  // `done` runs once. A group that we do not know is made if policy_of() knows it.
  void submit(election::Connection connection, const std::string& cluster, const std::string& name,
              election::Request request, Answered done);
  // A broker spoke over this connection. False: the connection was not known before, so ask to be told of its end.
  bool spoke(election::Connection connection, const std::string& name, election::ReplicaId id);
  void connection_closed(election::Connection connection);
  void process_dead(const std::string& name, const std::string& replica, const std::string& evidence);
  // Empty: of all groups.
  void policy_changed(const std::string& name);
  // Who waits for it is refused.
  void forget(const std::string& name);
  // Lets a group go that turned out to be nothing.
  void sweep(const std::string& name);

  std::vector<GroupStatus> statuses() const;
  std::size_t size() const { return groups_.size(); }
  std::size_t without_master() const;

 private:
  GroupRunner* find_or_make(const std::string& cluster, const std::string& name, std::string& why_not);
  void set_policy(GroupRunner& group, const std::string& name);
  void answer(const election::Answer& answer);

  GroupHost& host_;
  const ControllerCallbacks& callbacks_;
  std::int64_t leader_since_ms_ = 0;
  std::map<std::string, std::shared_ptr<GroupRunner>, std::less<>> groups_;
  election::RequestId next_request_ = 1;
  struct Waiting {
    std::string group;
    Answered done;
  };
  std::unordered_map<election::RequestId, Waiting> waiting_;
  std::unordered_map<election::Connection, std::set<std::pair<std::string, election::ReplicaId>>> speakers_;
};

// What everybody is told by a Controller that does not lead.
election::Answer not_leader();

}  // namespace rmq::controller
