// A namespace's worth of API server for the checks: a client, child processes, a stand-in for the kubelet.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "operator/kube/api_server.h"
#include "operator/kube/client.h"
#include "operator/reconcile/cluster/kinds.h"

namespace rmq::operator_::check {

struct Arguments {
  std::string kubeconfig;
  std::string restart;  // a program that kills the API server and starts it again
  std::string localkube;
  std::string operator_path;
};
Arguments& arguments();

inline const kube::ResourceKind kNamespaces{"", "v1", "namespaces", "Namespace", false};

// A child process; ended with SIGKILL if it still lives at the end.
class Child {
 public:
  Child(const std::string& program, const std::vector<std::string>& arguments, const std::string& log);
  ~Child();
  Child(const Child&) = delete;
  void kill_now();
  // SIGTERM, and its exit code; -1 if a signal ended it.
  int terminate();
  std::int64_t resident_kib() const;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

int run(const std::string& program, const std::vector<std::string>& arguments);

// True as soon as `holds` does; false after the limit.
bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit = std::chrono::seconds(90));

// Makes pods ready soon after they appear, as if a kubelet ran them; images with "bad" in their name never.
class Kubelet {
 public:
  explicit Kubelet(kube::Client& client);
  ~Kubelet();

 private:
  void round();
  kube::Client& client_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct Fixture {
  explicit Fixture(const std::string& name);
  ~Fixture();

  std::unique_ptr<Child> start_operator(const std::vector<std::string>& more = {});
  Result<nlohmann::json> make(const std::string& name, nlohmann::json spec, const std::string& in = {});
  Result<nlohmann::json> edit(const std::string& name, const nlohmann::json& merge);
  nlohmann::json get(const kube::ResourceKind& kind, const std::string& name);
  std::string condition(const std::string& name, std::string_view type, const char* member = "status",
                        const std::string& in = {});
  bool is_ready(const std::string& name, std::int64_t generation, const std::string& in = {});
  // resourceVersions of all that belongs to clusters in the namespace.
  std::vector<std::string> versions();

  SystemClock clock;
  std::unique_ptr<kube::ApiServer> server;
  kube::Client client;
  std::string ns;
  int metrics_port = 18080;
};

}  // namespace rmq::operator_::check
