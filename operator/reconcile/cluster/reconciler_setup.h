// For tests: a reconciler over a simulated world, and what a user does to it.
#pragma once

#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "operator/reconcile/cluster/reconciler.h"
#include "operator/reconcile/cluster/simulated_controllers.h"
#include "operator/reconcile/cluster/simulated_world.h"

namespace rmq::operator_::testing {

using nlohmann::json;

struct Setup {
  SimulatedWorld world;
  SimulatedControllers controllers{world};
  ManualClock clock;
  ClusterReconciler reconciler{world, controllers, clock, BuildDefaults{}};

  void make(const std::string& name, json spec, json annotations = json::object()) {
    world.put(kClusters, {{"apiVersion", kApiVersion},
                          {"kind", kClusterKind},
                          {"metadata", {{"name", name}, {"namespace", "n"}, {"annotations", std::move(annotations)}}},
                          {"spec", std::move(spec)}});
  }
  // As kubectl edit: the status stays.
  void edit(const std::string& name, const json& merge) {
    auto object = world.at(kClusters, "n", name);
    object.merge_patch(merge);
    world.put(kClusters, std::move(object));
  }
  Status once(const std::string& name = "a") { return reconciler.reconcile({"n", name}); }
  // Passes and the world's turns until nothing moves any more.
  void converge(const std::string& name = "a", bool may_fail = false) {
    int quiet = 0;  // twice, for a failed pass writes nothing either
    for (int i = 0; i < 200; ++i) {
      const int before = world.writes;
      auto status = once(name);
      if (!may_fail) REQUIRE(status);
      clock.advance(1000);
      quiet = !world.settle() && world.writes == before ? quiet + 1 : 0;
      if (quiet == 2) return;
    }
    FAIL("does not converge");
  }
  json condition(std::string_view type, const std::string& name = "a") {
    const auto cluster = world.at(kClusters, "n", name);
    for (const auto& item : cluster["status"]["conditions"]) {
      if (item["type"] == type) return item;
    }
    return {};
  }
  json status(const std::string& name = "a") { return world.at(kClusters, "n", name)["status"]; }
  std::string image(const std::string& pod) {
    return world.at(kPods, "n", pod)["spec"]["containers"][0]["image"].get<std::string>();
  }
};

}  // namespace rmq::operator_::testing
