#include "controller/configuration.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "common/base/file.h"
#include "controller/policy_text.h"

namespace rmq::controller {
namespace {

using Kind = SettingKey::Kind;
using Effect = SettingKey::Effect;

constexpr std::int64_t kMost = 2147483647;

constexpr SettingKey kKeys[] = {
    {"listenPort", Kind::kNumber, "9878", Effect::kFixed, 0, 65535, "Port of the protocol; 0: the system picks one"},
    {"bindAddress", Kind::kText, "0.0.0.0", Effect::kFixed, 0, 0, "Address to listen on"},
    {"announcedAddress", Kind::kText, "", Effect::kFixed, 0, 0,
     "host:port where brokers reach this Controller; empty: bindAddress:listenPort"},
    {"controllerId", Kind::kText, "", Effect::kFixed, 0, 0, "Unique among the Controllers; empty: announcedAddress"},
    {"controllerPeers", Kind::kText, "", Effect::kFixed, 0, 0, "All Controllers, \"id-host:port;...\": for tools only"},
    {"adminPort", Kind::kNumber, "5559", Effect::kFixed, 0, 65535, "/healthz, /readyz, /metrics; 0: off"},
    {"adminBindAddress", Kind::kText, "0.0.0.0", Effect::kFixed, 0, 0, "Address of adminPort"},
    {"logLevel", Kind::kText, "info", Effect::kFixed, 0, 0, "debug, info, warn or error"},
    {"etcdEndpoints", Kind::kText, "http://127.0.0.1:2379", Effect::kFixed, 0, 0,
     "http://host:port or https://host:port, several with ; between"},
    {"etcdCaFile", Kind::kText, "", Effect::kFixed, 0, 0, "PEM; empty: the system's authorities"},
    {"etcdCertFile", Kind::kText, "", Effect::kFixed, 0, 0, "PEM; our certificate for etcd"},
    {"etcdKeyFile", Kind::kText, "", Effect::kFixed, 0, 0, "PEM; its key"},
    {"etcdPrefix", Kind::kText, "/rocketmq-controller", Effect::kFixed, 0, 0,
     "Keys of this cluster; Controllers with the same prefix stand in for each other"},
    {"etcdLeaseSeconds", Kind::kNumber, "5", Effect::kFixed, 2, 600, "A leader that is gone is replaced after this"},
    {"etcdTimeoutMs", Kind::kNumber, "3000", Effect::kFixed, 100, 10000, "Of one request"},
    {"configStorePath", Kind::kText, "", Effect::kFixed, 0, 0, "Where changed settings are written"},
    {"replicationMode", Kind::kText, "synchronous", Effect::kLive, 0, 0, "asynchronous, synchronous or quorum"},
    {"replicas", Kind::kNumber, "2", Effect::kLive, 1, 64, "Replicas that a group has when it is whole"},
    {"enableElectUncleanMaster", Kind::kFlag, "false", Effect::kLive, 0, 0,
     "Elect a replica outside the sync set if nobody else is there: acknowledged messages may be lost"},
    {"electNewGroups", Kind::kFlag, "false", Effect::kLive, 0, 0,
     "A group without a record is new: its first replica with an empty log is master at once. False: after a loss of "
     "etcd's data nothing is elected before all replicas answered"},
    {"asyncFlush", Kind::kFlag, "true", Effect::kLive, 0, 0, "Brokers acknowledge before their disk has the message"},
    {"leaseMs", Kind::kNumber, "3000", Effect::kLive, 500, 600000, "How long a master goes on without a renewal"},
    {"heartbeatTimeoutMs", Kind::kNumber, "10000", Effect::kLive, 500, 600000, "Silence that is taken for death"},
    {"groupPolicies", Kind::kText, "", Effect::kLive, 0, 0,
     "The above for single groups: \"broker-a:replicationMode=quorum,replicas=3;...\""},
    // The original's, taken and shown so that its files and tools work; what they tune does not exist here.
    {"rocketmqHome", Kind::kText, "", Effect::kNone},
    {"controllerType", Kind::kText, "", Effect::kNone},
    {"controllerStorePath", Kind::kText, "", Effect::kNone},
    {"controllerDLegerGroup", Kind::kText, "", Effect::kNone},
    {"controllerDLegerPeers", Kind::kText, "", Effect::kNone},
    {"controllerDLegerSelfId", Kind::kText, "", Effect::kNone},
    {"controllerThreadPoolNums", Kind::kNumber, "16", Effect::kNone, 0, kMost},
    {"controllerRequestThreadPoolQueueCapacity", Kind::kNumber, "50000", Effect::kNone, 0, kMost},
    {"mappedFileSize", Kind::kNumber, "1073741824", Effect::kNone, 0, kMost},
    {"electMasterMaxRetryCount", Kind::kNumber, "3", Effect::kNone, 0, kMost},
    {"isProcessReadEvent", Kind::kFlag, "false", Effect::kNone},
    {"notifyBrokerRoleChanged", Kind::kFlag, "true", Effect::kNone},
    {"scanNotActiveBrokerInterval", Kind::kNumber, "5000", Effect::kNone, 0, kMost},
    {"scanInactiveMasterInterval", Kind::kNumber, "5000", Effect::kNone, 0, kMost},
};

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> result;
  std::size_t from = 0;
  while (from <= text.size()) {
    const auto end = std::min(text.find(';', from), text.size());
    if (end > from) result.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return result;
}

// Of every group named, and of the others: a text that is wrong for one group must not be taken.
Status check_policies(const Properties& settings) {
  const auto text = settings.at("groupPolicies");
  RMQ_TRY(const auto nobodys, policy_overrides(text, {}));
  (void)nobodys;
  RMQ_TRY(const auto plain, make_policy(settings));
  (void)plain;
  for (const auto& part : split_list(text)) {
    const auto name = part.substr(0, part.find(':'));
    RMQ_TRY(const auto overrides, policy_overrides(part, name));
    Properties merged = settings;
    for (const auto& [key, value] : overrides) merged[key] = value;
    auto policy = make_policy(merged);
    if (!policy) return fail(policy.error().with("groupPolicies, " + name));
  }
  return {};
}

}  // namespace

Configuration::Configuration() : settings_(kKeys) {
  const char* home = std::getenv("HOME");
  settings_.set("configStorePath", std::string(home == nullptr ? "" : home) + "/controller/controller.properties");
}

Result<SettingsReport> Configuration::load(const Properties& properties) {
  RMQ_TRY(auto report, settings_.load(properties));
  std::erase(report.without_effect, "rocketmqHome");
  RMQ_CHECK_OK(check_policies(settings_.shown()));
  auto elector = elector_options({}, {});
  RMQ_CHECK_OK(etcd::validate(elector.client));
  return report;
}

Status Configuration::update(const Properties& changes) {
  Properties merged = settings_.shown();
  for (const auto& [key, value] : changes) merged[key] = value;
  RMQ_CHECK_OK(check_policies(merged));
  return settings_.update(changes);
}

Status Configuration::persist() const {
  const auto path = text("configStorePath");
  if (auto folder = std::filesystem::path(path).parent_path().string(); !folder.empty()) {
    RMQ_CHECK_OK(make_directories(folder));
  }
  return replace_file(path, format_properties(shown()));
}

Result<election::Policy> Configuration::policy_of(const std::string& group) const {
  auto settings = settings_.shown();
  RMQ_TRY(const auto overrides, policy_overrides(settings["groupPolicies"], group));
  for (const auto& [key, value] : overrides) settings[key] = value;
  return make_policy(settings);
}

ControllerOptions Configuration::server_options() const {
  ControllerOptions options;
  options.cluster = text("etcdPrefix");
  options.bind_host = text("bindAddress");
  options.port = static_cast<std::uint16_t>(number("listenPort"));
  options.announced_address = text("announcedAddress");
  options.peers = text("controllerPeers");
  if (!text("controllerId").empty()) options.self_id = text("controllerId");
  return options;
}

etcd::LeaderElectorOptions Configuration::elector_options(const std::string& id, const std::string& address) const {
  etcd::LeaderElectorOptions options;
  options.client.endpoints = split_list(text("etcdEndpoints"));
  options.client.ca_file = text("etcdCaFile");
  options.client.cert_file = text("etcdCertFile");
  options.client.key_file = text("etcdKeyFile");
  options.client.call_timeout = std::chrono::milliseconds(number("etcdTimeoutMs"));
  options.key = text("etcdPrefix") + "/leader";
  options.id = id;
  options.address = address;
  options.ttl = std::chrono::seconds(number("etcdLeaseSeconds"));
  return options;
}

std::string Configuration::help() {
  return Settings::help(kKeys);
}

}  // namespace rmq::controller
