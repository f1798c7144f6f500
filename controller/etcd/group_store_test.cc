#include "controller/etcd/group_store.h"

#include <doctest/doctest.h>

#include <future>

#include "controller/etcd/fake_etcd.h"

using namespace rmq;
using namespace rmq::etcd;
using controller::StoredGroup;
using controller::WriteOutcome;
using What = WriteOutcome::What;

namespace {

struct Fixture {
  FakeEtcd etcd;
  Client client{options()};
  bool leading = true;
  std::int64_t leader_revision = 0;
  GroupStore store{options(), "/p", [this]() -> std::optional<Compare> {
                     if (!leading) return std::nullopt;
                     return Compare{"/p/leader", Compare::Target::kCreateRevision, leader_revision};
                   }};

  Fixture() { leader_revision = client.put_if({}, "/p/leader", "x")->revision; }
  ClientOptions options() const {
    ClientOptions result;
    result.endpoints = {etcd.endpoint()};
    return result;
  }
  static std::shared_ptr<const election::GroupState> group(std::int32_t epoch) {
    election::GroupState state;
    state.cluster = "c";
    state.name = "a";
    state.master_epoch = epoch;
    return std::make_shared<const election::GroupState>(state);
  }
  WriteOutcome swap(const std::string& version, std::int32_t epoch) {
    std::promise<WriteOutcome> done;
    store.compare_and_swap("a", version, group(epoch), [&](WriteOutcome o) { done.set_value(std::move(o)); });
    return done.get_future().get();
  }
  WriteOutcome remove(const std::string& version) {
    std::promise<WriteOutcome> done;
    store.compare_and_remove("a", version, [&](WriteOutcome o) { done.set_value(std::move(o)); });
    return done.get_future().get();
  }
  Result<std::vector<StoredGroup>> load() {
    std::promise<Result<std::vector<StoredGroup>>> done;
    store.load([&](Result<std::vector<StoredGroup>> r) { done.set_value(std::move(r)); });
    return done.get_future().get();
  }
};

}  // namespace

TEST_CASE("etcd store: created once, changed by version, removed by version") {
  Fixture f;
  CHECK(f.load()->empty());
  const auto created = f.swap("", 1);
  REQUIRE(created.what == What::kWritten);

  const auto again = f.swap("", 2);
  REQUIRE(again.what == What::kConflict);
  CHECK(again.actual.version == created.version);
  CHECK(again.actual.state->master_epoch == 1);

  const auto changed = f.swap(created.version, 3);
  REQUIRE(changed.what == What::kWritten);
  CHECK(changed.version != created.version);
  auto all = f.load();
  REQUIRE(all);
  REQUIRE(all->size() == 1);
  CHECK(all->front().name == "a");
  CHECK(all->front().version == changed.version);
  CHECK(*all->front().state == *Fixture::group(3));

  CHECK(f.remove(created.version).what == What::kConflict);
  CHECK(f.remove(changed.version).what == What::kWritten);
  const auto gone = f.swap(changed.version, 4);
  CHECK(gone.what == What::kConflict);
  CHECK(gone.actual.state == nullptr);
  CHECK(gone.actual.version.empty());
}

TEST_CASE("etcd store: a leader of the past writes nothing") {
  Fixture f;
  const auto created = f.swap("", 1);
  // By its own clock.
  f.leading = false;
  CHECK(f.swap(created.version, 2).what == What::kError);
  // By etcd: somebody else holds the key by now.
  f.leading = true;
  REQUIRE(f.client.delete_if({}, "/p/leader"));
  REQUIRE(f.client.put_if({}, "/p/leader", "other"));
  CHECK(f.swap(created.version, 2).what == What::kError);
  CHECK(f.remove(created.version).what == What::kError);
  CHECK(f.load()->front().state->master_epoch == 1);
}

TEST_CASE("etcd store: a group that can't be read is no group that is not there") {
  Fixture f;
  REQUIRE(f.client.put_if({}, "/p/groups/a", "junk"));
  CHECK_FALSE(f.load());
  CHECK(f.swap("", 1).what == What::kError);
  f.etcd.fail_requests(true);
  CHECK_FALSE(f.load());
}
