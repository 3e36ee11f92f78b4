#include "scheduler/plugin/volume_restrictions/volume_restrictions.h"

#include <algorithm>

namespace scheduler {
namespace {

bool uses(const PodInfo& pod, const client::Key& claim) {
  return pod.key.namespace_ == claim.namespace_ && std::ranges::find(pod.claims, claim.name) != pod.claims.end();
}

// While others use one of the claims it is free on no node; those others may be driven out.
class InUse final : public Judge {
 public:
  explicit InUse(std::vector<client::Key> claims) : claims_(std::move(claims)) {}
  void count(const PodInfo& pod, int change) {
    for (const auto& claim : claims_)
      if (uses(pod, claim)) users_ += change;
  }
  bool is_used() const { return users_ > 0; }
  void counted(const PodInfo& pod, const NodeInfo&, int change) override { count(pod, change); }
  std::optional<Refusal> filter(const NodeInfo&) override {
    if (!is_used()) return {};
    return Refusal{{"node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"},
                   true};
  }

 private:
  std::vector<client::Key> claims_;
  int users_ = 0;
};

class VolumeRestrictions final : public Plugin {
 public:
  explicit VolumeRestrictions(const Storage& storage) : storage_(storage) {}
  std::string_view name() const override { return "VolumeRestrictions"; }
  Happening wakers() const override { return Happening::PodRemoved | Happening::ClaimChanged; }

  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache& cache) const override {
    std::vector<client::Key> exclusive;
    for (const auto& claim : pod.claims)
      if (is_for_one_pod(pod.key.namespace_, claim)) exclusive.push_back({pod.key.namespace_, claim});
    if (exclusive.empty()) return nullptr;
    auto judge = std::make_unique<InUse>(std::move(exclusive));
    for (const NodeInfo* node : cache.nodes())
      for (const auto& [key, other] : node->pods) judge->count(*other, 1);
    if (!judge->is_used()) return nullptr;
    return judge;
  }

 private:
  bool is_for_one_pod(const std::string& namespace_, const std::string& name) const {
    auto claim = storage_.claim(namespace_, name);
    return claim != nullptr && std::ranges::find(claim->spec.access_modes, std::string_view("ReadWriteOncePod")) !=
                                   claim->spec.access_modes.end();
  }

  const Storage& storage_;
};

}  // namespace

std::unique_ptr<Plugin> make_volume_restrictions(const Storage& storage) {
  return std::make_unique<VolumeRestrictions>(storage);
}

}  // namespace scheduler
