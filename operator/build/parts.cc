#include "operator/build/parts.h"

#include <array>
#include <cstdio>

#include "operator/build/config_text.h"

namespace rmq::operator_ {

using nlohmann::json;

namespace {

constexpr std::int64_t kNonRoot = 65532;

// A label's value has at most 63 characters and ends in a letter or digit; a tag may not.
bool fits_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::isalnum(static_cast<unsigned char>(text.front())) &&
         std::isalnum(static_cast<unsigned char>(text.back()));
}

Labels all_labels(const Cluster& cluster, const BuildDefaults& defaults, Labels labels) {
  labels[std::string(kManagedByLabel)] = kManager;
  labels["app.kubernetes.io/part-of"] = "rocketmq";
  if (auto version = effective_version(cluster, defaults); fits_label(version)) {
    labels["app.kubernetes.io/version"] = version;
  }
  return labels;
}

json http_probe(std::string_view path, std::int64_t period, std::int64_t timeout, std::int64_t failures) {
  return {{"httpGet", {{"path", path}, {"port", "admin"}, {"scheme", "HTTP"}}},
          {"periodSeconds", period},
          {"timeoutSeconds", timeout},
          {"failureThreshold", failures},
          {"successThreshold", 1}};
}

json environment(const Cluster& cluster) {
  const auto field = [](std::string_view name, std::string_view path) {
    return json{{"name", name}, {"valueFrom", {{"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", path}}}}}};
  };
  auto env = json::array({field("POD_NAME", "metadata.name"), field("POD_NAMESPACE", "metadata.namespace")});
  for (const auto& variable : cluster.spec.pod_template.env) env.push_back(variable);
  return env;
}

json container(const Cluster& cluster, const ProcessParts& process) {
  auto ports = json::array();
  for (const auto& [name, number] : process.ports) {
    ports.push_back({{"name", name}, {"containerPort", number}, {"protocol", "TCP"}});
  }
  // Recovery after a crash is as long as the log is: the startup probe gives it time, in steps of two seconds.
  constexpr std::int64_t kStartupPeriod = 2;
  return {{"name", process.container},
          {"image", process.image},
          {"imagePullPolicy", cluster.spec.image.pull_policy},
          {"args", {"-c", std::string(kConfigDirectory) + "/" + process.config_file}},
          {"env", environment(cluster)},
          {"ports", std::move(ports)},
          {"resources", process.resources},
          {"startupProbe", http_probe("/healthz", kStartupPeriod, 2, process.startup_seconds / kStartupPeriod)},
          {"livenessProbe", http_probe("/healthz", 10, 5, 6)},
          {"readinessProbe", http_probe("/readyz", 3, 3, 2)},
          {"securityContext",
           {{"allowPrivilegeEscalation", false},
            {"readOnlyRootFilesystem", true},
            {"capabilities", {{"drop", json::array({"ALL"})}}}}},
          {"volumeMounts", json::array({{{"name", "config"}, {"mountPath", kConfigDirectory}, {"readOnly", true}},
                                        {{"name", "store"}, {"mountPath", kDataDirectory}},
                                        {{"name", "tmp"}, {"mountPath", "/tmp"}}})}};
}

json topology_spread(const PodTemplateSpec& pod, const Labels& selector) {
  auto constraints = pod.topology_spread_constraints;
  if (constraints.empty() && pod.affinity.empty()) {
    constraints.push_back(
        {{"maxSkew", 1}, {"topologyKey", "kubernetes.io/hostname"}, {"whenUnsatisfiable", "ScheduleAnyway"}});
  }
  // One template serves name servers and brokers, so a user can't write the selector of each.
  for (auto& constraint : constraints) {
    if (constraint.is_object() && !constraint.contains("labelSelector")) {
      constraint["labelSelector"] = {{"matchLabels", selector}};
    }
  }
  return constraints;
}

json affinity(const PodTemplateSpec& pod, const ProcessParts& process) {
  if (!pod.affinity.empty() || !process.apart) return pod.affinity;
  json term{{"labelSelector", {{"matchLabels", process.selector}}}, {"topologyKey", "kubernetes.io/hostname"}};
  return {{"podAntiAffinity",
           {{"preferredDuringSchedulingIgnoredDuringExecution",
             json::array({{{"weight", 100}, {"podAffinityTerm", std::move(term)}}})}}}};
}

json pod_security(const PodTemplateSpec& pod) {
  json context{{"runAsNonRoot", true},
               {"runAsUser", kNonRoot},
               {"runAsGroup", kNonRoot},
               {"fsGroup", kNonRoot},
               {"fsGroupChangePolicy", "OnRootMismatch"},
               {"seccompProfile", {{"type", "RuntimeDefault"}}}};
  context.update(pod.security_context);
  return context;
}

Labels without_group(Labels selector) {
  selector.erase(std::string(kGroupLabel));
  return selector;
}

}  // namespace

std::string content_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(hash));
  return hex.data();
}

std::string effective_version(const Cluster& cluster, const BuildDefaults& defaults) {
  if (!cluster.spec.image.tag.empty()) return cluster.spec.image.tag;
  return cluster.spec.version.empty() ? defaults.version : cluster.spec.version;
}

