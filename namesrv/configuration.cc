#include "namesrv/configuration.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "common/base/file.h"

namespace rmq::namesrv {
namespace {

using Kind = SettingKey::Kind;
using Effect = SettingKey::Effect;

constexpr std::int64_t kMost = 2147483647;

constexpr SettingKey kKeys[] = {
    {"listenPort", Kind::kNumber, "9876", Effect::kFixed, 0, 65535, "Port of the protocol; 0: the system picks one"},
    {"bindAddress", Kind::kText, "0.0.0.0", Effect::kFixed, 0, 0, "Address to listen on"},
    {"adminPort", Kind::kNumber, "5557", Effect::kFixed, 0, 65535, "Ours. /healthz, /readyz, /metrics; 0: off"},
    {"adminBindAddress", Kind::kText, "0.0.0.0", Effect::kFixed, 0, 0, "Ours. Address of adminPort"},
    {"logLevel", Kind::kText, "info", Effect::kFixed, 0, 0, "Ours. debug, info, warn or error"},
    {"kvConfigPath", Kind::kText, "", Effect::kFixed, 0, 0, "File of the key-value configuration"},
    {"configStorePath", Kind::kText, "", Effect::kFixed, 0, 0, "Where changed settings are written"},
    {"serverSelectorThreads", Kind::kNumber, "0", Effect::kFixed, 0, 16, "Threads for connections; 0: one a processor"},
    {"serverChannelMaxIdleTimeSeconds", Kind::kNumber, "120", Effect::kFixed, 1, 86400, "Silent connections close"},
    {"routeCacheBytes", Kind::kNumber, "67108864", Effect::kFixed, 0, 1LL << 40, "Ours. Route answers kept as bytes"},
    {"orderMessageEnable", Kind::kFlag, "false", Effect::kLive, 0, 0, "Routes carry the topic's order configuration"},
    {"returnOrderTopicConfigToBroker", Kind::kFlag, "true", Effect::kLive, 0, 0, "Registrations are answered with it"},
    {"supportActingMaster", Kind::kFlag, "false", Effect::kLive, 0, 0, "Show the least slave where no master is"},
    {"enableAllTopicList", Kind::kFlag, "true", Effect::kLive, 0, 0, "Answer requests for all topics"},
    {"enableTopicList", Kind::kFlag, "true", Effect::kLive, 0, 0, "Answer requests for other topic lists"},
    {"notifyMinBrokerIdChanged", Kind::kFlag, "false", Effect::kLive, 0, 0, "Tell brokers of a new least id"},
    {"needWaitForService", Kind::kFlag, "false", Effect::kLive, 0, 0, "No routes until brokers had time to register"},
    {"waitSecondsForService", Kind::kNumber, "45", Effect::kLive, 0, 86400, "That time"},
    {"deleteTopicWithBrokerRegistration", Kind::kFlag, "false", Effect::kLive, 0, 0,
     "A registration removes the broker's topics that it does not name"},
    {"tls.server.mode", Kind::kText, "permissive", Effect::kFixed, 0, 0, "disabled, permissive or enforcing"},
    {"tls.server.certPath", Kind::kText, "", Effect::kFixed, 0, 0, "PEM chain; empty: a self-signed certificate"},
    {"tls.server.keyPath", Kind::kText, "", Effect::kFixed, 0, 0, "PEM key"},
    {"tls.server.keyPassword", Kind::kSecret, "", Effect::kFixed, 0, 0, "Password of the key"},
    {"tls.server.trustCertPath", Kind::kText, "", Effect::kFixed, 0, 0, "PEM bundle that clients are checked against"},
    {"tls.server.need.client.auth", Kind::kText, "none", Effect::kFixed, 0, 0, "none, optional or require"},
    // The original's, taken and shown so that its files and tools work; what they tune does not exist here.
    {"rocketmqHome", Kind::kText, "", Effect::kNone},
    {"namesrvAddr", Kind::kText, "", Effect::kNone},
    {"productEnvName", Kind::kText, "center", Effect::kNone},
    {"clusterTest", Kind::kFlag, "false", Effect::kNone},
    {"enableControllerInNamesrv", Kind::kFlag, "false", Effect::kNone},
    {"configBlackList", Kind::kText, "configBlackList;configStorePath;kvConfigPath", Effect::kNone},
    {"clientRequestThreadPoolNums", Kind::kNumber, "8", Effect::kNone, 0, kMost},
    {"defaultThreadPoolNums", Kind::kNumber, "16", Effect::kNone, 0, kMost},
    {"clientRequestThreadPoolQueueCapacity", Kind::kNumber, "50000", Effect::kNone, 0, kMost},
    {"defaultThreadPoolQueueCapacity", Kind::kNumber, "10000", Effect::kNone, 0, kMost},
    {"scanNotActiveBrokerInterval", Kind::kNumber, "5000", Effect::kNone, 0, kMost},
    {"unRegisterBrokerQueueCapacity", Kind::kNumber, "3000", Effect::kNone, 0, kMost},
    {"serverWorkerThreads", Kind::kNumber, "8", Effect::kNone, 0, kMost},
    {"serverCallbackExecutorThreads", Kind::kNumber, "0", Effect::kNone, 0, kMost},
    {"serverOnewaySemaphoreValue", Kind::kNumber, "256", Effect::kNone, 0, kMost},
    {"serverAsyncSemaphoreValue", Kind::kNumber, "64", Effect::kNone, 0, kMost},
    {"serverSocketSndBufSize", Kind::kNumber, "0", Effect::kNone, 0, kMost},
    {"serverSocketRcvBufSize", Kind::kNumber, "0", Effect::kNone, 0, kMost},
    {"writeBufferHighWaterMark", Kind::kNumber, "0", Effect::kNone, 0, kMost},
    {"writeBufferLowWaterMark", Kind::kNumber, "0", Effect::kNone, 0, kMost},
    {"serverSocketBacklog", Kind::kNumber, "1024", Effect::kNone, 0, kMost},
    {"serverNettyWorkerGroupEnable", Kind::kFlag, "true", Effect::kNone},
    {"serverPooledByteBufAllocatorEnable", Kind::kFlag, "true", Effect::kNone},
    {"enableShutdownGracefully", Kind::kFlag, "false", Effect::kNone},
    {"shutdownWaitTimeSeconds", Kind::kNumber, "30", Effect::kNone, 0, kMost},
    {"useEpollNativeSelector", Kind::kFlag, "false", Effect::kNone},
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

Configuration::Configuration() : settings_(kKeys) {
  auto home = environment("HOME");
  settings_.set("kvConfigPath", home + "/namesrv/kvConfig.json");
  settings_.set("configStorePath", home + "/namesrv/namesrv.properties");
  settings_.set("rocketmqHome", environment("ROCKETMQ_HOME"));
}

Result<SettingsReport> Configuration::load(const Properties& properties) {
  RMQ_TRY(auto report, settings_.load(properties));
  // Every file of the original's has these; they promise nothing.
  std::erase_if(report.without_effect,
                [](const std::string& name) { return name == "rocketmqHome" || name == "configBlackList"; });
  publish();
  return report;
}

void Configuration::set_namesrv_addr(std::string_view value) {
  settings_.set("namesrvAddr", std::string(value));
}

Status Configuration::update(const Properties& changes) {
  RMQ_CHECK_OK(settings_.update(changes));
  publish();
  return {};
}

void Configuration::publish() {
  order_messages_ = flag("orderMessageEnable");
  return_order_config_ = flag("returnOrderTopicConfigToBroker");
  wait_for_service_ = flag("needWaitForService");
  wait_seconds_ = number("waitSecondsForService");
  notify_min_id_ = flag("notifyMinBrokerIdChanged");
}

Status Configuration::persist() const {
  auto path = text("configStorePath");
  if (auto folder = std::filesystem::path(path).parent_path().string(); !folder.empty()) {
    RMQ_CHECK_OK(make_directories(folder));
  }
  return replace_file(path, format_properties(shown()));
}

RouteTable::Options Configuration::route_options() const {
  return {flag("supportActingMaster"), flag("deleteTopicWithBrokerRegistration")};
}

Result<remoting::TlsOptions> Configuration::tls() const {
  remoting::TlsOptions tls;
  auto mode = text("tls.server.mode");
  if (mode == "disabled") {
    tls.mode = remoting::TlsMode::kDisabled;
  } else if (mode == "enforcing") {
    tls.mode = remoting::TlsMode::kEnforcing;
  } else if (mode != "permissive") {
    return fail(ErrorKind::kInvalid, "tls.server.mode: disabled, permissive or enforcing, not " + mode);
  }
  auto client = text("tls.server.need.client.auth");
  if (client == "optional") {
    tls.client_auth = remoting::ClientAuth::kOptional;
  } else if (client == "require") {
    tls.client_auth = remoting::ClientAuth::kRequire;
  } else if (client != "none") {
    return fail(ErrorKind::kInvalid, "tls.server.need.client.auth: none, optional or require, not " + client);
  }
  tls.certificate_path = text("tls.server.certPath");
  tls.key_path = text("tls.server.keyPath");
  tls.key_password = text("tls.server.keyPassword");
  tls.trust_path = text("tls.server.trustCertPath");
  return tls;
}

std::string Configuration::help() {
  return Settings::help(kKeys);
}

}  // namespace rmq::namesrv
