#include "operator/manager/options.h"

#include <doctest/doctest.h>

namespace rmq::operator_ {

TEST_CASE("flags come with '=', with a blank, and alone") {
  auto options =
      parse_options({"--namespaces=a,b", "--kubeconfig", "/k", "--leader-elect", "--metrics-address=:9000",
                     "--image-tag", "2", "--network-policies=false", "--workers=4", "--controller-ports=19100-19199"});
  REQUIRE(options);
  CHECK(options->namespaces == std::vector<std::string>{"a", "b"});
  CHECK(options->kubeconfig == "/k");
  CHECK(options->leader_elect);
  CHECK(options->metrics.host.empty());
  CHECK(options->metrics.port == 9000);
  CHECK(options->defaults.version == "2");
  CHECK_FALSE(options->defaults.network_policies);
  CHECK(options->workers == 4);
  CHECK(options->first_controller_port == 19'100);
  CHECK(options->last_controller_port == 19'199);
}

TEST_CASE("a wrong flag is named") {
  const auto error = [](std::vector<std::string> arguments) {
    auto options = parse_options(arguments);
    return options ? std::string() : options.error().message;
  };
  CHECK(error({"--colour"}) == "unknown flag --colour (see --help)");
  CHECK(error({"--kubeconfig"}) == "--kubeconfig needs a value");
  CHECK(error({"--leader-elect=maybe"}) == "--leader-elect must be true or false, not 'maybe'");
  CHECK(error({"--workers=0"}) == "--workers must be from 1 to 64, not '0'");
  for (const char* ports : {"0", "9-8", "1-x", "-", "70000"}) {
    CHECK(error({"--controller-ports", ports}).starts_with("--controller-ports must be FIRST-LAST"));
  }
  CHECK(error({"--metrics-address=8080"}) == "--metrics-address must be host:port or :port, not '8080'");
}

TEST_CASE("the help names every flag") {
  for (const char* flag :
       {"--kubeconfig", "--context", "--namespaces", "--leader-elect", "--leader-lease", "--metrics-address",
        "--image-repository", "--image-tag", "--network-policies", "--metrics-namespaces", "--controller-ports",
        "--controller-address", "--workers", "--log-level", "--probe", "--version"}) {
    CAPTURE(flag);
    CHECK(help_text().find(flag) != std::string_view::npos);
  }
}

}  // namespace rmq::operator_
