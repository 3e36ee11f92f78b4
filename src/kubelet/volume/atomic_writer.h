// Files of a volume that change all at once: readers see the old set or the new, never a mixture.
//
//   volume/..2026_11_23_22_51_04.123456789/key    the files
//   volume/..data -> ..2026_11_23_22_51_04.123456789
//   volume/key -> ..data/key                      what programs open
// Layout as upstream's, so that programs which watch "..data" work. Blocking.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace kubelet {

struct PayloadFile {
  std::string data;
  uint32_t mode = 0644;
  std::optional<int64_t> owner;
  bool operator==(const PayloadFile&) const = default;
};
// By relative path: "tls/key.pem". Never with ".." or a leading slash.
using Payload = std::map<std::string, PayloadFile>;

// Makes the folder hold exactly `payload`. False if it did already. `group` owns the files, with the right to read,
// when set.
base::Result<bool> write_payload(const std::string& directory, const Payload& payload, std::optional<int64_t> group,
                                 base::Time now);

// Whether a path may be used in a volume: relative, without "..", without a first part that begins with "..".
bool is_safe_payload_path(std::string_view path);

}  // namespace kubelet
