// Inside KubeControllers: what it knows of one cluster.
#pragma once

#include <charconv>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "operator/controller_kube/kube_controllers.h"
#include "operator/controller_kube/kube_group_store.h"

namespace rmq::operator_ {

// The lag column is written this seldom, whatever the lag does.
inline constexpr std::int64_t kLagPeriodMs = 30'000;

// "a-broker-3" -> 3; -1: none.
inline std::int64_t number_after_dash(std::string_view name) {
  std::int64_t number = -1;
  const auto dash = name.rfind('-');
  if (dash == std::string_view::npos) return -1;
  auto [end, error] = std::from_chars(name.data() + dash + 1, name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? number : -1;
}

// One cluster's Controller. The server goes before what it uses.
struct KubeControllers::Entry {
  // What the world sees of a group.
  struct Group {
    GroupView view;
    std::shared_ptr<const election::GroupState> state;
    std::string lag;
    std::string written_lag;
    std::int64_t lag_written_ms = -kLagPeriodMs;
    std::string followed;  // the pod that Service and labels were switched to last
  };

  kube::ObjectKey key;
  std::string uid;
  mutable std::mutex mutex;
  Cluster cluster;
  std::map<std::string, Group> groups;
  std::unique_ptr<KubeGroupStore> store;
  std::unique_ptr<controller::ControllerServer> server;

  Cluster snapshot() const {
    std::lock_guard lock(mutex);
    return cluster;
  }
  std::string group_key(const std::string& group) const { return key.text() + "/" + group; }
};

}  // namespace rmq::operator_
