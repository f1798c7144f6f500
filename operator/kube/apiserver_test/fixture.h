// What the checks share: the servers named on the command line and a namespace of their own.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "operator/kube/api_server.h"
#include "operator/kube/client.h"
#include "operator/kube/config.h"

namespace rmq::kube::check {

struct Arguments {
  std::string kubeconfig;        // --kubeconfig=: with a client certificate
  std::string token_kubeconfig;  // --token-kubeconfig=: with a token; "": that check is left out
  std::string restart;           // --restart=: a program that stops the API server and starts it again; "": likewise
  std::string compact;           // --compact=: a program that compacts etcd; "": likewise
};
Arguments& arguments();

inline const ResourceKind kNamespaces{"", "v1", "namespaces", "Namespace", false};
inline const ResourceKind kMaps{"", "v1", "configmaps", "ConfigMap"};

struct Fixture {
  Fixture();
  ApiServer& api() { return *server; }
  nlohmann::json map(const std::string& name, nlohmann::json data = nlohmann::json::object(),
                     const std::string& label = "") const;

  SystemClock clock;
  std::unique_ptr<ApiServer> server;
  Client client;
  std::string ns;
};

// The server that a kubeconfig leads to.
std::unique_ptr<ApiServer> connect(const std::string& kubeconfig, const Clock& clock);

// Runs a program given on the command line and waits for its end.
bool run(const std::string& program);

}  // namespace rmq::kube::check
