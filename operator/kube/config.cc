#include "operator/kube/config.h"

#include <charconv>
#include <cstdlib>
#include <vector>

#include "common/base/file.h"
#include "operator/kube/kubeconfig.h"

namespace rmq::kube {
namespace {

constexpr std::uint64_t kMaxFileBytes = 1024 * 1024;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return fail(ErrorKind::kInvalid, "port '" + std::string(text) + "'");
  }
  return port;
}

std::vector<std::string> split_paths(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto colon = text.find(':');
    if (colon != 0) out.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  return out;
}

}  // namespace

Result<std::string> BytesOrFile::read() const {
  if (path.empty()) return bytes;
  return read_file(path, kMaxFileBytes);
}

Status set_server(ClientConfig& config, std::string_view url) {
  const std::string whole(url);
  if (url.starts_with("http://")) return fail(ErrorKind::kUnsupported, "server " + whole + ": only https");
  if (url.starts_with("https://")) url.remove_prefix(8);
  const auto slash = url.find('/');
  config.base_path = slash == std::string_view::npos ? "" : url.substr(slash);
  while (config.base_path.ends_with('/')) config.base_path.pop_back();
  std::string_view authority = url.substr(0, slash);

  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return fail(ErrorKind::kInvalid, "server " + whole);
    config.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!port.empty() && port[0] != ':') return fail(ErrorKind::kInvalid, "server " + whole);
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const auto colon = authority.find(':');
    config.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
  }
  if (config.host.empty() || config.host.find_first_of("@?# \r\n") != std::string::npos) {
    return fail(ErrorKind::kInvalid, "server " + whole);
  }
  config.port = 443;
  if (!port.empty()) {
    RMQ_TRY(config.port, parse_port(port));
  }
  return {};
}

Result<ClientConfig> in_cluster_config(const std::string& directory, std::string_view host, std::string_view port) {
  if (host.empty() || port.empty()) return fail(ErrorKind::kNotFound, "not in a cluster: no KUBERNETES_SERVICE_HOST");
  ClientConfig config;
  config.host = host;
  RMQ_TRY(config.port, parse_port(port));
  config.token.path = directory + "/token";
  config.ca.path = directory + "/ca.crt";
  if (auto token = config.token.read(); !token) return fail(std::move(token).error().with("service account token"));
  if (auto ns = read_file(directory + "/namespace", kMaxFileBytes); ns && !ns->empty()) config.ns = *ns;
  while (config.ns.ends_with('\n')) config.ns.pop_back();
  return config;
}

Result<ClientConfig> load_config(const std::string& kubeconfig, const std::string& context) {
  if (!kubeconfig.empty()) return load_kubeconfig({kubeconfig}, context);
  if (const auto listed = split_paths(environment("KUBECONFIG")); !listed.empty())
    return load_kubeconfig(listed, context);
  const auto host = environment("KUBERNETES_SERVICE_HOST");
  if (!host.empty()) return in_cluster_config(kServiceAccountDirectory, host, environment("KUBERNETES_SERVICE_PORT"));
  const auto home = environment("HOME");
  if (!home.empty()) return load_kubeconfig({home + "/.kube/config"}, context);
  return fail(ErrorKind::kNotFound, "no kubeconfig and not in a cluster");
}

}  // namespace rmq::kube
