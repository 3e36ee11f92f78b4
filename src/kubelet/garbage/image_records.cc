#include "kubelet/garbage/image_records.h"

#include <algorithm>
#include <tuple>

namespace kubelet {

void ImageRecords::look(const std::vector<api::cri::Image>& images, const std::set<std::string>& used, int64_t now_ns) {
  bool first_look = began_ns_ == 0;
  if (first_look) began_ns_ = now_ns;
  std::map<std::string, Known> now;
  for (const auto& image : images) {
    Known one;
    auto before = known_.find(image.id);
    if (before != known_.end()) {
      one = before->second;
    } else {
      // What was there before us is old enough.
      one.first_seen_ns = first_look ? 0 : now_ns;
    }
    one.bytes = image.size;
    one.pinned = image.pinned;
    auto is_used = [&](const std::string& name) { return used.contains(name); };
    one.used = is_used(image.id) || std::ranges::any_of(image.repo_tags, is_used) ||
               std::ranges::any_of(image.repo_digests, is_used);
    if (one.used) one.last_used_ns = now_ns;
    now[image.id] = one;
  }
  known_ = std::move(now);
}

std::vector<UnusedImage> ImageRecords::unused() const {
  std::vector<UnusedImage> out;
  for (const auto& [id, one] : known_)
    if (!one.used && !one.pinned)
      out.push_back(
          {.id = id, .bytes = one.bytes, .first_seen_ns = one.first_seen_ns, .last_used_ns = one.last_used_ns});
  std::ranges::sort(out, {}, [](const auto& one) {
    return std::tuple(one.last_used_ns, one.first_seen_ns, std::string_view(one.id));
  });
  return out;
}

std::vector<UnusedImage> ImageRecords::to_free(uint64_t bytes, const ImageGarbageOptions& options,
                                               int64_t now_ns) const {
  std::vector<UnusedImage> out;
  uint64_t freed = 0;
  for (auto& one : unused()) {
    if (freed >= bytes) break;
    if (now_ns - one.first_seen_ns < options.minimum_age_ns) continue;
    freed += one.bytes;
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<UnusedImage> ImageRecords::outdated(const ImageGarbageOptions& options, int64_t now_ns) const {
  if (options.maximum_age_ns == 0 || now_ns - began_ns_ <= options.maximum_age_ns) return {};
  auto out = unused();
  std::erase_if(out, [&](const auto& one) {
    return now_ns - std::max({one.last_used_ns, one.first_seen_ns, began_ns_}) <= options.maximum_age_ns;
  });
  return out;
}

uint64_t bytes_to_free(uint64_t capacity, uint64_t available, const ImageGarbageOptions& options) {
  if (capacity == 0) return 0;
  available = std::min(available, capacity);
  auto used_percent = 100 - static_cast<int64_t>(available * 100 / capacity);
  if (used_percent < options.high_percent) return 0;
  uint64_t wanted = capacity * static_cast<uint64_t>(100 - options.low_percent) / 100;
  return wanted > available ? wanted - available : 0;
}

}  // namespace kubelet
