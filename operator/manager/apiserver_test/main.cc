// rmq_operator_apiserver_check --kubeconfig=FILE --restart=PROGRAM --localkube=FILE --operator=FILE [doctest options]
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <string_view>
#include <utility>

#include "operator/manager/apiserver_test/fixture.h"

int main(int argc, char** argv) {
  using namespace rmq::operator_::check;
  auto& all = arguments();
  const std::pair<std::string_view, std::string*> known[] = {{"--kubeconfig=", &all.kubeconfig},
                                                             {"--restart=", &all.restart},
                                                             {"--localkube=", &all.localkube},
                                                             {"--operator=", &all.operator_path}};
  for (int i = 1; i < argc; ++i) {
    for (const auto& [flag, value] : known) {
      if (std::string_view(argv[i]).starts_with(flag)) *value = argv[i] + flag.size();
    }
  }
  if (all.kubeconfig.empty() || all.localkube.empty() || all.operator_path.empty()) return 2;
  if (run(all.localkube,
          {"kubectl", "--kubeconfig", all.kubeconfig, "apply", "--server-side", "-f", RMQ_SOURCE "/crds"}) != 0 ||
      run(all.localkube, {"kubectl", "--kubeconfig", all.kubeconfig, "wait", "--for=condition=Established",
                          "crd/rocketmqclusters.rocketmq-operator.io", "crd/brokergroups.rocketmq-operator.io",
                          "--timeout=60s"}) != 0) {
    return 1;
  }
  // The operator runs with the rights that the chart gives it, in each check.
  const auto commands = "set -e; lk='" + all.localkube + "'; k=\"$lk kubectl --kubeconfig " + all.kubeconfig + "\"\n" +
                        R"(
    $k create namespace rocketmq-system --dry-run=client -o yaml | $k apply -f - >/dev/null
    $lk helm template rocketmq-operator )" RMQ_SOURCE R"(/charts/rocketmq-operator -n rocketmq-system \
      --set networkPolicy.enabled=true -s templates/rbac.yaml -s templates/serviceaccount.yaml 2>/dev/null | $k apply -f - >/dev/null
    token=$($k -n rocketmq-system create token rocketmq-operator --duration=4h)
    sed "s/user: .client-certificate.*$/user: {token: $token}}]/" ")" +
                        all.kubeconfig + "\" > operator.kubeconfig; $k --kubeconfig operator.kubeconfig auth whoami\n";
  if (run("/bin/sh", {"-c", commands}) != 0) return 1;
  Child controllers(all.localkube,
                    {"kube-controller-manager", "--kubeconfig", all.kubeconfig, "--leader-elect=false",
                     "--controllers=statefulset-controller,garbage-collector-controller,disruption-controller,"
                     "namespace-controller,serviceaccount-controller,persistentvolumeclaim-protection-controller",
                     "--secure-port=0"},
                    "controllers.log");
  doctest::Context context(argc, argv);
  return context.run();
}
