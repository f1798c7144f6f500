// The states of one cluster's groups in its BrokerGroup objects: compare-and-swap of the status subresource by
// resourceVersion. What changes besides the state (a label, the spec, the lag column) is no conflict to the rules: the
// write is then repeated on the newer version.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/base/clock.h"
#include "operator/controller/group_store.h"
#include "operator/kube/api_server.h"
#include "operator/kube/resource.h"

namespace rmq::operator_ {

struct KubeGroupStoreOptions {
  kube::ObjectKey cluster;
  // Asked before each write: an operator that leads no more must not write any more.
  std::function<bool()> may_write = [] { return true; };
  // The object of a group that has none, ready to be created; nullopt: the cluster has no such group.
  std::function<std::optional<nlohmann::json>(const std::string& group)> manifest_of;
  std::chrono::milliseconds timeout{5000};  // of one request
};

// Callbacks run on the API server's event loop. The server and the clock must outlive it.
class KubeGroupStore final : public controller::GroupStore {
 public:
  KubeGroupStore(kube::ApiServer& server, const Clock& clock, KubeGroupStoreOptions options);
  ~KubeGroupStore() override;

  void load(Loaded done) override;
  void compare_and_swap(const std::string& name, const std::string& expected_version,
                        std::shared_ptr<const election::GroupState> state, Written done) override;

  // The object stays, without a state.
  void compare_and_remove(const std::string& name, const std::string& expected_version, Written done) override;

  // The lag column. From now on writes of the state carry it, too; `done` tells whether it is written by itself.
  void write_lag(const std::string& name, const std::string& lag, std::function<void(Status)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rmq::operator_
