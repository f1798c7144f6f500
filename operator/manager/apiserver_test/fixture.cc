#include "operator/manager/apiserver_test/fixture.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "operator/build/names.h"
#include "operator/kube/json_access.h"

namespace rmq::operator_::check {

using kube::text_at;
using nlohmann::json;

Arguments& arguments() {
  static Arguments one;
  return one;
}

Child::Child(const std::string& program, const std::vector<std::string>& arguments, const std::string& log) {
  pid_ = ::fork();
  if (pid_ != 0) return;
  if (!log.empty()) {
    const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(fd, 1);
    ::dup2(fd, 2);
  }
  std::vector<char*> raw{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  ::execv(program.c_str(), raw.data());
  ::_exit(127);
}

Child::~Child() {
  kill_now();
}

void Child::kill_now() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

int Child::terminate() {
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::int64_t Child::resident_kib() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
  }
  return -1;
}

int run(const std::string& program, const std::vector<std::string>& arguments) {
  Child child(program, arguments, "");
  int status = 0;
  ::waitpid(child.pid(), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  do {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

Kubelet::Kubelet(kube::Client& client) : client_(client) {
  thread_ = std::thread([this] {
    while (!stop_) {
      round();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
}
Kubelet::~Kubelet() {
  stop_ = true;
  thread_.join();
}

void Kubelet::round() {
  auto pods = client_.list(kPods, "", {.label_selector = std::string(kManagedByLabel) + "=" + std::string(kManager)});
  if (!pods) return;
  for (const auto& pod : pods->items) {
    const auto key = kube::key_of(pod);
    if (!text_at(pod, {"metadata", "deletionTimestamp"}).empty()) {
      (void)client_.remove(kPods, key, {.grace_seconds = 0});
      continue;
    }
    if (text_at(pod, {"status", "phase"}) == "Running") continue;
    const auto image = pod["spec"]["containers"][0]["image"].get<std::string>();
    const bool bad = image.find("bad") != std::string::npos;
    if (bad && kube::find_at(pod, {"status", "containerStatuses"}) != nullptr) continue;
    json status{{"phase", bad ? "Pending" : "Running"},
                {"conditions", json::array({{{"type", "Ready"}, {"status", bad ? "False" : "True"}}})}};
    if (bad) {
      status["containerStatuses"] =
          json::array({{{"name", pod["spec"]["containers"][0]["name"]},
                        {"image", image},
                        {"imageID", ""},
                        {"ready", false},
                        {"restartCount", 0},
                        {"state", {{"waiting", {{"reason", "ImagePullBackOff"}, {"message", "no such image"}}}}}}});
    }
    (void)client_.merge_patch(kPods, key, {{"status", status}}, {.field_manager = "kubelet", .subresource = "status"});
  }
}

namespace {

std::unique_ptr<kube::ApiServer> connect(const Clock& clock) {
  auto config = kube::load_config(arguments().kubeconfig);
  REQUIRE(config);
  auto server = kube::ApiServer::create(*config, clock);
  REQUIRE(server);
  return std::move(*server);
}

}  // namespace

Fixture::Fixture(const std::string& name) : server(connect(clock)), client(*server), ns(name) {
  (void)client.create(kNamespaces, {{"metadata", {{"name", ns}}}});
}
Fixture::~Fixture() {
  auto clusters = client.list(kClusters, "");
  if (!clusters) return;
  for (const auto& cluster : clusters->items) (void)client.remove(kClusters, kube::key_of(cluster));
}

std::unique_ptr<Child> Fixture::start_operator(const std::vector<std::string>& more) {
  std::vector<std::string> flags{"--kubeconfig", "operator.kubeconfig",
                                 "--metrics-address=127.0.0.1:" + std::to_string(metrics_port)};
  flags.insert(flags.end(), more.begin(), more.end());
  return std::make_unique<Child>(arguments().operator_path, flags, "operator.log");
}

Result<json> Fixture::make(const std::string& name, json spec, const std::string& in) {
  return client.create(kClusters, {{"apiVersion", kApiVersion},
                                   {"kind", kClusterKind},
                                   {"metadata", {{"name", name}, {"namespace", in.empty() ? ns : in}}},
                                   {"spec", std::move(spec)}});
}
Result<json> Fixture::edit(const std::string& name, const json& merge) {
  return client.merge_patch(kClusters, {ns, name}, merge, {.field_manager = "user"});
}
json Fixture::get(const kube::ResourceKind& kind, const std::string& name) {
  return client.get(kind, {ns, name}).value_or(json());
}

std::string Fixture::condition(const std::string& name, std::string_view type, const char* member,
                               const std::string& in) {
  auto cluster = client.get(kClusters, {in.empty() ? ns : in, name});
  if (!cluster) return {};
  const auto* conditions = kube::find_at(*cluster, {"status", "conditions"});
  if (conditions == nullptr) return {};
  for (const auto& item : *conditions) {
    if (item["type"] == type) return item[member].is_string() ? item[member].get<std::string>() : item[member].dump();
  }
  return {};
}

bool Fixture::is_ready(const std::string& name, std::int64_t generation, const std::string& in) {
  return condition(name, kReady, "status", in) == "True" &&
         condition(name, kReady, "observedGeneration", in) == std::to_string(generation) &&
         condition(name, kProgressing, "status", in) == "False";
}

std::vector<std::string> Fixture::versions() {
  std::vector<std::string> out;
  for (const auto& kind : {kClusters, kStatefulSets, kServices, kConfigMaps, kBudgets, kPods}) {
    auto list = client.list(kind, ns);
    REQUIRE(list);
    for (const auto& item : list->items) {
      out.push_back(kind.plural + "/" + kube::key_of(item).name + "@" + text_at(item, {"metadata", "resourceVersion"}));
    }
  }
  return out;
}

}  // namespace rmq::operator_::check
