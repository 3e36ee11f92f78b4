// Files that survive the kubelet, in upstream's forms: JSON beside a checksum of what it says. A file that does not
// fit its checksum is damaged, and an error. Blocking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kubelet {

// FNV-1a, 32 bits.
uint32_t fnv32a(std::string_view text);

// {"Data":"<text>","Checksum":n}: the checksum of a text as Go's deep hash has it.
base::Result<void> write_checkpoint(const std::string& path, std::string_view data);
// Nothing when there is no such file. Invalid when it is damaged.
base::Result<std::optional<std::string>> read_checkpoint(const std::string& path);

}  // namespace kubelet
