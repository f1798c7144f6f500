#include "namesrv/configuration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <span>

#include "common/base/file.h"

namespace rmq::namesrv {
namespace {

enum class Kind { kText, kFlag, kNumber, kSecret };
enum class Effect { kNone, kFixed, kLive };

struct Key {
  std::string_view name;
  Kind kind;
  std::string_view default_text;
  Effect effect;
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::string_view help = {};
};

constexpr std::int64_t kMost = 2147483647;

constexpr Key kKeys[] = {
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

const Key* find_key(std::string_view name) {
  auto it = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) { return key.name == name; });
  return it == std::end(kKeys) ? nullptr : it;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool is_true(std::string_view text) {
  constexpr std::string_view kTrue = "true";
  return std::equal(text.begin(), text.end(), kTrue.begin(), kTrue.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// The value as it is kept. Numbers outside their range are taken as the nearest inside; `clamped` then says so.
Result<std::string> checked_value(const Key& key, std::string_view value, std::string* clamped) {
  value = trimmed(value);
  if (value.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos) {
    return fail(ErrorKind::kInvalid, std::string(key.name) + ": a value is one line");
  }
  if (key.kind == Kind::kFlag) return std::string(is_true(value) ? "true" : "false");
  if (key.kind != Kind::kNumber) return std::string(value);
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size()) {
    return fail(ErrorKind::kInvalid, std::string(key.name) + ": no number: " + std::string(value));
  }
  auto kept = std::clamp(number, key.least, key.most);
  if (kept != number && clamped != nullptr) {
    *clamped = std::string(key.name) + "=" + std::string(value) + " is outside " + std::to_string(key.least) + ".." +
               std::to_string(key.most) + ", taken as " + std::to_string(kept);
  }
  return std::to_string(kept);
}

}  // namespace

Configuration::Configuration() {
  for (const auto& key : kKeys) values_.emplace(key.name, key.default_text);
  auto home = environment("HOME");
  values_["kvConfigPath"] = home + "/namesrv/kvConfig.json";
  values_["configStorePath"] = home + "/namesrv/namesrv.properties";
  values_["rocketmqHome"] = environment("ROCKETMQ_HOME");
}

Result<ConfigurationReport> Configuration::load(const Properties& properties) {
  ConfigurationReport report;
  std::lock_guard lock(mutex_);
  for (const auto& [name, value] : properties) {
    const auto* key = find_key(name);
    if (key == nullptr) {
      report.unknown.push_back(name);
      continue;
    }
    std::string clamped;
    RMQ_TRY(values_[name], checked_value(*key, value, &clamped));
    if (!clamped.empty()) report.clamped.push_back(std::move(clamped));
    bool asks_for_more = values_[name] != key->default_text && key->effect == Effect::kNone;
    if (asks_for_more && name != "rocketmqHome" && name != "configBlackList") report.without_effect.push_back(name);
  }
  publish();
  return report;
}

void Configuration::set_namesrv_addr(std::string_view value) {
  std::lock_guard lock(mutex_);
  values_["namesrvAddr"] = trimmed(value);
}

Status Configuration::update(const Properties& changes) {
  Properties checked;
  for (const auto& [name, value] : changes) {
    const auto* key = find_key(name);
    if (key == nullptr) return fail(ErrorKind::kDenied, "no such setting: " + name.substr(0, 100));
    if (key->effect != Effect::kLive) {
      return fail(ErrorKind::kDenied, "Can not update config in black list: " + name + " changes at a restart only");
    }
    RMQ_TRY(checked[name], checked_value(*key, value, nullptr));
  }
  std::lock_guard lock(mutex_);
  for (auto& [name, value] : checked) values_[name] = value;
  publish();
  return {};
}

void Configuration::publish() {
  order_messages_ = values_["orderMessageEnable"] == "true";
  return_order_config_ = values_["returnOrderTopicConfigToBroker"] == "true";
  wait_for_service_ = values_["needWaitForService"] == "true";
  wait_seconds_ = std::atoll(values_["waitSecondsForService"].c_str());
  notify_min_id_ = values_["notifyMinBrokerIdChanged"] == "true";
}

Status Configuration::persist() const {
  auto path = text("configStorePath");
  if (auto folder = std::filesystem::path(path).parent_path().string(); !folder.empty()) {
    RMQ_CHECK_OK(make_directories(folder));
  }
  return replace_file(path, format_properties(shown()));
}

Properties Configuration::shown() const {
  std::lock_guard lock(mutex_);
  Properties shown = values_;
  for (const auto& key : kKeys) {
    if (key.kind == Kind::kSecret) shown.erase(shown.find(key.name));
  }
  return shown;
}

std::string Configuration::text(std::string_view key) const {
  std::lock_guard lock(mutex_);
  auto it = values_.find(key);
  return it == values_.end() ? std::string() : it->second;
}
std::int64_t Configuration::number(std::string_view key) const {
  return std::atoll(text(key).c_str());
}
bool Configuration::flag(std::string_view key) const {
  return text(key) == "true";
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
  std::string out;
  for (const auto& key : kKeys) {
    if (key.effect == Effect::kNone) continue;
    std::string line = "  " + std::string(key.name) + "=" + std::string(key.default_text);
    line.resize(std::max<std::size_t>(line.size() + 1, 46), ' ');
    out += line + std::string(key.help) + (key.effect == Effect::kLive ? " (changes at run time)\n" : "\n");
  }
  return out;
}

}  // namespace rmq::namesrv
