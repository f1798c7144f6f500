// Broker groups as keys of etcd: PREFIX/groups/NAME holds a GroupState as JSON; its mod revision is the version. Every
// write also compares the leader's key, so that a leader of the past changes nothing.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/remoting/worker_pool.h"
#include "controller/etcd/client.h"
#include "operator/controller/group_store.h"

namespace rmq::etcd {

class GroupStore final : public controller::GroupStore {
 public:
  // What writes must compare; nullopt: not the leader, write nothing.
  using Fence = std::function<std::optional<Compare>()>;

  // `prefix` ends before "/groups/".
  GroupStore(ClientOptions options, std::string prefix, Fence fence);
  ~GroupStore() override;  // stop()

  void load(Loaded done) override;
  void compare_and_swap(const std::string& name, const std::string& expected_version,
                        std::shared_ptr<const election::GroupState> state, Written done) override;
  void compare_and_remove(const std::string& name, const std::string& expected_version, Written done) override;

  // Ends what is queued and joins; later calls fail.
  void stop();

 private:
  // One client a thread: taken out for a call, put back after.
  std::unique_ptr<Client> take();
  void give_back(std::unique_ptr<Client> client);
  std::string key_of(const std::string& name) const { return prefix_ + name; }
  controller::WriteOutcome swap(Client& client, const std::string& name, const std::string& expected_version,
                                const std::string& text);
  controller::WriteOutcome remove(Client& client, const std::string& name, const std::string& expected_version);
  void write(std::function<controller::WriteOutcome(Client&)> work, Written done);

  const ClientOptions options_;
  const std::string prefix_;
  const Fence fence_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Client>> idle_;
  remoting::WorkerPool workers_;
};

}  // namespace rmq::etcd
