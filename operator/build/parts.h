// Parts that the manifests of name servers and brokers share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "operator/build/manifests.h"
#include "operator/build/names.h"

namespace rmq::operator_ {

// 64 bits in hexadecimal, the same on every machine and in every release.
std::string content_hash(std::string_view text);

struct ObjectHead {
  std::string api_version;
  std::string kind;
  std::string name;
  Labels labels;  // selector labels; the common ones are added
};
// apiVersion, kind and metadata with labels and the owner, which is the cluster.
nlohmann::json make_object(const Cluster& cluster, const BuildDefaults& defaults, const ObjectHead& head);

// Adds the annotation with the manifest's own hash. The last step of every builder.
nlohmann::json with_applied_hash(nlohmann::json manifest);

nlohmann::json port(std::string_view name, std::int64_t number);  // of a service, to the container port of that name

struct ProcessParts {
  std::string container;  // its name
  std::string image;
  std::string config_file;
  std::string config_map;
  std::string config_hash;
  std::vector<std::pair<std::string, std::int64_t>> ports;
  nlohmann::json resources;
  std::int64_t startup_seconds = 0;  // how long recovery may take before the container is restarted
  std::int64_t grace_seconds = 0;
  Labels selector;
  bool apart = false;  // rather not two pods of the selector on a node
};
// The pod template, with its own hash as an annotation.
nlohmann::json pod_template(const Cluster& cluster, const BuildDefaults& defaults, const ProcessParts& process);

nlohmann::json stateful_set_spec(const StorageSpec& storage, std::int64_t replicas, const std::string& service,
                                 const Labels& selector, nlohmann::json pod_template);

nlohmann::json config_map(const Cluster& cluster, const BuildDefaults& defaults, const std::string& name,
                          const Labels& selector, std::string_view file, std::string text);

// At most one pod of `selector` is taken away by a voluntary disruption at a time.
nlohmann::json disruption_budget(const Cluster& cluster, const BuildDefaults& defaults, const std::string& name,
                                 const Labels& selector);

}  // namespace rmq::operator_
