#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/file.h"
#include "common/testing/temp_dir.h"
#include "namesrv/configuration.h"
#include "namesrv/kv_config.h"

using namespace rmq;
using namespace rmq::namesrv;

TEST_CASE("key-value configuration survives a restart") {
  testing::TempDir folder;
  auto path = folder / "deep/er/kvConfig.json";
  {
    KvConfig kv(path);
    REQUIRE(kv.load());
    CHECK(!kv.get("ns", "k"));
    CHECK(!kv.list("ns"));
    REQUIRE(kv.put("ns", "k", "v1"));
    REQUIRE(kv.put("ns", "k", "v \"2\"\n"));
    REQUIRE(kv.put("ns", "gone", "x"));
    REQUIRE(kv.put("ORDER_TOPIC_CONFIG", "T", "br-a:4"));
    REQUIRE(kv.erase("ns", "gone"));
    REQUIRE(kv.erase("nowhere", "gone"));
  }
  KvConfig kv(path);
  REQUIRE(kv.load());
  CHECK(kv.get("ns", "k") == "v \"2\"\n");
  CHECK(!kv.get("ns", "gone"));
  CHECK(kv.list("ORDER_TOPIC_CONFIG") == R"({"table":{"T":"br-a:4"}})");
  CHECK(kv.keys() == 2);
  REQUIRE(kv.erase("ns", "k"));
  CHECK(kv.list("ns") == R"({"table":{}})");  // the namespace stays, as in the original
}

TEST_CASE("the original's file is read, a broken one refused") {
  testing::TempDir folder;
  auto path = folder / "kvConfig.json";
  auto write = [&](std::string_view text) { std::ofstream(path) << text; };
  write(R"({"configTable":{"ns":{"a":"b",c:"d"}}})");
  KvConfig kv(path);
  REQUIRE(kv.load());
  CHECK(kv.list("ns") == R"({"table":{"a":"b","c":"d"}})");
  for (const char* broken :
       {"{\"configTable\":{\"ns\":", "{\"configTable\":{\"ns\":5}}", "{\"configTable\":{\"ns\":{\"a\":5}}}"}) {
    write(broken);
    KvConfig bad(path);
    CHECK_MESSAGE(!bad.load(), broken);
  }
}

TEST_CASE("a change that can't be stored does not happen") {
  testing::TempDir folder;
  std::ofstream(folder / "file") << "x";
  KvConfig kv(folder / "file/kvConfig.json");
  CHECK(!kv.put("ns", "k", "v"));
  CHECK(!kv.get("ns", "k"));
}

TEST_CASE("settings: defaults, unknown keys, ranges") {
  Configuration configuration;
  CHECK(configuration.number("listenPort") == 9876);
  CHECK(configuration.number("adminPort") == 5557);
  CHECK(configuration.text("kvConfigPath").ends_with("/namesrv/kvConfig.json"));
  auto report = configuration.load({{"listenPort", "70000"},
                                    {"orderMessageEnable", " TRUE "},
                                    {"listenport", "1"},
                                    {"clusterTest", "true"},
                                    {"waitSecondsForService", "-3"}});
  REQUIRE(report);
  CHECK(report->unknown == std::vector<std::string>{"listenport"});
  CHECK(report->without_effect == std::vector<std::string>{"clusterTest"});
  REQUIRE(report->clamped.size() == 2);
  CHECK(report->clamped[0] == "listenPort=70000 is outside 0..65535, taken as 65535");
  CHECK(configuration.order_messages());
  CHECK(configuration.wait_seconds() == 0);
  CHECK(!Configuration().load({{"listenPort", "many"}}));
}

// CVE-2023-37582: a changed path let anybody write files.
TEST_CASE("only settings on the allow-list change at run time") {
  Configuration configuration;
  for (std::string key : {"kvConfigPath", "configStorePath", "rocketmqHome", "bindAddress", "listenPort", "adminPort",
                          "configBlackList", "tls.server.keyPath", "productEnvName", "noSuchKey", "routeCacheBytes"}) {
    auto before = configuration.text(key);
    auto status = configuration.update({{key, "1"}});
    REQUIRE_MESSAGE(!status, key);
    CHECK(status.error().kind == ErrorKind::kDenied);
    CHECK(configuration.text(key) == before);
  }
  // All or none.
  CHECK(!configuration.update({{"supportActingMaster", "true"}, {"kvConfigPath", "/tmp/x"}}));
  CHECK(!configuration.route_options().support_acting_master);
  CHECK(configuration.update({{"supportActingMaster", "true"}, {"deleteTopicWithBrokerRegistration", "true"}}));
  CHECK(configuration.route_options().support_acting_master);
  CHECK(configuration.route_options().delete_topics_with_registration);
  auto multi_line = configuration.update({{"waitSecondsForService", "4\nkvConfigPath=/etc/passwd"}});
  REQUIRE(!multi_line);
  CHECK(multi_line.error().kind == ErrorKind::kInvalid);
  CHECK(configuration.update({{"waitSecondsForService", "4"}}));
  CHECK(configuration.wait_seconds() == 4);
}

TEST_CASE("settings are shown and stored without secrets") {
  testing::TempDir folder;
  Configuration configuration;
  REQUIRE(
      configuration.load({{"configStorePath", folder / "a/namesrv.properties"}, {"tls.server.keyPassword", "hush"}}));
  CHECK(configuration.shown().contains("listenPort"));
  CHECK(!configuration.shown().contains("tls.server.keyPassword"));
  REQUIRE(configuration.persist());
  auto text = read_file(folder / "a/namesrv.properties");
  REQUIRE(text);
  CHECK(text->find("hush") == std::string::npos);
  CHECK(text->find("orderMessageEnable=false\n") != std::string::npos);
  CHECK(parse_properties(*text) == configuration.shown());
}

TEST_CASE("TLS settings") {
  Configuration configuration;
  REQUIRE(configuration.load({{"tls.server.mode", "enforcing"}, {"tls.server.need.client.auth", "require"}}));
  REQUIRE(configuration.tls());
  CHECK(configuration.tls()->mode == remoting::TlsMode::kEnforcing);
  CHECK(configuration.tls()->client_auth == remoting::ClientAuth::kRequire);
  REQUIRE(configuration.load({{"tls.server.mode", "maybe"}}));
  CHECK(!configuration.tls());
}
