// Checks the client against a real kube-apiserver: rmq_kube_apiserver_test --kubeconfig=FILE [--token-kubeconfig=FILE]
// [--restart=PROGRAM] [--compact=PROGRAM] [doctest options].
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "operator/kube/api_error.h"
#include "operator/kube/apiserver_test/fixture.h"

namespace rmq::kube::check {

using nlohmann::json;

Arguments& arguments() {
  static Arguments one;
  return one;
}

std::unique_ptr<ApiServer> connect(const std::string& kubeconfig, const Clock& clock) {
  auto config = load_config(kubeconfig);
  REQUIRE_MESSAGE(config, (config ? "" : config.error().message));
  auto server = ApiServer::create(*config, clock);
  REQUIRE_MESSAGE(server, (server ? "" : server.error().message));
  return std::move(*server);
}

Fixture::Fixture()
    : server(connect(arguments().kubeconfig, clock)),
      client(*server),
      ns("kube-client-check-" + std::to_string(::getpid())) {
  const auto made = client.create(kNamespaces, {{"metadata", {{"name", ns}}}});
  REQUIRE_MESSAGE((made || is_already_exists(made.error())), (made ? "" : made.error().message));
}

json Fixture::map(const std::string& name, json data, const std::string& label) const {
  json out{{"metadata", {{"namespace", ns}, {"name", name}}}, {"data", std::move(data)}};
  if (!label.empty()) out["metadata"]["labels"]["check"] = label;
  return out;
}

bool run(const std::string& program) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(program.c_str(), program.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace rmq::kube::check

int main(int argc, char** argv) {
  auto& arguments = rmq::kube::check::arguments();
  const std::pair<std::string_view, std::string*> known[] = {{"--kubeconfig=", &arguments.kubeconfig},
                                                             {"--token-kubeconfig=", &arguments.token_kubeconfig},
                                                             {"--restart=", &arguments.restart},
                                                             {"--compact=", &arguments.compact}};
  for (int i = 1; i < argc; ++i) {
    for (const auto& [name, value] : known) {
      if (std::string_view(argv[i]).starts_with(name)) *value = argv[i] + name.size();
    }
  }
  if (arguments.kubeconfig.empty()) {
    std::fprintf(stderr, "usage: %s --kubeconfig=FILE ...\n", argv[0]);
    return 2;
  }
  doctest::Context context(argc, argv);
  return context.run();
}
