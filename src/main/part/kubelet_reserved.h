// What the kubelet's flags and configuration keep back from pods. Texts of errors are upstream's.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kubelet/options.h"

namespace navarch {

// As they are written; empty: not said.
struct ReservedWords {
  std::map<std::string, std::string, std::less<>> system, kube;  // "cpu" to "100m"
  std::string system_group, kube_group;
  std::string processors;            // "0-1,4": instead of what is said of "cpu"
  std::vector<std::string> enforce;  // empty: "pods"
};

// Puts what they say into the options. BadRequest for words that make no sense, alone or together.
base::Result<void> take_reserved(const ReservedWords& words, kubelet::KubeletOptions& options);

}  // namespace navarch
