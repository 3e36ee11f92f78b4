// What a kubelet wants its machine to be like before it begins.
#pragma once

#include <string>

#include "base/result.h"
#include "main/part/kubelet_configuration.h"

namespace navarch {

// Raises the number of files that this process may open. An Error when swap is on, the kernel's tunables are others
// than pods need, or control groups are of version 1, each where the options say that this must not be.
// `root`: where /proc is looked for.
base::Result<void> prepare_machine(const KubeletFileOptions& options, const std::string& root = "");

}  // namespace navarch
