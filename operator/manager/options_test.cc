#include "operator/manager/options.h"

#include <doctest/doctest.h>

namespace rmq::operator_ {

TEST_CASE("flags come with '=', with a blank, and alone") {
  auto options = parse_options({"--namespaces=a,b", "--kubeconfig", "/k", "--leader-elect", "--metrics-address=:9000",
                                "--image-tag", "2", "--network-policies=false", "--workers=4"});
  REQUIRE(options);
  CHECK(options->namespaces == std::vector<std::string>{"a", "b"});
  CHECK(options->kubeconfig == "/k");
  CHECK(options->leader_elect);
  CHECK(options->metrics.host.empty());
  CHECK(options->metrics.port == 9000);
  CHECK(options->defaults.version == "2");
  CHECK_FALSE(options->defaults.network_policies);
  CHECK(options->workers == 4);
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
  CHECK(error({"--metrics-address=8080"}) == "--metrics-address must be host:port or :port, not '8080'");
}

TEST_CASE("the help names every flag") {
  for (const char* flag : {"--kubeconfig", "--context", "--namespaces", "--leader-elect", "--leader-lease",
                           "--metrics-address", "--image-repository", "--image-tag", "--network-policies",
                           "--metrics-namespaces", "--workers", "--log-level", "--probe", "--version"}) {
    CAPTURE(flag);
    CHECK(help_text().find(flag) != std::string_view::npos);
  }
}

}  // namespace rmq::operator_
