#include "controller/common/claims.h"

#include <algorithm>

#include "base/strings.h"
#include "volume/names.h"

namespace controller {

using api::core_v1::Pod;

client::Cache<Pod>& pods_by_claim(Caches& caches) {
  pods_of(caches);
  return caches.indexed<Pod>("claim", [](const Pod& pod) {
    std::vector<std::string> keys;
    for (const auto& volume : pod.spec.volumes)
      if (auto name = volume::claim_name(pod, volume); !name.empty())
        keys.push_back(base::cat({pod.metadata.namespace_, "/", name}));
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
  });
}

std::vector<PodPointer> pods_of_claim(const client::Cache<Pod>& pods, std::string_view namespace_,
                                      std::string_view claim) {
  return pods.by_index("claim", base::cat({namespace_, "/", claim}));
}

bool add_finalizer(api::meta_v1::ObjectMeta& meta, std::string_view finalizer) {
  if (std::find(meta.finalizers.begin(), meta.finalizers.end(), finalizer) != meta.finalizers.end()) return false;
  meta.finalizers.emplace_back(finalizer);
  return true;
}

bool remove_finalizer(api::meta_v1::ObjectMeta& meta, std::string_view finalizer) {
  return std::erase(meta.finalizers, finalizer) > 0;
}

}  // namespace controller