json make_object(const Cluster& cluster, const BuildDefaults& defaults, const ObjectHead& head) {
  return {{"apiVersion", head.api_version},
          {"kind", head.kind},
          {"metadata",
           {{"name", head.name},
            {"namespace", cluster.name_space},
            {"labels", all_labels(cluster, defaults, head.labels)},
            {"ownerReferences", json::array({{{"apiVersion", kApiVersion},
                                              {"kind", kClusterKind},
                                              {"name", cluster.name},
                                              {"uid", cluster.uid},
                                              {"controller", true},
                                              {"blockOwnerDeletion", true}}})}}}};
}

json with_applied_hash(json manifest) {
  auto hash = content_hash(manifest.dump());
  manifest["metadata"]["annotations"][std::string(kAppliedHashAnnotation)] = std::move(hash);
  return manifest;
}

json port(std::string_view name, std::int64_t number) {
  return {{"name", name}, {"port", number}, {"targetPort", name}, {"protocol", "TCP"}};
}

json pod_template(const Cluster& cluster, const BuildDefaults& defaults, const ProcessParts& process) {
  const auto& pod = cluster.spec.pod_template;
  auto labels = pod.labels;
  labels.merge(all_labels(cluster, defaults, process.selector));
  json annotations = pod.annotations;
  if (annotations.is_null()) annotations = json::object();
  annotations[std::string(kConfigHashAnnotation)] = process.config_hash;

  json spec{{"automountServiceAccountToken", false},
            {"enableServiceLinks", false},
            {"securityContext", pod_security(pod)},
            {"terminationGracePeriodSeconds", pod.termination_grace_period_seconds.value_or(process.grace_seconds)},
            {"containers", json::array({container(cluster, process)})},
            {"volumes", json::array({{{"name", "config"}, {"configMap", {{"name", process.config_map}}}},
                                     {{"name", "tmp"}, {"emptyDir", {{"sizeLimit", "128Mi"}}}}})}};
  if (auto spread = topology_spread(pod, without_group(process.selector)); !spread.empty()) {
    spec["topologySpreadConstraints"] = std::move(spread);
  }
  if (!pod.node_selector.empty()) spec["nodeSelector"] = pod.node_selector;
  if (auto wanted = affinity(pod, process); !wanted.empty()) spec["affinity"] = std::move(wanted);
  if (!pod.tolerations.empty()) spec["tolerations"] = pod.tolerations;
  if (!pod.image_pull_secrets.empty()) spec["imagePullSecrets"] = pod.image_pull_secrets;
  if (!pod.priority_class_name.empty()) spec["priorityClassName"] = pod.priority_class_name;

  json out{{"metadata", {{"labels", labels}, {"annotations", std::move(annotations)}}}, {"spec", std::move(spec)}};
  auto hash = content_hash(out.dump());
  out["metadata"]["annotations"][std::string(kTemplateHashAnnotation)] = std::move(hash);
  return out;
}

json stateful_set_spec(const StorageSpec& storage, std::int64_t replicas, const std::string& service,
                       const Labels& selector, json pod_template) {
  json claim{{"apiVersion", "v1"},
             {"kind", "PersistentVolumeClaim"},
             {"metadata", {{"name", "store"}, {"labels", selector}}},
             {"spec",
              {{"accessModes", json::array({"ReadWriteOnce"})},
               {"volumeMode", "Filesystem"},
               {"resources", {{"requests", {{"storage", storage.size}}}}}}}};
  if (storage.storage_class) claim["spec"]["storageClassName"] = *storage.storage_class;
  // Scaled down, a claim stays in any case: the pod may come back for it.
  return {{"replicas", replicas},
          {"serviceName", service},
          {"podManagementPolicy", "Parallel"},
          {"updateStrategy", {{"type", "OnDelete"}}},
          {"revisionHistoryLimit", 3},
          {"persistentVolumeClaimRetentionPolicy",
           {{"whenDeleted", storage.policy == StoragePolicy::kDelete ? "Delete" : "Retain"}, {"whenScaled", "Retain"}}},
          {"selector", {{"matchLabels", selector}}},
          {"template", std::move(pod_template)},
          {"volumeClaimTemplates", json::array({std::move(claim)})}};
}

json config_map(const Cluster& cluster, const BuildDefaults& defaults, const std::string& name, const Labels& selector,
                std::string_view file, std::string text) {
  auto object = make_object(cluster, defaults, {"v1", "ConfigMap", name, selector});
  object["data"] = {{std::string(file), std::move(text)}};
  return with_applied_hash(std::move(object));
}

json disruption_budget(const Cluster& cluster, const BuildDefaults& defaults, const std::string& name,
                       const Labels& selector) {
  auto object = make_object(cluster, defaults, {"policy/v1", "PodDisruptionBudget", name, selector});
  object["spec"] = {{"maxUnavailable", 1}, {"selector", {{"matchLabels", selector}}}};
  return with_applied_hash(std::move(object));
}

}  // namespace rmq::operator_
