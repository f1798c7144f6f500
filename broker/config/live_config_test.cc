#include "broker/config/live_config.h"

#include <doctest/doctest.h>

#include "common/base/file.h"
#include "common/testing/temp_dir.h"

namespace rmq::broker {
namespace {

TEST_CASE("changes at run time survive a restart, until broker.conf says something else") {
  testing::TempDir dir;
  ManualClock clock;
  auto start = [&](Properties conf) {
    auto config = std::make_unique<BrokerConfig>();
    config->store_path_root_dir = dir.path().string();
    REQUIRE(config->load(conf));
    REQUIRE(LiveConfig(*config, clock).load());
    return config;
  };
  {
    auto config = start({{"maxMessageSize", "48"}});
    LiveConfig live(*config, clock);
    CHECK(live.update({{"maxMessageSize", "24"}, {"longPollingEnable", "false"}}));
    CHECK(config->max_message_size == 24);
    CHECK(live.version().counter == 1);
    CHECK(live.update({{"maxMessageSize", "12"}}));
    CHECK(live.update({{"storePathRootDir", "/etc"}}).error().kind == ErrorKind::kDenied);
    CHECK(live.update({{"maxMessageSize", "x"}}).error().kind == ErrorKind::kInvalid);
    CHECK(live.version().counter == 2);
  }
  {
    auto config = start({{"maxMessageSize", "48"}});
    CHECK(config->max_message_size == 12);
    CHECK_FALSE(config->long_polling_enable);
  }
  {
    auto config = start({{"maxMessageSize", "96"}});
    CHECK(config->max_message_size == 96);
    CHECK_FALSE(config->long_polling_enable);
  }
}

TEST_CASE("a hand-made overrides file reaches no fixed key") {
  testing::TempDir dir;
  ManualClock clock;
  BrokerConfig config;
  config.store_path_root_dir = dir.path().string();
  REQUIRE(replace_file(config.config_path("brokerOverrides.properties"),
                       "listenPort=1\nreplaced.listenPort=10911\nmaxMessageSize=5\n"));
  CHECK(LiveConfig(config, clock).load());
  CHECK(config.listen_port == 10911);
  CHECK(config.max_message_size == 4194304);
}

TEST_CASE("what can not be written has no effect") {
  testing::TempDir dir;
  REQUIRE(replace_file(dir / "config", "in the way"));
  ManualClock clock;
  BrokerConfig config;
  config.store_path_root_dir = dir.path().string();
  LiveConfig live(config, clock);
  CHECK_FALSE(live.update({{"maxMessageSize", "24"}}));
  CHECK(config.max_message_size == 4194304);
}

}  // namespace
}  // namespace rmq::broker
