#include "broker/config/broker_config.h"

#include <cstdlib>
#include <filesystem>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "common/base/file.h"

namespace rmq::broker {
namespace {

Environment environment(std::map<std::string, std::string, std::less<>> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}
const Environment kEmpty = environment({});

TEST_CASE("every row has a key of its own and a default that fits") {
  std::set<std::string_view> keys;
  for (const SettingInfo& row : BrokerConfig::table()) {
    CAPTURE(row.key);
    CHECK(keys.insert(row.key).second);
    CHECK_FALSE(row.help.empty());
    BrokerConfig config(kEmpty);
    auto text = expand_environment(row.default_text, kEmpty);
    REQUIRE(text);
    CHECK(config.load({{std::string(row.key), *text}}, kEmpty));
    if (row.mutability != Mutability::kSecret) CHECK(BrokerConfig(kEmpty).shown(row.key) == *text);
  }
}

TEST_CASE("no key is both used and without effect, and the list is sorted") {
  auto ignored = settings_without_effect();
  CHECK(std::ranges::is_sorted(ignored));
  for (const SettingInfo& row : BrokerConfig::table()) {
    CAPTURE(row.key);
    CHECK_FALSE(std::ranges::binary_search(ignored, row.key));
  }
}

TEST_CASE("the original's defaults") {
  BrokerConfig config(kEmpty);
  CHECK(config.broker_cluster_name == "DefaultCluster");
  CHECK(config.listen_port == 10911);
  CHECK(config.default_topic_queue_nums == 8);
  CHECK(config.auto_create_topic_enable);
  CHECK(config.max_message_size == 4 * 1024 * 1024);
  CHECK(config.file_reserved_time == 72);
  CHECK(config.delete_when.get() == "04");
  CHECK(config.mapped_file_size_commit_log == 1 << 30);
  CHECK_FALSE(config.is_sync_flush());
}

TEST_CASE("a broker.conf") {
  auto properties = parse_properties(
      "brokerClusterName = DefaultCluster\n"
      "brokerName=broker-a\n"
      "brokerIP1=${POD_NAME}.rmq.${NAMESPACE:-default}\n"
      "flushDiskType = SYNC_FLUSH \n"
      "mapedFileSizeCommitLog=1048576\n"
      "sendMessageThreadPoolNums=128\n"
      "autoCreateTopicEnable=FALSE\n"
      "flushDisktype=ASYNC_FLUSH\n");
  REQUIRE(properties);
  BrokerConfig config(kEmpty);
  auto report = config.load(*properties, environment({{"POD_NAME", "a-0"}}));
  REQUIRE(report);
  CHECK(report->unknown == std::vector<std::string>{"flushDisktype"});
  CHECK(report->without_effect == std::vector<std::string>{"sendMessageThreadPoolNums"});
  REQUIRE(config.complete());
  CHECK(config.broker_ip1 == "a-0.rmq.default");
  CHECK(config.broker_ip2 == config.broker_ip1);
  CHECK(config.is_sync_flush());
  CHECK(config.mapped_file_size_commit_log == 1048576);
  CHECK_FALSE(config.auto_create_topic_enable);
  CHECK(config.ha_listen_port == 10912);
  CHECK(config.store_path_commit_log == "/tmp/store/commitlog");
  CHECK(config.broker_address() == "a-0.rmq.default:10911");
}

TEST_CASE("what does not fit is refused, with the key's name") {
  auto error = [](Properties properties) {
    BrokerConfig config(kEmpty);
    auto report = config.load(properties, kEmpty);
    if (!report) return report.error().message;
    auto status = config.complete();
    return status ? std::string("fits") : status.error().message;
  };
  CHECK(error({{"listenPort", "70000"}}) == "listenPort: must be within 0..65535");
  CHECK(error({{"listenPort", "10911x"}}) == "listenPort: not a number");
  CHECK(error({{"longPollingEnable", "yes"}}) == "longPollingEnable: must be true or false");
  CHECK(error({{"brokerRole", "MASTER"}}) == "brokerRole: must be one of ASYNC_MASTER|SYNC_MASTER|SLAVE");
  CHECK(error({{"brokerIP1", "${POD_IP}"}}) == "brokerIP1: environment variable POD_IP is not set");
  CHECK(error({{"brokerIP1", "${POD_IP"}}) == "brokerIP1: \"${\" without \"}\"");
  CHECK(error({{"brokerRole", "SLAVE"}}) == "brokerId: a SLAVE needs one above 0");
  CHECK(error({{"brokerRole", "SLAVE"}, {"brokerId", "1"}}) == "fits");
  CHECK(error({{"storeType", "defaultRocksDB"}}).starts_with("storeType: "));
  CHECK(error({{"enableDLegerCommitLog", "true"}}).starts_with("enableDLegerCommitLog: "));
  CHECK(error({{"inSyncReplicas", "2"}}) == "fits");  // as in the original
  CHECK(error({{"inSyncReplicas", "3"}, {"totalReplicas", "2"}}).starts_with("inSyncReplicas"));
  CHECK(error({{"minInSyncReplicas", "2"}, {"totalReplicas", "2"}}).starts_with("minInSyncReplicas <="));
  CHECK(error({{"enableControllerMode", "true"}}).starts_with("controllerAddr: "));
  CHECK(error({{"replicationMode", "sync"}}).starts_with("replicationMode: "));
  const Properties controlled{{"enableControllerMode", "true"}, {"controllerAddr", "c:9878"}};
  CHECK(error(controlled) == "fits");
  auto quorum = controlled;
  quorum["replicationMode"] = "quorum";
  quorum["totalReplicas"] = "2";
  CHECK(error(quorum).starts_with("totalReplicas: "));
}

TEST_CASE("roles and modes") {
  auto completed = [](Properties properties) {
    BrokerConfig config(kEmpty);
    REQUIRE(config.load(properties, kEmpty));
    REQUIRE(config.complete());
    return config;
  };
  CHECK(completed({}).is_master());
  CHECK(completed({{"brokerRole", "SLAVE"}, {"brokerId", "2"}}).is_slave());
  const Properties controlled{{"enableControllerMode", "true"}, {"controllerAddr", "c:9878"}, {"brokerRole", "SLAVE"}};
  CHECK(completed(controlled).role == Role::kUnknown);
  CHECK(completed(controlled).broker_id == -1);
  CHECK(completed(controlled).mode() == ReplicationMode::kAsync);
  auto all = controlled;
  all["allAckInSyncStateSet"] = "true";
  CHECK(completed(all).mode() == ReplicationMode::kSync);
  all["replicationMode"] = "async";
  CHECK(completed(all).mode() == ReplicationMode::kAsync);
}

TEST_CASE("updates: live keys only, all or none (CVE-2023-33246: paths and commands stay out of reach)") {
  BrokerConfig config(kEmpty);
  CHECK(config.update({{"maxMessageSize", "48"}, {"longPollingEnable", "false"}}));
  CHECK(config.max_message_size == 48);
  CHECK_FALSE(config.long_polling_enable);

  for (const char* key : {"storePathRootDir", "rocketmqHome", "brokerConfigPath", "namesrvAddr", "filterServerNums",
                          "configBlackList", "tls.server.keyPath", "tls.server.keyPassword", "anything"}) {
    CAPTURE(key);
    auto status = config.update({{"maxMessageSize", "24"}, {key, "x"}});
    REQUIRE_FALSE(status);
    CHECK(status.error().kind == ErrorKind::kDenied);
    CHECK(config.max_message_size == 48);
  }
  auto status = config.update({{"defaultQueryMaxNum", "24"}, {"maxMessageSize", "-1"}});
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == ErrorKind::kInvalid);
  CHECK(config.default_query_max_num == 32);
}

TEST_CASE("settings whose feature is missing are named when somebody relies on them") {
  BrokerConfig config(kEmpty);
  auto report = config.load({{"enableLmq", "true"}, {"enablePropertyFilter", "false"}}, kEmpty);
  REQUIRE(report);
  CHECK(report->without_effect == std::vector<std::string>{"enableLmq"});
}

TEST_CASE("promises that can not be kept stop the start") {
  for (const char* key : {"authenticationEnabled", "aclEnable"}) {
    BrokerConfig config(kEmpty);
    CHECK(config.load({{key, "true"}}, kEmpty).error().kind == ErrorKind::kUnsupported);
    CHECK(config.load({{key, "false"}}, kEmpty));
  }
}

TEST_CASE("secrets are never shown (CVE-2024-23321)") {
  BrokerConfig config(kEmpty);
  REQUIRE(config.load({{"tls.server.keyPassword", "hunter2"}, {"innerClientAuthenticationCredentials", "hunter2"}}));
  CHECK(config.tls_server_key_password == "hunter2");
  CHECK(format_properties(config.shown()).find("hunter2") == std::string::npos);
  CHECK_FALSE(config.shown("tls.server.keyPassword"));
}

TEST_CASE("docs/broker-settings.md is what the table says") {
  const auto path =
      (std::filesystem::path(RMQ_TESTDATA) / "../../../docs/broker-settings.md").lexically_normal().string();
  const std::string page =
      "# Settings of the broker\n\nThe keys of `broker.conf`, as in the Java original unless marked *Ours*. "
      "`rocketmq-broker -p` prints them as they would be used; `${NAME}` and `${NAME:-otherwise}` in a value are "
      "replaced "
      "from the environment. Made from `broker/config/settings.def`; `RMQ_UPDATE_GOLDEN=1` with the config tests "
      "rewrites "
      "it.\n\n" +
      BrokerConfig::reference();
  if (std::getenv("RMQ_UPDATE_GOLDEN") != nullptr) REQUIRE(replace_file(path, page));
  const auto written = read_file(path);
  REQUIRE(written);
  CHECK(*written == page);
}

TEST_CASE("the reference page has a line a key") {
  auto page = BrokerConfig::reference();
  CHECK(std::ranges::count(page, '\n') == static_cast<long>(BrokerConfig::table().size()) + 2);
  CHECK(page.find("| `flushDiskType` | `ASYNC_FLUSH` | ASYNC_FLUSH, SYNC_FLUSH |  |") != std::string::npos);
}

}  // namespace
}  // namespace rmq::broker
