#include "controller/etcd/client.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>

#include "controller/etcd/fake_etcd.h"

using namespace rmq;
using namespace rmq::etcd;
using Target = Compare::Target;

namespace {

// RMQ_TEST_ETCD=http://host:port runs the same cases against a real one.
struct Fixture {
  FakeEtcd fake;
  std::string endpoint = std::getenv("RMQ_TEST_ETCD") != nullptr ? std::getenv("RMQ_TEST_ETCD") : fake.endpoint();
  std::string prefix = "/rmq-test-" + std::to_string(::getpid()) + "/";
  Client client{options({endpoint})};

  static ClientOptions options(std::vector<std::string> endpoints) {
    ClientOptions result;
    result.endpoints = std::move(endpoints);
    return result;
  }
};

}  // namespace

TEST_CASE("etcd: a key is created once, changed by its revision only") {
  Fixture f;
  const auto key = f.prefix + "once";
  const std::string value("bytes \0 \xff", 9);
  auto created = f.client.put_if({{key, Target::kModRevision, 0}}, key, value);
  REQUIRE(created);
  REQUIRE(created->succeeded);
  CHECK(created->revision > 0);

  auto again = f.client.put_if({{key, Target::kModRevision, 0}}, key, "other");
  REQUIRE(again);
  CHECK_FALSE(again->succeeded);
  CHECK(again->actual.value == value);
  CHECK(again->actual.mod_revision == created->revision);

  auto changed = f.client.put_if({{key, Target::kModRevision, created->revision}}, key, "new");
  REQUIRE(changed);
  CHECK(changed->succeeded);
  CHECK(changed->revision > created->revision);
  CHECK(f.client.get(key)->value == "new");
  CHECK(f.client.get(key)->create_revision == created->revision);

  CHECK(f.client.delete_if({{key, Target::kModRevision, created->revision}}, key).error().kind == ErrorKind::kConflict);
  CHECK(f.client.delete_if({{key, Target::kModRevision, changed->revision}}, key));
  CHECK(f.client.get(key)->mod_revision == 0);
}

TEST_CASE("etcd: a range has all keys of its prefix, over pages, and no others") {
  Fixture f;
  const auto prefix = f.prefix + "range/";
  const auto neighbour = f.prefix + "range0";
  REQUIRE(f.client.put_if({}, neighbour, "x"));
  for (int i = 0; i < 503; ++i) {
    const auto key = prefix + std::to_string(1000 + i);
    REQUIRE(f.client.put_if({}, key, std::to_string(i))->succeeded);
  }
  auto all = f.client.range_prefix(prefix);
  REQUIRE(all);
  REQUIRE(all->size() == 503);
  CHECK(all->front().key == prefix + "1000");
  CHECK(all->back().value == "502");
  CHECK(f.client.range_prefix(f.prefix + "nothing/")->empty());
}

TEST_CASE("etcd: a key goes with its lease") {
  Fixture f;
  const auto key = f.prefix + "leased";
  auto lease = f.client.grant_lease(std::chrono::seconds(5));
  REQUIRE(lease);
  REQUIRE(f.client.put_if({}, key, "x", *lease)->succeeded);
  CHECK(*f.client.keep_lease_alive(*lease) == 5);
  CHECK(f.client.revoke_lease(*lease));
  CHECK(f.client.get(key)->mod_revision == 0);
  CHECK(*f.client.keep_lease_alive(*lease) == 0);
}

TEST_CASE("etcd: the next endpoint is asked when one is down; errors say what is known") {
  Fixture f;
  // Port 1 refuses.
  Client client(Fixture::options({"http://127.0.0.1:1", f.endpoint}));
  CHECK(client.get(f.prefix + "k"));
  Client nobody(Fixture::options({"http://127.0.0.1:1"}));
  auto refused = nobody.put_if({}, "k", "v");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kUnavailable);

  Client faked(Fixture::options({f.fake.endpoint()}));
  f.fake.fail_requests(true);
  auto unknown = faked.put_if({}, "k", "v");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind == ErrorKind::kTimeout);  // perhaps done
}

TEST_CASE("etcd: options are checked") {
  CHECK_FALSE(validate({}));
  for (const auto* bad : {"127.0.0.1:2379", "ftp://a:1", "http://a", "http://a:1/path", "http://u@a:1"}) {
    CHECK_FALSE(validate(Fixture::options({bad})));
  }
  CHECK(validate(Fixture::options({"http://127.0.0.1:2379", "https://[::1]:2379/"})));
  auto half = Fixture::options({"http://a:1"});
  half.cert_file = "/dev/null";
  CHECK_FALSE(validate(half));
}
