#include "controller/etcd/leader_elector.h"

#include <doctest/doctest.h>

#include <future>

#include "controller/etcd/fake_etcd.h"

using namespace rmq;
using namespace rmq::etcd;

namespace {

constexpr std::chrono::seconds kLimit{10};

// Callbacks as a queue that a test waits on.
class Log {
 public:
  void add(std::string text) {
    const std::lock_guard lock(mutex_);
    entries_.push_back(std::move(text));
    changed_.notify_all();
  }
  bool await(const std::string& text) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLimit,
                             [&] { return std::find(entries_.begin(), entries_.end(), text) != entries_.end(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> entries_;
};

struct Candidate {
  Log log;
  SystemClock clock;
  LeaderElector elector;

  Candidate(const FakeEtcd& etcd, const std::string& id)
      : elector(options(etcd, id),
                {[this] { log.add("started"); }, [this] { log.add("stopped"); },
                 [this](const std::string& leader, const std::string& address) { log.add(leader + "@" + address); }},
                clock) {
    elector.start();
  }
  static LeaderElectorOptions options(const FakeEtcd& etcd, const std::string& id) {
    LeaderElectorOptions result;
    result.client.endpoints = {etcd.endpoint()};
    result.key = "/c/leader";
    result.id = id;
    result.address = "host-" + id + ":9878";
    result.ttl = std::chrono::seconds(2);
    result.retry = std::chrono::milliseconds(20);
    return result;
  }
};

}  // namespace

TEST_CASE("etcd: one candidate leads, the other knows where; a leader that stops hands over at once") {
  FakeEtcd etcd;
  auto a = std::make_unique<Candidate>(etcd, "a");
  REQUIRE(a->log.await("started"));
  CHECK(a->elector.is_leader());
  CHECK(a->elector.fence());

  Candidate b(etcd, "b");
  REQUIRE(b.log.await("a@host-a:9878"));
  CHECK_FALSE(b.elector.is_leader());
  CHECK_FALSE(b.elector.fence());

  a->elector.stop();
  CHECK(a->log.await("stopped"));
  CHECK_FALSE(a->elector.is_leader());
  CHECK(b.log.await("started"));
}

TEST_CASE("etcd: who can't renew stops leading before the lease ends") {
  FakeEtcd etcd;
  Candidate a(etcd, "a");
  REQUIRE(a.log.await("started"));
  etcd.fail_requests(true);
  CHECK(a.log.await("stopped"));
  CHECK_FALSE(a.elector.is_leader());
}

TEST_CASE("etcd: a lease that expired on the other side ends leading") {
  FakeEtcd etcd;
  Candidate a(etcd, "a");
  REQUIRE(a.log.await("started"));
  etcd.expire_leases();
  CHECK(a.log.await("stopped"));
}

TEST_CASE("etcd: the leader's record is read with care") {
  CHECK(parse_leader(leader_text("x", "h:1")).address == "h:1");
  CHECK(parse_leader("{\"id\":5}").id.empty());
  CHECK(parse_leader("junk").address.empty());
}
