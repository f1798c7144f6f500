// How to reach an API server and as whom. From a kubeconfig file or from the pod's service account.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::kube {

// Bytes that stand in the configuration itself or in a file that may be replaced while we run. Both empty: none.
struct BytesOrFile {
  std::string bytes;
  std::string path;

  bool empty() const { return bytes.empty() && path.empty(); }
  // The bytes, from the file if there is one. Empty if there is neither.
  Result<std::string> read() const;
};

struct ClientConfig {
  std::string host;  // name or IP address, without brackets
  std::uint16_t port = 443;
  std::string base_path;           // "" or "/prefix"
  std::string server_name;         // what the server's certificate must name, if not `host`
  bool insecure = false;           // do not verify the server
  BytesOrFile ca;                  // PEM; none: the system's
  BytesOrFile client_certificate;  // PEM, chain allowed
  BytesOrFile client_key;
  BytesOrFile token;
  std::string ns = "default";
};

// The order of kubectl, with the pod before the home directory: `kubeconfig` if not empty, else $KUBECONFIG (its
// files are merged), else the pod's service account, else ~/.kube/config. `context`: "" for the current one.
// kNotFound if there is none of them, kInvalid for a broken one, kUnsupported for what we do not speak
// (exec plugins, auth providers, user and password, http, proxies).
Result<ClientConfig> load_config(const std::string& kubeconfig = {}, const std::string& context = {});

inline constexpr char kServiceAccountDirectory[] = "/var/run/secrets/kubernetes.io/serviceaccount";

// From the service account mounted at `directory` and the address the kubelet put into the environment.
Result<ClientConfig> in_cluster_config(const std::string& directory, std::string_view host, std::string_view port);

// "https://host:port/prefix" into its parts; port 443 if it has none.
Status set_server(ClientConfig& config, std::string_view url);

}  // namespace rmq::kube
