#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/cluster.h"
#include "operator/api/quantity.h"

namespace rmq::operator_ {
namespace {

// Bounds that keep every name we make within 52 characters (a StatefulSet's limit: its pods carry a label of its name
// and a 10-character hash): <cluster>-broker-<99>.
constexpr std::size_t kMaxNameLength = 40;
constexpr std::int64_t kMaxNameServers = 9;
constexpr std::int64_t kMaxGroups = 100;
constexpr std::int64_t kMaxReplicasPerGroup = 9;

// What the operator itself writes into broker.conf.
constexpr std::string_view kOwnKeys[] = {"adminPort",
                                         "allAckInSyncStateSet",
                                         "brokerClusterName",
                                         "brokerIP1",
                                         "brokerIP2",
                                         "brokerHeartbeatInterval",
                                         "brokerId",
                                         "brokerName",
                                         "brokerRole",
                                         "controllerAddr",
                                         "controllerHeartBeatTimeoutMills",
                                         "enableControllerMode",
                                         "enableElectUncleanMaster",
                                         "flushDiskType",
                                         "haListenPort",
                                         "haMasterAddress",
                                         "haMaxTimeSlaveNotCatchup",
                                         "inSyncReplicas",
                                         "listenPort",
                                         "masterAddress",
                                         "minInSyncReplicas",
                                         "namesrvAddr",
                                         "replicationMode",
                                         "storePathCommitLog",
                                         "storePathRootDir"};

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool is_good_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength && is_lower(name.front()) && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_good_key(std::string_view key) {
  return !key.empty() && is_letter(key.front()) && std::all_of(key.begin(), key.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-';
  });
}

bool is_tag(std::string_view text) {
  const auto word = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
  return !text.empty() && text.size() <= 128 && word(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return word(c) || c == '.' || c == '-'; });
}

class Findings {
 public:
  void check(bool holds, std::string sentence) {
    if (!holds) sentences_.push_back(std::move(sentence));
  }
  void check_range(std::string_view field, std::int64_t value, std::int64_t least, std::int64_t most) {
    check(value >= least && value <= most, std::string(field) + " must be from " + std::to_string(least) + " to " +
                                               std::to_string(most) + ", not " + std::to_string(value));
  }
  std::vector<std::string> take() { return std::move(sentences_); }

 private:
  std::vector<std::string> sentences_;
};

void check_failover(const FailoverSpec& failover, std::int64_t replicas, Findings& findings) {
  findings.check_range("brokerGroups.failover.minInSyncReplicas", failover.min_in_sync_replicas, 1,
                       kMaxReplicasPerGroup);
  findings.check_range("brokerGroups.failover.heartbeatIntervalMs", failover.heartbeat_interval_ms, 100, 10'000);
  findings.check_range("brokerGroups.failover.heartbeatTimeoutMs", failover.heartbeat_timeout_ms, 500, 120'000);
  findings.check_range("brokerGroups.failover.leaseMs", failover.lease_ms, 500, 120'000);
  findings.check_range("brokerGroups.failover.catchUpMs", failover.catch_up_ms, 1000, 600'000);
  findings.check(failover.min_in_sync_replicas <= std::max<std::int64_t>(replicas, 1),
                 "failover.minInSyncReplicas must not be above replicasPerGroup");
  findings.check(failover.heartbeat_timeout_ms >= 3 * failover.heartbeat_interval_ms,
                 "failover.heartbeatTimeoutMs must be three heartbeatIntervalMs or more");
  findings.check(failover.lease_ms >= 3 * failover.heartbeat_interval_ms,
                 "failover.leaseMs must be three heartbeatIntervalMs or more");
}

bool is_amount(std::string_view text) {
  auto quantity = parse_quantity(text);
  return quantity && quantity->nano > 0;
}

void check_config(const std::map<std::string, std::string>& config, Findings& findings) {
  const auto all = [&](auto&& holds) { return std::all_of(config.begin(), config.end(), holds); };
  findings.check(
      all([](const auto& entry) {
        return std::find(std::begin(kOwnKeys), std::end(kOwnKeys), entry.first) == std::end(kOwnKeys);
      }),
      "config must not set what the operator sets: brokerClusterName, brokerName, brokerId, brokerRole, "
      "brokerIP1, brokerIP2, namesrvAddr, listenPort, haListenPort, adminPort, flushDiskType, "
      "storePathRootDir, storePathCommitLog, and the keys of replication, which brokerGroups.replication and "
      "brokerGroups.failover stand for");
  findings.check(all([](const auto& entry) { return is_good_key(entry.first); }),
                 "config keys must be letters, digits, '.', '_' and '-', starting with a letter");
  findings.check(all([](const auto& entry) { return entry.second.find_first_of("\r\n") == std::string::npos; }),
                 "config values must be one line each");
}

void check_pod_template(const PodTemplateSpec& pod, Findings& findings) {
  const auto free = [](const auto& entry) {
    std::string_view key = entry.first;
    return !key.starts_with("rocketmq-operator.io/") && !key.starts_with("app.kubernetes.io/");
  };
  findings.check(std::all_of(pod.labels.begin(), pod.labels.end(), free),
                 "podTemplate.labels must leave rocketmq-operator.io/ and app.kubernetes.io/ to the operator");
  findings.check(std::all_of(pod.annotations.begin(), pod.annotations.end(), free),
                 "podTemplate.annotations must leave rocketmq-operator.io/ and app.kubernetes.io/ to the operator");
  findings.check(std::all_of(pod.env.begin(), pod.env.end(),
                             [](const nlohmann::json& variable) {
                               if (!variable.is_object()) return false;
                               auto name = variable.find("name");
                               return name != variable.end() && name->is_string() && *name != "POD_NAME" &&
                                      *name != "POD_NAMESPACE";
                             }),
                 "podTemplate.env must leave POD_NAME and POD_NAMESPACE to the operator");
}

}  // namespace

std::vector<std::string> validate(const Cluster& cluster) {
  Findings findings;
  const auto& spec = cluster.spec;
  const auto& groups = spec.broker_groups;
  findings.check(is_good_name(cluster.name),
                 "metadata.name must be at most 40 characters of a-z, 0-9 and '-', starting with a letter and not "
                 "ending with '-'");
  findings.check(spec.version.empty() || is_tag(spec.version), "version must be an image tag");
  findings.check(spec.image.tag.empty() || is_tag(spec.image.tag), "image.tag must be an image tag");
  findings.check(spec.image.pull_policy == "Always" || spec.image.pull_policy == "IfNotPresent" ||
                     spec.image.pull_policy == "Never",
                 "image.pullPolicy must be one of Always, IfNotPresent, Never");
  findings.check_range("nameServers.replicas", spec.name_servers.replicas, 1, kMaxNameServers);
  findings.check(is_amount(spec.name_servers.storage.size) && is_amount(groups.storage.size),
                 "storage.size must be an amount above zero, such as 10Gi");
  findings.check_range("brokerGroups.count", groups.count, 1, kMaxGroups);
  findings.check_range("brokerGroups.replicasPerGroup", groups.replicas_per_group, 1, kMaxReplicasPerGroup);
  findings.check(groups.replication != Replication::kSync || groups.replicas_per_group >= 2,
                 "replication sync needs replicasPerGroup of 2 or more");
  findings.check(groups.replication != Replication::kQuorum || groups.replicas_per_group >= 3,
                 "replication quorum needs replicasPerGroup of 3 or more");
  check_failover(groups.failover, groups.replicas_per_group, findings);
  check_config(groups.config, findings);
  check_pod_template(spec.pod_template, findings);
  return findings.take();
}

}  // namespace rmq::operator_
