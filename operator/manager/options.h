// The operator's command line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/log.h"
#include "common/base/net_address.h"
#include "common/base/result.h"
#include "operator/build/manifests.h"

namespace rmq::operator_ {

struct Options {
  std::string kubeconfig;  // empty: as kubectl finds it, or the pod's service account
  std::string context;
  std::vector<std::string> namespaces;  // empty: all
  bool leader_elect = false;
  std::string leader_lease;        // "namespace/name"; empty: rocketmq-operator in the configuration's namespace
  NetAddress metrics{"", 8080};    // host empty: all addresses
  std::string controller_address;  // where brokers reach this operator; empty: found out
  std::uint16_t first_controller_port = 0;  // one a cluster with replicas; 0: the system picks
  std::uint16_t last_controller_port = 0;
  unsigned workers = 2;
  log::Level log_level = log::Level::kInfo;
  BuildDefaults defaults;
  std::string probe;  // ask this URL and exit
  bool help = false;
  bool version = false;
};

std::string_view help_text();

// `--name=value`, `--name value`, and `--name` alone for yes-or-no flags. kInvalid names the flag.
Result<Options> parse_options(const std::vector<std::string>& arguments);

}  // namespace rmq::operator_
