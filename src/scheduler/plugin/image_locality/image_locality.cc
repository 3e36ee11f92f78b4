#include "scheduler/plugin/image_locality/image_locality.h"

#include <algorithm>

namespace scheduler {
namespace {

constexpr int64_t kMegabyte = 1 << 20;
constexpr int64_t kLeast = 23 * kMegabyte;               // smaller sums do not count
constexpr int64_t kMostPerContainer = 1000 * kMegabyte;  // larger ones count no more

std::string normalized(const std::string& image) {
  auto colon = image.rfind(':');
  auto slash = image.rfind('/');
  bool has_tag = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  return has_tag || image.find('@') != std::string::npos ? image : image + ":latest";
}

class ImageJudge final : public Judge {
 public:
  explicit ImageJudge(const api::core_v1::PodSpec& spec) {
    for (const auto& container : spec.init_containers) add(container.image);
    for (const auto& container : spec.containers) add(container.image);
  }
  int64_t score(const NodeInfo& node) override {
    int64_t sum = 0;
    for (ImageName image : images_) sum += node.image_size(image);
    int64_t most = kMostPerContainer * static_cast<int64_t>(images_.size());
    if (most <= kLeast) return 0;
    return (std::clamp(sum, kLeast, most) - kLeast) * kScoreMax / (most - kLeast);
  }

 private:
  void add(const std::string& image) { images_.push_back(image_name(normalized(image))); }

  std::vector<ImageName> images_;
};

class ImageLocality final : public Plugin {
 public:
  std::string_view name() const override { return "ImageLocality"; }
  Happening wakers() const override { return Happening::None; }
  bool filters() const override { return false; }
  int64_t weight() const override { return 1; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    return std::make_unique<ImageJudge>(pod.pod->spec);
  }
};

}  // namespace

std::unique_ptr<Plugin> make_image_locality() {
  return std::make_unique<ImageLocality>();
}

}  // namespace scheduler
