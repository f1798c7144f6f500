#include "broker/app/role_switch.h"

#include <doctest/doctest.h>

#include <vector>

namespace rmq::broker {
namespace {

using replication::GroupView;

constexpr std::chrono::seconds kLimit{10};

// Writes down what is done, in order.
class FakeActions final : public RoleActions {
 public:
  Status lead(const replication::MasterTerm& term) override {
    std::unique_lock lock(mutex_);
    done_.push_back("lead " + std::to_string(term.epoch));
    term_ = term;
    auto result = result_;  // together with the note: a test that saw the one has not yet changed the other
    lock.unlock();
    changed_.notify_all();
    return result;
  }
  Status follow(const replication::SlaveTerm& term) override {
    note("follow " + std::to_string(term.epoch) + " " + term.master_ha_address);
    return {};
  }
  void set_sync_set(const std::set<replication::BrokerId>& set, std::int32_t) override {
    note("set of " + std::to_string(set.size()));
  }
  void start_master_services(std::int32_t, std::function<void()> ready) override {
    note("start");
    if (ready_at_once_) {
      ready();
    } else {
      std::lock_guard lock(mutex_);
      ready_ = std::move(ready);
    }
  }
  void stop_master_services() override { note("stop"); }
  void disconnect_clients() override { note("disconnect"); }
  void announce(const Announcement& now) override {
    note("announce " + std::to_string(now.broker_id) + " " + now.address + (now.shared_address ? " shared" : ""));
  }
  void heartbeat_now() override { note("heartbeat"); }
  void ask_ha_address(const std::string& master, std::function<void(std::string)> done) override {
    note("ask " + master);
    done(ha_address_);
  }
  bool connected_to_master() const override { return true; }
  void on_master(const std::string& address) override { note("master " + address); }

  std::vector<std::string> await(std::size_t count) {
    std::unique_lock lock(mutex_);
    CHECK(changed_.wait_for(lock, kLimit, [&] { return done_.size() >= count; }));
    return std::exchange(done_, {});
  }
  void set_result(Status result) {
    std::lock_guard lock(mutex_);
    result_ = std::move(result);
  }
  replication::MasterTerm term() {
    std::lock_guard lock(mutex_);
    return term_;
  }
  void call_ready() {
    std::unique_lock lock(mutex_);
    auto ready = std::move(ready_);
    lock.unlock();
    ready();
  }

  bool ready_at_once_ = true;
  std::string ha_address_ = "10.0.0.9:10912";

