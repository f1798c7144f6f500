// The RocketMQCluster resource (rocketmq-operator.io/v1alpha1): what a user asks for and what the operator answers.
// crds/rocketmqclusters.yaml has the same fields, defaults and rules; a test compares the two.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>  // whole: parts that are handed on to Kubernetes as they are live in the type by value

#include "common/base/result.h"
#include "operator/api/conditions.h"

namespace rmq::operator_ {

inline constexpr std::string_view kGroup = "rocketmq-operator.io";
inline constexpr std::string_view kVersion = "v1alpha1";
inline constexpr std::string_view kApiVersion = "rocketmq-operator.io/v1alpha1";
inline constexpr std::string_view kClusterKind = "RocketMQCluster";
inline constexpr std::string_view kClusterPlural = "rocketmqclusters";

// Set to "true" on a cluster: broker groups beyond the count are removed with whatever they still hold.
inline constexpr std::string_view kForceScaleInAnnotation = "rocketmq-operator.io/force-scale-in";

enum class Replication { kAsync, kSync, kQuorum };
enum class Flush { kAsync, kSync };
enum class StoragePolicy { kKeep, kDelete };  // of the volume claims when their owner goes

std::string_view to_string(Replication replication);
std::string_view to_string(Flush flush);
std::string_view to_string(StoragePolicy policy);

// Copies of a message that replication quorum waits for: a majority of the group.
std::int64_t quorum_of(std::int64_t replicas);

struct ImageSpec {
  std::string repository;  // images are <repository>/namesrv and <repository>/broker; empty: the operator's own
  std::string tag;         // empty: spec.version, else the operator's own version
  std::string pull_policy = "IfNotPresent";
  std::string name_server;  // a full reference; wins over repository and tag
  std::string broker;
};

struct StorageSpec {
  std::string size;
  std::optional<std::string> storage_class;  // absent: the default class; "": volumes without a class
  StoragePolicy policy = StoragePolicy::kKeep;
};

struct NameServersSpec {
  std::int64_t replicas = 2;
  nlohmann::json resources;
  StorageSpec storage{.size = "1Gi"};
  NameServersSpec();
};

// How groups with several replicas behave when one of them fails; without effect on a group of one.
struct FailoverSpec {
  std::int64_t min_in_sync_replicas = 1;  // replication sync: sends are refused while the sync set is smaller
  bool unclean_election = false;          // a replica that may lack acknowledged messages may become master
  std::int64_t heartbeat_interval_ms = 500;
  std::int64_t heartbeat_timeout_ms = 3000;  // silence that counts as death
  std::int64_t lease_ms = 3000;              // a master without the Controller and its sync set stops after this
  std::int64_t catch_up_ms = 5000;           // a replica behind for longer leaves the sync set
};

struct BrokerGroupsSpec {
  std::int64_t count = 1;
  std::int64_t replicas_per_group = 1;
  Replication replication = Replication::kAsync;
  Flush flush = Flush::kAsync;
  FailoverSpec failover;
  std::map<std::string, std::string> config;  // keys of broker.conf
  StorageSpec storage{.size = "10Gi"};
  nlohmann::json resources;
  BrokerGroupsSpec();
};

// Shapes the pods of name servers and brokers alike. JSON parts are Kubernetes' own types.
struct PodTemplateSpec {
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::map<std::string, std::string> node_selector;
  nlohmann::json affinity = nlohmann::json::object();
  nlohmann::json tolerations = nlohmann::json::array();
  nlohmann::json topology_spread_constraints = nlohmann::json::array();
  nlohmann::json security_context = nlohmann::json::object();  // of the pod; its members replace the operator's
  nlohmann::json env = nlohmann::json::array();
  nlohmann::json image_pull_secrets = nlohmann::json::array();
  std::string priority_class_name;
  std::optional<std::int64_t> termination_grace_period_seconds;
};

struct ClusterSpec {
  ImageSpec image;
  std::string version;
  NameServersSpec name_servers;
  BrokerGroupsSpec broker_groups;
  PodTemplateSpec pod_template;
  bool paused = false;
};

struct PodStatus {
  std::string name;
  std::string address;  // host:port that clients reach this broker at, whichever node its pod is on
  std::string role;     // master or slave
  bool ready = false;
  bool in_sync = false;  // a member of its group's sync set
  bool operator==(const PodStatus&) const = default;
};
struct GroupStatus {
  std::string name;
  std::string master;  // the pod that is; empty: none now
  std::vector<PodStatus> pods;
  bool operator==(const GroupStatus&) const = default;
};

struct ClusterStatus {
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;
  std::vector<std::string> name_server_addresses;
  std::int64_t ready_name_servers = 0;
  std::int64_t broker_groups = 0;  // that exist: the scale subresource's replicas
  std::int64_t masters = 0;        // groups whose master is ready
  std::vector<GroupStatus> groups;
  std::string version;
  std::string selector;  // of the broker pods, for the scale subresource
  bool operator==(const ClusterStatus&) const = default;
};

inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kProgressing = "Progressing";
inline constexpr std::string_view kDegraded = "Degraded";
// Only on clusters with several replicas a group. True: the last election of a group took a replica that may lack
// acknowledged messages; it stands until that group elects cleanly.
inline constexpr std::string_view kUncleanElection = "UncleanElection";

struct Cluster {
  std::string name;
  std::string name_space;
  std::string uid;
  std::int64_t generation = 0;
  std::map<std::string, std::string> annotations;
  bool deleting = false;
  ClusterSpec spec;
  ClusterStatus status;
};

// From the resource as the API server gives it; absent fields get their defaults. kInvalid names the field that has
// a wrong type. What the values mean together is validate()'s matter.
Result<Cluster> cluster_from_json(const nlohmann::json& resource);
// Identity, generation and status alone: what is left of a resource whose spec can't be read.
Cluster cluster_without_spec(const nlohmann::json& resource);

nlohmann::json to_json(const ClusterSpec& spec);
nlohmann::json to_json(const ClusterStatus& status);

// One sentence a broken rule, in a stable order; empty: all is well. The same rules and sentences as the CRD's CEL.
std::vector<std::string> validate(const Cluster& cluster);

}  // namespace rmq::operator_
