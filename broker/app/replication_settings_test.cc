#include "broker/app/replication_settings.h"

#include <doctest/doctest.h>

namespace rmq::broker {
namespace {

replication::AckMode mode_of(Properties properties) {
  const Environment empty = [](std::string_view) { return std::optional<std::string>(); };
  BrokerConfig config(empty);
  REQUIRE(config.load(properties, empty));
  REQUIRE(config.complete());
  return replication_options_of(config).mode;
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

}  // namespace rmq::broker
