#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "common/testing/temp_dir.h"
#include "operator/kube/config.h"
#include "operator/kube/kubeconfig.h"

using namespace rmq;
using namespace rmq::kube;

namespace {

constexpr char kTwoContexts[] = R"(
apiVersion: v1
kind: Config
current-context: one
contexts:
- name: one
  context: {cluster: c1, user: u1, namespace: shop}
- name: two
  context: {cluster: c2, user: u2}
clusters:
- name: c1
  cluster: {server: "https://10.0.0.1:6443", certificate-authority: ca.crt}
- name: c2
  cluster: {server: "https://[::1]/k8s/", insecure-skip-tls-verify: true, tls-server-name: kubernetes}
users:
- name: u1
  user: {client-certificate: /abs/c.crt, client-key-data: a2V5}
- name: u2
  user: {token: old, tokenFile: t}
)";

void write(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("kubeconfig: the current context, files and inline data") {
  auto config = parse_kubeconfig({{kTwoContexts, "/etc/k"}});
  REQUIRE(config);
  CHECK(config->host == "10.0.0.1");
  CHECK(config->port == 6443);
  CHECK(config->base_path.empty());
  CHECK(config->ca.path == "/etc/k/ca.crt");
  CHECK(config->client_certificate.path == "/abs/c.crt");
  CHECK(config->client_key.bytes == "key");
  CHECK(config->ns == "shop");
  CHECK_FALSE(config->insecure);
}

TEST_CASE("kubeconfig: another context, IPv6, a path prefix, a token file before a token") {
  auto config = parse_kubeconfig({{kTwoContexts, "/etc/k"}}, "two");
  REQUIRE(config);
  CHECK(config->host == "::1");
  CHECK(config->port == 443);
  CHECK(config->base_path == "/k8s");
  CHECK(config->server_name == "kubernetes");
  CHECK(config->insecure);
  CHECK(config->token.path == "/etc/k/t");
  CHECK(config->token.bytes.empty());
  CHECK(config->ns == "default");
}

TEST_CASE("kubeconfig: of several files the first that has a name wins") {
  const std::string first = "current-context: two\nusers:\n- name: u2\n  user: {token: new}\n";
  auto config = parse_kubeconfig({{first, ""}, {kTwoContexts, ""}});
  REQUIRE(config);
  CHECK(config->token.bytes == "new");
  CHECK(config->insecure);
}

TEST_CASE("kubeconfig: broken or unsupported ones say why") {
  const auto error_of = [](std::string text) {
    auto config = parse_kubeconfig({{std::move(text), ""}});
    REQUIRE_FALSE(config);
    return config.error();
  };
  const auto with_user = [](const std::string& user) {
    return "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
           "clusters: [{name: c, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: " +
           user + "}]\n";
  };
  CHECK(error_of("{").kind == ErrorKind::kInvalid);
  CHECK(error_of("[]").kind == ErrorKind::kInvalid);
  CHECK(error_of("").message.find("current-context") != std::string::npos);
  CHECK(error_of("current-context: x").message.find("'x'") != std::string::npos);
  CHECK(error_of(with_user("{exec: {command: aws}}")).kind == ErrorKind::kUnsupported);
  CHECK(error_of(with_user("{username: a, password: b}")).kind == ErrorKind::kUnsupported);
  CHECK(error_of(with_user("{client-certificate-data: '!'}")).kind == ErrorKind::kInvalid);
  CHECK(error_of(with_user("{client-certificate: only}")).kind == ErrorKind::kInvalid);
  CHECK(parse_kubeconfig({{with_user("{}"), ""}}));
}

TEST_CASE("config: server addresses") {
  ClientConfig config;
  for (const auto* bad : {"", "https://", "https://:1", "https://h:0", "https://h:99999", "https://[::1", "https://h:x",
                          "http://h", "https://user@h"}) {
    CHECK_FALSE(set_server(config, bad));
  }
  CHECK(set_server(config, "example.org:8443"));
  CHECK(config.host == "example.org");
  CHECK(config.port == 8443);
}

TEST_CASE("config: the pod's service account") {
  testing::TempDir dir;
  const std::string path = dir / "sa";
  std::filesystem::create_directories(path);
  CHECK(in_cluster_config(path, "", "").error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(in_cluster_config(path, "10.0.0.1", "443"));
  write(path + "/token", "t0\n");
  write(path + "/namespace", "rocketmq\n");
  auto config = in_cluster_config(path, "10.0.0.1", "443");
  REQUIRE(config);
  CHECK(config->ns == "rocketmq");
  CHECK(config->token.path == path + "/token");
  CHECK(config->ca.path == path + "/ca.crt");
}

TEST_CASE("config: a missing kubeconfig is skipped when another is there") {
  testing::TempDir dir;
  write(dir / "k", kTwoContexts);
  CHECK(load_kubeconfig({dir / "none", dir / "k"}));
  CHECK(load_kubeconfig({dir / "none"}).error().kind == ErrorKind::kNotFound);
  CHECK(load_kubeconfig({dir / "k"})->ca.path == dir / "ca.crt");
}
