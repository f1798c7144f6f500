// Kubeconfig files (kubernetes.io, "Organizing Cluster Access Using kubeconfig Files").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "operator/kube/config.h"

namespace rmq::kube {

struct KubeconfigText {
  std::string text;
  std::string directory;  // relative paths inside start here
};

// Several files merge as kubectl does: of equal names, and of current-context, the first wins.
// `context` "" takes current-context.
Result<ClientConfig> parse_kubeconfig(const std::vector<KubeconfigText>& files, std::string_view context = {});

// Reads and parses. A missing file is skipped when others are there.
Result<ClientConfig> load_kubeconfig(const std::vector<std::string>& paths, std::string_view context = {});

}  // namespace rmq::kube
