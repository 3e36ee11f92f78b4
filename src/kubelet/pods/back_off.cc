#include "kubelet/pods/back_off.h"

#include <algorithm>

namespace kubelet {

std::optional<int64_t> BackOff::until(const std::string& key, int64_t failed_ns, int64_t now_ns) const {
  auto found = entries_.find(key);
  if (found == entries_.end() || expired(found->second, failed_ns)) return {};
  int64_t end = failed_ns + found->second.pause_ns;
  if (now_ns >= end) return {};
  return end;
}

int64_t BackOff::pause_ns(const std::string& key) const {
  auto found = entries_.find(key);
  return found == entries_.end() ? 0 : found->second.pause_ns;
}

void BackOff::next(const std::string& key, int64_t failed_ns, int64_t now_ns) {
  auto found = entries_.find(key);
  if (found == entries_.end() || expired(found->second, failed_ns)) {
    entries_[key] = {std::min(kInitialNs, max_ns_), now_ns};
    return;
  }
  found->second.pause_ns = std::min(found->second.pause_ns * 2, max_ns_);
  found->second.updated_ns = now_ns;
}

}  // namespace kubelet
