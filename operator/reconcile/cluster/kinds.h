// The kinds of objects that clusters are reconciled with.
#pragma once

#include "operator/api/broker_group.h"
#include "operator/api/cluster.h"
#include "operator/kube/resource.h"

namespace rmq::operator_ {

inline const kube::ResourceKind kClusters{std::string(kGroup), std::string(kVersion), std::string(kClusterPlural),
                                          std::string(kClusterKind)};
inline const kube::ResourceKind kBrokerGroups{std::string(kGroup), std::string(kVersion),
                                              std::string(kBrokerGroupPlural), std::string(kBrokerGroupKind)};
inline const kube::ResourceKind kEndpointSlices{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"};
inline const kube::ResourceKind kStatefulSets{"apps", "v1", "statefulsets", "StatefulSet"};
inline const kube::ResourceKind kServices{"", "v1", "services", "Service"};
inline const kube::ResourceKind kConfigMaps{"", "v1", "configmaps", "ConfigMap"};
inline const kube::ResourceKind kBudgets{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"};
inline const kube::ResourceKind kNetworkPolicies{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"};
inline const kube::ResourceKind kPods{"", "v1", "pods", "Pod"};
inline const kube::ResourceKind kClaims{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"};

}  // namespace rmq::operator_
