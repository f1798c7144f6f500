// What a ControllerServer does on its strand: leadership, and each request to its group. The server around it only owns
// sockets.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/remoting/remoting.h"
#include "operator/controller/group_table.h"

namespace rmq::controller {

class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(remoting::IoPool& pool, const Clock& clock, GroupStore& store, ControllerOptions options,
       ControllerCallbacks callbacks);

  // Any thread.
  const ControllerOptions& options() const { return options_; }
  const ControllerCallbacks& callbacks() const { return callbacks_; }
  Strand& strand() { return *strand_; }
  bool leading() const { return leading_; }
  bool may_lead() const { return leading_ && (!callbacks_.may_lead || callbacks_.may_lead()); }
  // False: too many requests wait.
  bool accept(protocol::Command request, remoting::ReplyTo reply);
  ControllerMetrics metrics() const;
  void close();
  void set_own_address(std::string address);

  // On the strand.
  void lead();
  void follow(const std::string& leader_address, const std::string& leader_id);
  GroupTable& table() { return table_; }
  void switchover(const std::string& group, std::int64_t id, const std::function<void(Status)>& done);

 private:
  void load();
  void loaded(Result<std::vector<StoredGroup>> groups);
  void dispatch(const protocol::Command& request, const remoting::ReplyTo& reply);
  void submit(const protocol::Command& request, const remoting::ReplyTo& reply);
  void sync_state_data(const protocol::Command& request, const remoting::ReplyTo& reply);
  void remember(const remoting::ConnectionPtr& connection, const std::string& group, const election::Request& request);
  protocol::Command metadata() const;
  void refresh_counts();

  template <class Change>
  void count(Change change) {
    const std::lock_guard lock(metrics_mutex_);
    change(metrics_);
  }

  const ControllerOptions options_;
  const ControllerCallbacks callbacks_;
  const Clock& clock_;
  GroupStore& store_;
  const std::shared_ptr<Strand> strand_;
  const std::shared_ptr<remoting::Client> client_;
  std::atomic<bool> leading_{false};
  std::atomic<std::size_t> waiting_{0};

  mutable std::mutex metrics_mutex_;
  ControllerMetrics metrics_;

  // The strand's only.
  GroupHost host_;
  GroupTable table_;
  boost::asio::steady_timer load_timer_;
  bool wanted_ = false;
  std::uint64_t term_ = 0;  // of leadership: an answer to a load of an older one is dropped
  std::string own_address_;
  std::string leader_address_;
  std::string leader_id_;
};

}  // namespace rmq::controller
