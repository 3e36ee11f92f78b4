// Pods that this node runs of its own: read from manifests, not from the API. Pure.
// Rules: the Kubernetes documentation, "Create static Pods".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kubelet/pods/pod.h"

namespace kubelet {

inline constexpr std::string_view kConfigHashAnnotation = "kubernetes.io/config.hash";
inline constexpr std::string_view kConfigMirrorAnnotation = "kubernetes.io/config.mirror";

struct ManifestSource {
  std::string kind;   // "file", "http"
  std::string place;  // path or URL
  std::string node_name;
  int64_t now_ns = 0;  // since 1970
};

// The pods of one manifest (YAML or JSON; a Pod, or from a URL a PodList), with their defaults, a name and a uid that
// are this node's and change with the manifest, and the annotations that say where they come from. None when it is
// empty. BadRequest: it is no manifest, or names objects of the API, which such a pod cannot use.
base::Result<std::vector<core::Pod>> read_manifest(std::string_view text, const ManifestSource& source);

bool is_static(const core::Pod& pod);  // made by read_manifest()
bool is_mirror(const core::Pod& pod);  // an API object that shows a static pod

// The object that shows a static pod in the API. `node` owns it; null: nobody yet.
core::Pod make_mirror(const core::Pod& pod, const core::Node* node);
// It shows this very version of the pod.
bool mirrors(const core::Pod& mirror, const core::Pod& pod);

}  // namespace kubelet
