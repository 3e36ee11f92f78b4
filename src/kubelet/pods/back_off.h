// The pauses between attempts at something that keeps failing: the first at once, then 10 s, doubled up to 300 s or
// what the node says instead; forgotten after ten minutes of peace. Containers that crash and images that cannot be
// pulled. Pure; times in nanoseconds. Source: the Kubernetes documentation, "Pod Lifecycle", "Container restarts".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace kubelet {

class BackOff {
 public:
  static constexpr int64_t kInitialNs = 10'000'000'000;
  static constexpr int64_t kMaxNs = 300'000'000'000;
  static constexpr int64_t kForgottenNs = 600'000'000'000;

  explicit BackOff(int64_t max_ns = kMaxNs) : max_ns_(max_ns) {}

  // The moment until which to wait after a failure that happened at `failed_ns`; nothing if there is no need to.
  std::optional<int64_t> until(const std::string& key, int64_t failed_ns, int64_t now_ns) const;
  // The pause that is in force.
  int64_t pause_ns(const std::string& key) const;
  // A new attempt is being made, after the failure at `failed_ns`.
  void next(const std::string& key, int64_t failed_ns, int64_t now_ns);
  void forget(const std::string& key) { entries_.erase(key); }

 private:
  struct Entry {
    int64_t pause_ns;
    int64_t updated_ns;
  };
  static bool expired(const Entry& entry, int64_t failed_ns) { return failed_ns - entry.updated_ns > kForgottenNs; }

  int64_t max_ns_;
  std::map<std::string, Entry> entries_;
};

}  // namespace kubelet
