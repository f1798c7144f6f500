#include "operator/build/manifests.h"

#include <cstdlib>
#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/properties_text.h"
#include "operator/build/config_text.h"
#include "operator/build/names.h"
#include "operator/build/parts.h"

namespace rmq::operator_ {
namespace {

using nlohmann::json;

Cluster load(const std::string& name) {
  auto text = read_file(std::string(RMQ_TESTDATA "/") + name + ".json");
  REQUIRE(text);
  auto cluster = cluster_from_json(*parse_json(*text));
  REQUIRE(cluster);
  return *cluster;
}

Cluster small() {
  auto cluster = cluster_from_json({{"metadata", {{"name", "a"}, {"namespace", "n"}, {"uid", "u"}}}});
  REQUIRE(cluster);
  return *cluster;
}

}  // namespace

// RMQ_UPDATE_GOLDEN=1 writes the files anew; the diff is then what the change means for users.
TEST_CASE("manifests are as recorded") {
  for (const char* name : {"minimal", "full"}) {
    CAPTURE(name);
    auto manifests = json(all_manifests(load(name), BuildDefaults{}));
    auto path = std::string(RMQ_TESTDATA "/") + name + ".golden.json";
    if (std::getenv("RMQ_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << manifests.dump(1) << "\n";
    auto golden = read_file(path);
    REQUIRE(golden);
    auto wanted = parse_json(*golden);
    REQUIRE(wanted);
    REQUIRE(manifests.size() == wanted->size());
    for (std::size_t i = 0; i < manifests.size(); ++i) CHECK(manifests[i] == (*wanted)[i]);
  }
}

TEST_CASE("what can't be changed later is right from the start") {
  auto spec = broker_stateful_set(small(), {}, 0)["spec"];
  CHECK(spec["podManagementPolicy"] == "Parallel");
  CHECK(spec["updateStrategy"]["type"] == "OnDelete");
  CHECK(broker_pod_service(small(), {}, 0, 0)["spec"]["publishNotReadyAddresses"] == true);
  CHECK(broker_pod_service(small(), {}, 0, 0)["metadata"]["name"] == "a-broker-0-0");
}

TEST_CASE("growing the name servers restarts no broker") {
  auto cluster = small();
  auto before = broker_stateful_set(cluster, {}, 0);
  cluster.spec.name_servers.replicas = 5;
  CHECK(broker_stateful_set(cluster, {}, 0) == before);
}

TEST_CASE("a change of configuration changes the pods' template, and of one kind only") {
  auto cluster = small();
  auto brokers = broker_stateful_set(cluster, {}, 0);
  auto name_servers = name_server_stateful_set(cluster, {});
  cluster.spec.broker_groups.config["fileReservedTime"] = "24";
  const auto hash = [](const json& set) {
    return set["spec"]["template"]["metadata"]["annotations"][std::string(kTemplateHashAnnotation)];
  };
  CHECK(hash(broker_stateful_set(cluster, {}, 0)) != hash(brokers));
  CHECK(name_server_stateful_set(cluster, {}) == name_servers);
}

TEST_CASE("broker.conf reads back as it was meant") {
  auto cluster = small();
  cluster.spec.broker_groups.config = {{"path", "C:\\x"}, {"lead", "  two"}};
  auto properties = parse_properties(broker_config_text(cluster, 3));
  REQUIRE(properties);
  CHECK(properties->at("path") == "C:\\x");
  CHECK(properties->at("lead") == "  two");
  CHECK(properties->at("brokerName") == "a-broker-3");
  CHECK(properties->at("namesrvAddr") == "a-namesrv.n.svc:9876");
  CHECK_FALSE(properties->contains("enableControllerMode"));
}

TEST_CASE("with several replicas a Controller decides: no id, no role, and the promise by mode") {
  auto cluster = small();
  auto& groups = cluster.spec.broker_groups;
  groups.replicas_per_group = 3;
  const auto config = [&] { return *parse_properties(broker_config_text(cluster, 0)); };
  auto async = config();
  CHECK_FALSE(async.contains("brokerId"));
  CHECK_FALSE(async.contains("brokerRole"));
  CHECK(async.at("controllerAddr") == "a-controller.n.svc:9878");
  CHECK(async.at("masterAddress") == "a-broker-0.n.svc:10911");
  CHECK(async.at("allAckInSyncStateSet") == "false");
  groups.replication = Replication::kSync;
  groups.failover.min_in_sync_replicas = 2;
  auto sync = config();
  CHECK(sync.at("allAckInSyncStateSet") == "true");
  CHECK(sync.at("minInSyncReplicas") == "2");
  CHECK_FALSE(sync.contains("totalReplicas"));
  CHECK_FALSE(sync.contains("enableElectUncleanMaster"));
  groups.failover.unclean_election = true;
  CHECK(config().at("enableElectUncleanMaster") == "true");
  groups.failover.unclean_election = false;
  groups.replicas_per_group = 4;
  CHECK(config() == sync);  // one more replica restarts nobody
  groups.replication = Replication::kQuorum;
  groups.replicas_per_group = 5;
  auto quorum = config();
  CHECK(quorum.at("inSyncReplicas") == "3");
  CHECK(quorum.at("totalReplicas") == "5");
  CHECK(quorum.at("allAckInSyncStateSet") == "false");
}

TEST_CASE("replicas of a group rather live on different nodes, unless the user says where") {
  auto cluster = small();
  const auto pod_spec = [&] { return broker_stateful_set(cluster, {}, 0)["spec"]["template"]["spec"]; };
  CHECK_FALSE(pod_spec().contains("affinity"));
  cluster.spec.broker_groups.replicas_per_group = 2;
  auto term = pod_spec()["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0];
  CHECK(term["podAffinityTerm"]["labelSelector"]["matchLabels"] == broker_group_selector(cluster, 0));
  cluster.spec.pod_template.affinity = {{"nodeAffinity", json::object()}};
  CHECK_FALSE(pod_spec()["affinity"].contains("podAntiAffinity"));
}

TEST_CASE("the controller's service has no selector, and its slice is the leader's address") {
  auto cluster = small();
  auto service = controller_service(cluster, {});
  CHECK_FALSE(service["spec"].contains("selector"));
  CHECK(service["spec"]["ports"][0]["port"] == kControllerPort);
  auto slice = controller_endpoint_slice(cluster, {}, "10.1.2.3", 19100);
  CHECK(slice["metadata"]["labels"]["kubernetes.io/service-name"] == service["metadata"]["name"]);
  CHECK(slice["ports"][0]["name"] == service["spec"]["ports"][0]["name"]);
  CHECK(slice["ports"][0]["port"] == 19100);
  CHECK(slice["endpoints"][0]["addresses"][0] == "10.1.2.3");
  CHECK(controller_endpoint_slice(cluster, {}, "fd00::1", 1)["addressType"] == "IPv6");
}

TEST_CASE("the address that a replica announces leads back to its pod") {
  auto cluster = small();
  CHECK(pod_of_address("a-broker-1", broker_pod_address(cluster, 1, 12)) == "a-broker-1-12");
  for (const char* other :
       {"a-broker-12-0.n.svc:1", "a-broker-1.n.svc:10911", "10.0.0.1:10911", "a-broker-1-x.n.svc:1", ""}) {
    CHECK(pod_of_address("a-broker-1", other).empty());
  }
}

TEST_CASE("images: full reference, then tag, then version, then the operator's own") {
  auto cluster = small();
  const auto image = [&] {
    return broker_stateful_set(cluster, {}, 0)["spec"]["template"]["spec"]["containers"][0]["image"];
  };
  CHECK(image() == "rocketmq-k8s/broker:0.1.0");
  cluster.spec.version = "2";
  CHECK(image() == "rocketmq-k8s/broker:2");
  cluster.spec.image.tag = "3";
  cluster.spec.image.repository = "r";
  CHECK(image() == "r/broker:3");
  cluster.spec.image.broker = "x/y@sha256:0";
  CHECK(image() == "x/y@sha256:0");
}

TEST_CASE("storage policy decides what stays when the owner goes") {
  auto cluster = small();
  const auto policy = [&] {
    return broker_stateful_set(cluster, {}, 0)["spec"]["persistentVolumeClaimRetentionPolicy"];
  };
  CHECK(policy()["whenDeleted"] == "Retain");
  cluster.spec.broker_groups.storage.policy = StoragePolicy::kDelete;
  CHECK(policy()["whenDeleted"] == "Delete");
  CHECK(policy()["whenScaled"] == "Retain");
}

TEST_CASE("no name outgrows what Kubernetes allows") {
  auto cluster = small();
  cluster.name = std::string(40, 'a');
  for (const auto& manifest : all_manifests(cluster, {})) {
    CHECK(manifest["metadata"]["name"].get<std::string>().size() <= (manifest["kind"] == "StatefulSet" ? 52U : 63U));
    for (const auto& label : manifest["metadata"]["labels"]) CHECK(label.get<std::string>().size() <= 63);
  }
}

TEST_CASE("network policies leave the replication port to the cluster's own pods") {
  BuildDefaults defaults;
  defaults.network_policies = true;
  defaults.metrics_namespaces = {"monitoring"};
  CHECK(all_manifests(small(), defaults).size() == all_manifests(small(), {}).size() + 2);
  auto policy = broker_network_policy(small(), defaults);
  CHECK(policy["spec"]["podSelector"]["matchLabels"] == broker_selector(small()));
  auto ingress = policy["spec"]["ingress"];
  CHECK_FALSE(ingress[0].contains("from"));
  for (const auto& rule : ingress) {
    for (const auto& port : rule["ports"]) {
      if (port["port"] != kBrokerHaPort) continue;
      REQUIRE(rule["from"].size() == 1);
      CHECK(rule["from"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] == "a");
    }
  }
}

TEST_CASE("the applied hash covers the whole manifest") {
  auto manifest = name_server_service(small(), {});
  auto annotations = manifest["metadata"]["annotations"];
  auto hash = annotations[std::string(kAppliedHashAnnotation)];
  manifest["metadata"].erase("annotations");
  CHECK(content_hash(manifest.dump()) == hash);
}

}  // namespace rmq::operator_
