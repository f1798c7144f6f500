#include "broker/app/replication_settings.h"

#include <doctest/doctest.h>

namespace rmq::broker {
namespace {

replication::ReplicationOptions options_of(Properties properties) {
  const Environment empty = [](std::string_view) { return std::optional<std::string>(); };
  BrokerConfig config(empty);
  REQUIRE(config.load(properties, empty));
  REQUIRE(config.complete());
  return replication_options_of(config);
}

replication::AckMode mode_of(const Properties& properties) {
  return options_of(properties).mode;
}

}  // namespace

TEST_CASE("what an answer waits for, by the settings") {
  using replication::AckMode;
  CHECK(mode_of({}) == AckMode::kAsync);
  CHECK(mode_of({{"brokerRole", "SYNC_MASTER"}}) == AckMode::kAsync);  // as the original: its own copy is enough
  CHECK(mode_of({{"brokerRole", "SYNC_MASTER"}, {"inSyncReplicas", "2"}}) == AckMode::kSync);
  const Properties controlled{{"enableControllerMode", "true"}, {"controllerAddr", "c:9878"}};
  CHECK(mode_of(controlled) == AckMode::kAsync);
  auto all = controlled;
  all["allAckInSyncStateSet"] = "true";
  CHECK(mode_of(all) == AckMode::kSync);
  auto quorum = controlled;
  quorum["replicationMode"] = "quorum";
  quorum["totalReplicas"] = "3";
  CHECK(mode_of(quorum) == AckMode::kQuorum);
}

TEST_CASE("a lone master knows whether somebody else may be elected without it") {
  Properties settings{{"enableControllerMode", "true"}, {"controllerAddr", "c:9878"}};
  CHECK_FALSE(options_of(settings).unclean_election);
  settings["enableElectUncleanMaster"] = "true";
  CHECK(options_of(settings).unclean_election);
}

}  // namespace rmq::broker