 private:
  void note(std::string what) {
    {
      std::lock_guard lock(mutex_);
      done_.push_back(std::move(what));
    }
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> done_;
  replication::MasterTerm term_;
  Status result_;
  std::function<void()> ready_;
};

struct Rig {
  explicit Rig(Properties more = {}) : config([](std::string_view) { return std::nullopt; }) {
    Properties settings{{"enableControllerMode", "true"}, {"controllerAddr", "c:1"}, {"brokerIP1", "10.0.0.1"}};
    settings.merge(more);
    REQUIRE(config.load(settings));
    REQUIRE(config.complete());
    role = std::make_unique<RoleSwitch>(config, actions, clock);
    role->start();
  }
  bool await(Role wanted) {
    const auto end = std::chrono::steady_clock::now() + kLimit;
    while (config.role != wanted && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return config.role == wanted;
  }

  SystemClock clock;
  BrokerConfig config;
  FakeActions actions;
  std::unique_ptr<RoleSwitch> role;
};

GroupView view(replication::BrokerId master, std::int32_t epoch, std::set<replication::BrokerId> set = {1, 2}) {
  return {master, "10.0.0." + std::to_string(master) + ":10911", epoch, std::move(set), 1};
}

using Done = std::vector<std::string>;

TEST_CASE("to master: sends are taken once the state of the masters before is known") {
  Rig rig;
  rig.actions.ready_at_once_ = false;
  CHECK(rig.config.role == Role::kUnknown);
  rig.role->on_view(view(1, 3), 1, 3'000);
  CHECK(rig.actions.await(5) == Done{"lead 3", "heartbeat", "start", "master ", "announce 0 10.0.0.1:10911"});
  CHECK(rig.config.role == Role::kUnknown);
  const auto term = rig.actions.term();
  CHECK(term.own_id == 1);
  CHECK(term.sync_set == std::set<replication::BrokerId>{1, 2});
  CHECK(term.lease_ms == 3'000);
  CHECK(term.lease_from_ms + term.lease_ms <= rig.clock.monotonic_ms());  // being elected grants no lease
  rig.actions.call_ready();
  CHECK(rig.await(Role::kMaster));
  CHECK(rig.config.broker_id == 0);
}

TEST_CASE("to slave: the log first, then services, then clients") {
  Rig rig;
  rig.role->on_view(view(1, 3), 1, 0);
  REQUIRE(rig.await(Role::kMaster));
  rig.actions.await(5);
  rig.role->on_view(view(2, 4), 1, 0);
  CHECK(rig.actions.await(7) == Done{"follow 4 ", "stop", "disconnect", "master 10.0.0.2:10911",
                                     "announce 1 10.0.0.1:10911", "ask 10.0.0.2:10911", "follow 4 10.0.0.9:10912"});
  CHECK(rig.config.role == Role::kSlave);
  CHECK(rig.config.broker_id == 1);
}

TEST_CASE("the address that follows the master") {
  Rig rig(Properties{{"masterAddress", "group.svc:10911"}});
  rig.role->on_view(view(1, 3), 1, 0);
  CHECK(rig.actions.await(5).back() == "announce 0 group.svc:10911 shared");
}

TEST_CASE("what is in force is not done again; a new sync set is passed on; what is old is ignored") {
  Rig rig;
  rig.role->on_view(view(1, 3), 1, 0);
  REQUIRE(rig.await(Role::kMaster));
  rig.actions.await(5);
  rig.role->on_view(view(2, 2), 1, 0);
  rig.role->on_view(view(1, 3, {1}), 1, 0);
  CHECK(rig.actions.await(1) == Done{"set of 1"});
  CHECK(rig.config.is_master());
}

TEST_CASE("a fence ends the mastership; being elected anew begins another one") {
  Rig rig;
  rig.role->on_view(view(1, 3), 1, 0);
  REQUIRE(rig.await(Role::kMaster));
  rig.actions.await(5);
  rig.role->on_fenced(3);  // not beyond ours
  rig.role->on_fenced(4);
  CHECK(rig.actions.await(1) == Done{"stop"});
  CHECK(rig.config.role == Role::kUnknown);
  CHECK(rig.role->await_handover(std::chrono::milliseconds(0)));
  SUBCASE("again") {
    rig.role->on_view(view(1, 4), 1, 0);
    CHECK(rig.actions.await(5).front() == "lead 4");
    CHECK(rig.await(Role::kMaster));
  }
  SUBCASE("another: who came to this master is sent away") {
    rig.role->on_view(view(2, 4), 1, 0);
    CHECK(rig.actions.await(6).at(1) == "disconnect");
  }
}

TEST_CASE("a failure is tried again, a conflict is not") {
  Rig rig;
  rig.actions.set_result(fail(ErrorKind::kIo, "disk"));
  rig.role->on_view(view(1, 3), 1, 0);
  CHECK(rig.actions.await(2) == Done{"lead 3", "lead 3"});
  rig.actions.set_result(fail(ErrorKind::kConflict, "newer"));
  CHECK(rig.actions.await(1).front() == "lead 3");
  rig.actions.set_result({});
  rig.role->on_view(view(1, 5), 1, 0);
  CHECK(rig.await(Role::kMaster));
}

}  // namespace
}  // namespace rmq::broker
