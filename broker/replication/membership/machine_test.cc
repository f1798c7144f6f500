#include "broker/replication/membership/machine.h"

#include <doctest/doctest.h>

#include "common/protocol/codes.h"

namespace rmq::replication {
namespace {

using protocol::ResponseCode;

const MachineOptions kOptions{
    .cluster = "c", .name = "broker-a", .address = "10.0.0.1:10911", .find_leader_ms = 40'000};

StepResult ok() {
  return {};
}
StepResult refused(std::int32_t code) {
  StepResult result;
  result.code = code;
  return result;
}
StepResult unreachable() {
  StepResult result;
  result.error = Error{ErrorKind::kTimeout, "no answer"};
  return result;
}
StepResult leader(const std::string& address) {
  StepResult result;
  result.leader = address;
  return result;
}
StepResult next_id(BrokerId id) {
  StepResult result;
  result.next_id = id;
  return result;
}
StepResult seen(GroupView view) {
  StepResult result;
  result.view = std::move(view);
  return result;
}
GroupView master(BrokerId id, std::int32_t epoch, std::int32_t set_epoch = 1) {
  return {id, "10.0.0." + std::to_string(id) + ":10911", epoch, {id}, set_epoch};
}
GroupView masterless(std::int32_t epoch) {
  return {std::nullopt, "", epoch, {1}, 1};
}

// A machine and the time it believes in.
struct Driver {
  explicit Driver(std::optional<BrokerIdentity> identity = std::nullopt,
                  std::optional<BrokerIdentity> temporary = std::nullopt)
      : machine(kOptions, std::move(identity), std::move(temporary)) {}

  // The next step must be `expected`, and comes out as `result`.
  void expect(Step expected, const StepResult& result) {
    const auto step = due();
    CHECK_MESSAGE(step == expected, to_string(step), " instead of ", to_string(expected));
    machine.on_result(step, result, now);
  }
  // Waits as long as the machine wants to.
  Step due() {
    auto step = machine.next(now, 1'700'000'000'000);
    if (step != Step::kWait) return step;
    REQUIRE(machine.wake_ms() < now + 60'000);
    REQUIRE(machine.wake_ms() > now);
    now = machine.wake_ms();
    return machine.next(now, 1'700'000'000'000);
  }

  std::int64_t now = 1'000;
  Machine machine;
};

const BrokerIdentity kIdentity{"c", "broker-a", 2, {}};

Driver registered_slave() {
  Driver d(kIdentity);
  d.expect(Step::kFindLeader, leader("ctl:1"));
  d.expect(Step::kRegister, seen(master(1, 3)));
  return d;
}

TEST_CASE("a new broker gets an id, registers and is elected") {
  Driver d;
  d.expect(Step::kFindLeader, leader("ctl:1"));
  d.expect(Step::kNextId, next_id(1));
  CHECK_FALSE(d.machine.own_id());
  d.expect(Step::kSaveTemporary, ok());
  CHECK(d.machine.wanted() == BrokerIdentity{"c", "broker-a", 1, "10.0.0.1:10911;1700000000000"});
  d.expect(Step::kApplyId, ok());
  CHECK_FALSE(d.machine.own_id());  // not before it is on the disk
  d.expect(Step::kSaveIdentity, ok());
  CHECK(d.machine.own_id() == 1);
  d.expect(Step::kRegister, seen(masterless(0)));
  CHECK(d.machine.registered());
  d.expect(Step::kElect, seen(master(1, 1)));
  CHECK(d.machine.view() == master(1, 1));
  d.expect(Step::kReplicaInfo, seen(master(1, 1)));
  CHECK(d.machine.view_version() == 1);
}

TEST_CASE("a crash between asking for an id and writing it down asks for the same id with the same code") {
  Driver d(std::nullopt, BrokerIdentity{"c", "broker-a", 3, "code"});
  d.expect(Step::kFindLeader, leader("ctl:1"));
  const auto step = d.due();
  CHECK(step == Step::kApplyId);
  CHECK(d.machine.wanted().check_code == "code");
  d.machine.on_result(step, ok(), d.now);
  d.expect(Step::kSaveIdentity, ok());
}

TEST_CASE("an id that somebody else took is dropped for the next") {
  Driver d;
  d.expect(Step::kFindLeader, leader("ctl:1"));
  d.expect(Step::kNextId, next_id(1));
  d.expect(Step::kSaveTemporary, ok());
  d.expect(Step::kApplyId, refused(ResponseCode::kControllerBrokerIdInvalid));
  d.expect(Step::kNextId, next_id(2));
  CHECK_FALSE(d.machine.own_id());
}

TEST_CASE("an id on the disk is never given up: a Controller that forgot it is asked to take it") {
  Driver d(kIdentity);
  d.expect(Step::kFindLeader, leader("ctl:1"));
  d.expect(Step::kRegister, refused(ResponseCode::kControllerBrokerNeedToBeRegistered));
  d.expect(Step::kApplyId, ok());
  CHECK(d.machine.wanted().id == 2);
  d.expect(Step::kRegister, seen(master(1, 3)));
  CHECK(d.machine.own_id() == 2);
}

TEST_CASE("a leader that is gone or leads no more is looked for anew, and the same question asked again") {
  Driver d(kIdentity);
  d.expect(Step::kFindLeader, unreachable());
  d.expect(Step::kFindLeader, leader(""));  // an election among controllers is under way
  d.expect(Step::kFindLeader, leader("ctl:1"));
  d.expect(Step::kRegister, refused(ResponseCode::kControllerNotLeader));
  d.expect(Step::kFindLeader, leader("ctl:2"));
  CHECK(d.machine.leader() == "ctl:2");
  d.expect(Step::kRegister, unreachable());
  d.expect(Step::kFindLeader, leader("ctl:3"));
  d.expect(Step::kRegister, seen(master(1, 3)));
  d.machine.on_leader_lost("ctl:1", d.now);  // an old one: nothing to do with it
  CHECK(d.machine.leader() == "ctl:3");
  d.machine.on_leader_lost("ctl:3", d.now);
  d.expect(Step::kFindLeader, leader("ctl:4"));
}

TEST_CASE("a process registers once: a registration ends its mastership") {
  auto d = registered_slave();
  for (int i = 0; i < 5; ++i) {
    const auto step = d.due();
    CHECK((step == Step::kReplicaInfo || step == Step::kFindLeader));
    d.machine.on_result(step, step == Step::kFindLeader ? leader("ctl:1") : seen(master(1, 3)), d.now);
  }
  d.machine.on_unknown(d.now);
  d.expect(Step::kRegister, seen(master(1, 3)));
}

TEST_CASE("views never go back") {
  auto d = registered_slave();
  CHECK(d.machine.view_version() == 1);
  d.machine.on_notified(master(2, 4), d.now);
  CHECK(d.machine.view() == master(2, 4));
  d.machine.on_notified(master(1, 3, 7), d.now);  // late
  CHECK(d.machine.view() == master(2, 4));
  d.machine.on_notified(master(2, 4, 5), d.now);  // a new sync set
  CHECK(d.machine.view() == master(2, 4, 5));
  CHECK(d.machine.view_version() == 3);
  auto moved = master(2, 4, 5);
  moved.master_address = "10.9.9.9:10911";
  d.machine.on_notified(moved, d.now);
  CHECK(d.machine.view_version() == 4);
}

TEST_CASE("a notification for the former life does not make a master; it makes the new life look") {
  Driver d(kIdentity);
  d.machine.on_notified(master(2, 9), d.now);
  CHECK(d.machine.view_version() == 0);
  d.expect(Step::kFindLeader, leader("ctl:1"));
  d.expect(Step::kRegister, seen(master(1, 3)));
  CHECK(d.machine.view() == master(1, 3));
  const auto before = d.now;
  d.expect(Step::kReplicaInfo, seen(master(2, 10)));
  CHECK(d.now == before);
}

TEST_CASE("without a master it asks for an election again and again, and keeps looking") {
  auto d = registered_slave();
  d.machine.on_notified(masterless(3), d.now);
  d.expect(Step::kReplicaInfo, seen(masterless(3)));
  CHECK(d.machine.view().master == 1);  // who was master goes on by its lease
  d.expect(Step::kElect, refused(ResponseCode::kControllerElectMasterFailed));
  const auto begin = d.now;
  int elections = 0;
  while (d.now < begin + 5'000) {
    const auto step = d.due();
    if (step == Step::kElect) ++elections;
    d.machine.on_result(step,
                        step == Step::kElect        ? refused(ResponseCode::kControllerElectMasterFailed)
                        : step == Step::kFindLeader ? leader("ctl:1")
                                                    : seen(masterless(3)),
                        d.now);
  }
  CHECK(elections >= 4);
  CHECK(elections <= 6);
  for (auto step = d.due(); step != Step::kElect; step = d.due()) d.machine.on_result(step, seen(masterless(3)), d.now);
  auto still = seen(master(1, 3));
  still.code = ResponseCode::kControllerMasterStillExist;
  d.machine.on_result(Step::kElect, still, d.now);
  d.expect(Step::kReplicaInfo, seen(master(1, 4)));
  CHECK(d.machine.view() == master(1, 4));
}

}  // namespace
}  // namespace rmq::replication
