// What the kubelet's containers are called in the Engine, and how what it must know of them again after its own restart
// is kept in labels. Both as upstream's dockershim and cri-dockerd have them. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/cri.h"
#include "schema/value.h"

namespace kubelet::docker {

namespace cri = ::api::cri;
using Labels = std::map<std::string, std::string, std::less<>>;

inline constexpr std::string_view kTypeLabel = "io.kubernetes.docker.type";
inline constexpr std::string_view kSandboxType = "podsandbox";
inline constexpr std::string_view kContainerType = "container";
inline constexpr std::string_view kSandboxIdLabel = "io.kubernetes.sandbox.id";
inline constexpr std::string_view kLogPathLabel = "io.kubernetes.container.logpath";
// Of ours: the image as the pod names it, and the moment of creation (ns since 1970), which the Engine's lists round to
// a second.
inline constexpr std::string_view kImageLabel = "io.kubernetes.container.image";
inline constexpr std::string_view kCreatedLabel = "io.kubernetes.docker.created";

// "k8s_POD_web_default_<uid>_0".
std::string sandbox_name(const cri::PodSandboxMetadata& pod);
// "k8s_main_web_default_<uid>_0".
std::string container_name(const cri::ContainerMetadata& container, const cri::PodSandboxMetadata& pod);

struct Name {
  std::string container;  // "POD" of a sandbox
  std::string pod, namespace_, uid;
  uint32_t attempt = 0;
};
// With or without the Engine's '/' in front; nothing for what is not one of ours.
std::optional<Name> parse_name(std::string_view name);

// Labels and annotations together, as the Engine's labels.
schema::Value to_labels(const Labels& labels, const Labels& annotations);
struct LabelSet {
  Labels labels, annotations;
  Labels own;  // those above
};
LabelSet from_labels(const schema::Value* labels);

}  // namespace kubelet::docker
