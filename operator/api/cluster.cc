#include "operator/api/cluster.h"

#include <utility>

#include "operator/api/json_reader.h"

namespace rmq::operator_ {

using nlohmann::json;

NameServersSpec::NameServersSpec()
    : resources({{"requests", {{"cpu", "50m"}, {"memory", "32Mi"}}}, {"limits", {{"memory", "128Mi"}}}}) {}

BrokerGroupsSpec::BrokerGroupsSpec()
    : resources({{"requests", {{"cpu", "250m"}, {"memory", "256Mi"}}}, {"limits", {{"memory", "1Gi"}}}}) {}

std::string_view to_string(Replication replication) {
  switch (replication) {
    case Replication::kSync: return "sync";
    case Replication::kQuorum: return "quorum";
    case Replication::kAsync: break;
  }
  return "async";
}
std::string_view to_string(Flush flush) {
  return flush == Flush::kSync ? "sync" : "async";
}
std::string_view to_string(StoragePolicy policy) {
  return policy == StoragePolicy::kDelete ? "delete" : "keep";
}
std::int64_t quorum_of(std::int64_t replicas) {
  return replicas / 2 + 1;
}

namespace {

void read_storage(JsonReader reader, StorageSpec& storage) {
  reader.read("size", storage.size);
  // Told apart: no class named, and the class named "".
  static const std::string kAbsent = "\n";
  std::string name = kAbsent;
  reader.read("class", name);
  if (name != kAbsent) storage.storage_class = name;
  reader.read_enum("policy", storage.policy, {{"keep", StoragePolicy::kKeep}, {"delete", StoragePolicy::kDelete}});
}

void read_image(JsonReader reader, ImageSpec& image) {
  reader.read("repository", image.repository);
  reader.read("tag", image.tag);
  reader.read("pullPolicy", image.pull_policy);
  reader.read("nameServer", image.name_server);
  reader.read("broker", image.broker);
}

void read_name_servers(JsonReader reader, NameServersSpec& spec) {
  reader.read("replicas", spec.replicas);
  reader.read_raw("resources", spec.resources);
  read_storage(reader.child("storage"), spec.storage);
}

void read_broker_groups(JsonReader reader, BrokerGroupsSpec& spec) {
  reader.read("count", spec.count);
  reader.read("replicasPerGroup", spec.replicas_per_group);
  reader.read_enum("replication", spec.replication,
                   {{"async", Replication::kAsync}, {"sync", Replication::kSync}, {"quorum", Replication::kQuorum}});
  reader.read_enum("flush", spec.flush, {{"async", Flush::kAsync}, {"sync", Flush::kSync}});
  auto failover = reader.child("failover");
  failover.read("minInSyncReplicas", spec.failover.min_in_sync_replicas);
  failover.read("uncleanElection", spec.failover.unclean_election);
  failover.read("heartbeatIntervalMs", spec.failover.heartbeat_interval_ms);
  failover.read("heartbeatTimeoutMs", spec.failover.heartbeat_timeout_ms);
  failover.read("leaseMs", spec.failover.lease_ms);
  failover.read("catchUpMs", spec.failover.catch_up_ms);
  reader.read("config", spec.config);
  read_storage(reader.child("storage"), spec.storage);
  reader.read_raw("resources", spec.resources);
}

void read_pod_template(JsonReader reader, PodTemplateSpec& spec) {
  reader.read("labels", spec.labels);
  reader.read("annotations", spec.annotations);
  reader.read("nodeSelector", spec.node_selector);
  reader.read_raw("affinity", spec.affinity);
  reader.read_raw("tolerations", spec.tolerations);
  reader.read_raw("topologySpreadConstraints", spec.topology_spread_constraints);
  reader.read_raw("securityContext", spec.security_context);
  reader.read_raw("env", spec.env);
  reader.read_raw("imagePullSecrets", spec.image_pull_secrets);
  reader.read("priorityClassName", spec.priority_class_name);
  reader.read("terminationGracePeriodSeconds", spec.termination_grace_period_seconds);
}

Status read_metadata(const json& resource, Cluster& cluster) {
  JsonReader root(resource, "");
  auto metadata = root.child("metadata");
  metadata.read("name", cluster.name);
  metadata.read("namespace", cluster.name_space);
  metadata.read("uid", cluster.uid);
  metadata.read("generation", cluster.generation);
  metadata.read("annotations", cluster.annotations);
  std::string deletion;
  metadata.read("deletionTimestamp", deletion);
  cluster.deleting = !deletion.empty();
  return root.status();
}

GroupStatus group_status_from_json(const json& group) {
  GroupStatus status;
  JsonReader reader(group, "");
  reader.read("name", status.name);
  reader.read("master", status.master);
  auto pods = json::array();
  reader.read_raw("pods", pods);
  for (const auto& item : pods) {
    PodStatus pod;
    JsonReader pod_reader(item, "");
    pod_reader.read("name", pod.name);
    pod_reader.read("address", pod.address);
    pod_reader.read("role", pod.role);
    pod_reader.read("ready", pod.ready);
    pod_reader.read("inSync", pod.in_sync);
    status.pods.push_back(std::move(pod));
  }
  return status;
}

// The operator's own output: what can't be read is left out and written anew.
void read_status(const json& resource, ClusterStatus& status) {
  JsonReader root(resource, "");
  auto reader = root.child("status");
  reader.read("observedGeneration", status.observed_generation);
  reader.read("readyNameServers", status.ready_name_servers);
  reader.read("brokerGroups", status.broker_groups);
  reader.read("masters", status.masters);
  reader.read("version", status.version);
  reader.read("selector", status.selector);
  auto list = json::array();
  reader.read_raw("conditions", list);
  status.conditions = conditions_from_json(list);
  list = json::array();
  reader.read_raw("nameServerAddresses", list);
  for (const auto& address : list) {
    if (address.is_string()) status.name_server_addresses.push_back(address.get<std::string>());
  }
  list = json::array();
  reader.read_raw("groups", list);
  for (const auto& group : list) status.groups.push_back(group_status_from_json(group));
}

json to_json(const StorageSpec& storage) {
  json out{{"size", storage.size}, {"policy", to_string(storage.policy)}};
  if (storage.storage_class) out["class"] = *storage.storage_class;
  return out;
}

// Members a user left out stay out.
template <class T>
void put_if_filled(json& out, const char* key, const T& value) {
  if (!value.empty()) out[key] = value;
}

}  // namespace

Cluster cluster_without_spec(const json& resource) {
  Cluster cluster;
  (void)read_metadata(resource, cluster);  // from the API server: as well-formed as it gets
  read_status(resource, cluster.status);
  return cluster;
}

Result<Cluster> cluster_from_json(const json& resource) {
  Cluster cluster;
  RMQ_CHECK_OK(read_metadata(resource, cluster));
  read_status(resource, cluster.status);
  JsonReader root(resource, "");
  auto spec = root.child("spec");
  read_image(spec.child("image"), cluster.spec.image);
  spec.read("version", cluster.spec.version);
  read_name_servers(spec.child("nameServers"), cluster.spec.name_servers);
  read_broker_groups(spec.child("brokerGroups"), cluster.spec.broker_groups);
  read_pod_template(spec.child("podTemplate"), cluster.spec.pod_template);
  spec.read("paused", cluster.spec.paused);
  RMQ_CHECK_OK(root.status());
  return cluster;
}

json to_json(const ClusterSpec& spec) {
  json image{{"pullPolicy", spec.image.pull_policy}};
  put_if_filled(image, "repository", spec.image.repository);
  put_if_filled(image, "tag", spec.image.tag);
  put_if_filled(image, "nameServer", spec.image.name_server);
  put_if_filled(image, "broker", spec.image.broker);

  const auto& failover = spec.broker_groups.failover;
  json groups{{"count", spec.broker_groups.count},
              {"replicasPerGroup", spec.broker_groups.replicas_per_group},
              {"replication", to_string(spec.broker_groups.replication)},
              {"flush", to_string(spec.broker_groups.flush)},
              {"failover",
               {{"minInSyncReplicas", failover.min_in_sync_replicas},
                {"uncleanElection", failover.unclean_election},
                {"heartbeatIntervalMs", failover.heartbeat_interval_ms},
                {"heartbeatTimeoutMs", failover.heartbeat_timeout_ms},
                {"leaseMs", failover.lease_ms},
                {"catchUpMs", failover.catch_up_ms}}},
              {"storage", to_json(spec.broker_groups.storage)},
              {"resources", spec.broker_groups.resources}};
  put_if_filled(groups, "config", spec.broker_groups.config);

  const auto& pod = spec.pod_template;
  json pod_template = json::object();
  put_if_filled(pod_template, "labels", pod.labels);
  put_if_filled(pod_template, "annotations", pod.annotations);
  put_if_filled(pod_template, "nodeSelector", pod.node_selector);
  put_if_filled(pod_template, "affinity", pod.affinity);
  put_if_filled(pod_template, "tolerations", pod.tolerations);
  put_if_filled(pod_template, "topologySpreadConstraints", pod.topology_spread_constraints);
  put_if_filled(pod_template, "securityContext", pod.security_context);
  put_if_filled(pod_template, "env", pod.env);
  put_if_filled(pod_template, "imagePullSecrets", pod.image_pull_secrets);
  put_if_filled(pod_template, "priorityClassName", pod.priority_class_name);
  if (pod.termination_grace_period_seconds) {
    pod_template["terminationGracePeriodSeconds"] = *pod.termination_grace_period_seconds;
  }

  json out{{"image", std::move(image)},
           {"nameServers",
            {{"replicas", spec.name_servers.replicas},
             {"resources", spec.name_servers.resources},
             {"storage", to_json(spec.name_servers.storage)}}},
           {"brokerGroups", std::move(groups)},
           {"paused", spec.paused}};
  put_if_filled(out, "version", spec.version);
  put_if_filled(out, "podTemplate", pod_template);
  return out;
}

json to_json(const ClusterStatus& status) {
  auto conditions = json::array();
  for (const auto& condition : status.conditions) conditions.push_back(to_json(condition));
  auto groups = json::array();
  for (const auto& group : status.groups) {
    auto pods = json::array();
    for (const auto& pod : group.pods) {
      pods.push_back({{"name", pod.name},
                      {"address", pod.address},
                      {"role", pod.role},
                      {"ready", pod.ready},
                      {"inSync", pod.in_sync}});
    }
    groups.push_back({{"name", group.name}, {"master", group.master}, {"pods", std::move(pods)}});
  }
  return {{"observedGeneration", status.observed_generation},
          {"conditions", std::move(conditions)},
          {"nameServerAddresses", status.name_server_addresses},
          {"readyNameServers", status.ready_name_servers},
          {"brokerGroups", status.broker_groups},
          {"masters", status.masters},
          {"groups", std::move(groups)},
          {"version", status.version},
          {"selector", status.selector}};
}

}  // namespace rmq::operator_
