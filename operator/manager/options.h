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
  std::string leader_lease;      // "namespace/name"; empty: rocketmq-operator in the configuration's namespace
  NetAddress metrics{"", 8080};  // host empty: all addresses
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
