// controller.conf: the stand-alone Controller's settings. Names are the original's where it has the same thing
// (ControllerConfig of 5.5.0); its Raft group is an etcd here.
#pragma once

#include <string>
#include <string_view>

#include "common/base/settings.h"
#include "controller/etcd/leader_elector.h"
#include "operator/controller/controller_server.h"

namespace rmq::controller {

// Thread-safe after load().
class Configuration {
 public:
  Configuration();

  // kInvalid names what can't be read.
  Result<SettingsReport> load(const Properties& properties);
  // While running; see Settings::update. Nothing changes if the policies would not be valid.
  Status update(const Properties& changes);
  // Writes shown() to configStorePath.
  Status persist() const;

  Properties shown() const { return settings_.shown(); }
  std::string text(std::string_view key) const { return settings_.text(key); }
  std::int64_t number(std::string_view key) const { return settings_.number(key); }

  // The defaults, with what `groupPolicies` says of this group.
  Result<election::Policy> policy_of(const std::string& group) const;
  ControllerOptions server_options() const;
  // etcd's part; `address` is where brokers reach us.
  etcd::LeaderElectorOptions elector_options(const std::string& id, const std::string& address) const;
  static std::string help();

 private:
  Settings settings_;
};

}  // namespace rmq::controller
