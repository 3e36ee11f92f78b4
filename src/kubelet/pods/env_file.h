// Files of variables that containers write for those that start later. Kubernetes documentation, "Define Environment
// Variable Values Using An Init Container".
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kubelet/pods/pod.h"

namespace kubelet {

using EnvFile = std::map<std::string, std::string, std::less<>>;

// NAME='value' line by line; a value may go over several. Blank lines and those that begin with # say nothing. Invalid,
// with the number of the line, for all else.
base::Result<EnvFile> parse_env_file(std::string_view text);

// What the files that the container's variables name hold, by volume and path. Those that are not there are left out.
// Blocking. `volumes`: where each volume is. A file is never sought outside its volume. Bound: 64 KiB a file.
using EnvFiles = std::map<std::pair<std::string, std::string>, EnvFile>;
base::Result<EnvFiles> read_env_files(const core::Container& container,
                                      const std::map<std::string, std::string, std::less<>>& volumes);

}  // namespace kubelet
