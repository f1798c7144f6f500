#include <doctest/doctest.h>

#include "common/base/file.h"
#include "operator/kube/apiserver_test/fixture.h"
#include "operator/kube/json_access.h"

using namespace rmq;
using namespace rmq::kube;
using namespace rmq::kube::check;
using nlohmann::json;

namespace {

const ResourceKind kReviews{"authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", false};

std::string who_am_i(ApiServer& server) {
  const auto review =
      Client(server).create(kReviews, {{"apiVersion", kReviews.api_version()}, {"kind", kReviews.kind}});
  return review ? text_at(*review, {"status", "userInfo", "username"}) : review.error().message;
}

}  // namespace

TEST_CASE("identity: by client certificate") {
  Fixture f;
  CHECK(who_am_i(f.api()) == "admin");
}

TEST_CASE("identity: by token; a token replaced on disk is taken up after 401") {
  if (arguments().token_kubeconfig.empty()) return;
  SystemClock clock;
  auto server = connect(arguments().token_kubeconfig, clock);
  CHECK(who_am_i(*server) == "token-user");

  auto config = load_config(arguments().token_kubeconfig);
  REQUIRE(config);
  const auto good = config->token.read();
  REQUIRE(good);
  const std::string path = arguments().token_kubeconfig + ".token-of-check";
  REQUIRE(replace_file(path, "expired"));
  config->token = {.path = path};
  auto other = ApiServer::create(*config, clock);
  REQUIRE(other);
  Client client(**other);
  CHECK(client.get(kNamespaces, {"", "default"}).error().kind == ErrorKind::kDenied);
  REQUIRE(replace_file(path, *good + "\n"));
  CHECK(client.get(kNamespaces, {"", "default"}));
}

TEST_CASE("identity: without trust in the server nothing is sent; without rights the answer says which") {
  SystemClock clock;
  auto config = load_config(arguments().kubeconfig);
  REQUIRE(config);
  auto untrusting = *config;
  untrusting.server_name = "other.example.org";
  auto server = ApiServer::create(untrusting, clock);
  REQUIRE(server);
  const auto denied = Client(**server).get(kNamespaces, {"", "default"});
  REQUIRE_FALSE(denied);
  CHECK(denied.error().kind == ErrorKind::kDenied);
  MESSAGE(denied.error().message);

  auto nobody = *config;
  nobody.client_certificate = {};
  nobody.client_key = {};
  auto anonymous = ApiServer::create(nobody, clock);
  REQUIRE(anonymous);
  const auto forbidden = Client(**anonymous).get(kNamespaces, {"", "default"});
  REQUIRE_FALSE(forbidden);
  CHECK(forbidden.error().kind == ErrorKind::kDenied);
  CHECK(forbidden.error().message.find("system:anonymous") != std::string::npos);
}
