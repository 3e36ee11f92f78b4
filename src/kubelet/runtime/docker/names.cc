#include "kubelet/runtime/docker/names.h"

#include "base/strings.h"

namespace kubelet::docker {
namespace {

constexpr std::string_view kPrefix = "k8s";
constexpr std::string_view kSandboxContainer = "POD";
constexpr std::string_view kAnnotationPrefix = "annotation.";

bool is_own(std::string_view key) {
  return key == kTypeLabel || key == kSandboxIdLabel || key == kLogPathLabel || key == kImageLabel ||
         key == kCreatedLabel;
}

}  // namespace

std::string sandbox_name(const cri::PodSandboxMetadata& pod) {
  return base::cat({kPrefix, "_", kSandboxContainer, "_", pod.name, "_", pod.namespace_, "_", pod.uid, "_",
                    std::to_string(pod.attempt)});
}

std::string container_name(const cri::ContainerMetadata& container, const cri::PodSandboxMetadata& pod) {
  return base::cat({kPrefix, "_", container.name, "_", pod.name, "_", pod.namespace_, "_", pod.uid, "_",
                    std::to_string(container.attempt)});
}

std::optional<Name> parse_name(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(1);
  auto parts = base::split(name, '_');
  if (parts.size() < 6 || parts[0] != kPrefix) return std::nullopt;
  auto attempt = base::parse_uint(parts[5]);
  if (!attempt) return std::nullopt;
  return Name{.container = std::string(parts[1]),
              .pod = std::string(parts[2]),
              .namespace_ = std::string(parts[3]),
              .uid = std::string(parts[4]),
              .attempt = static_cast<uint32_t>(*attempt)};
}

schema::Value to_labels(const Labels& labels, const Labels& annotations) {
  schema::Members out;
  for (const auto& [key, value] : labels) out.set(key, value);
  for (const auto& [key, value] : annotations) out.set(base::cat({kAnnotationPrefix, key}), value);
  return schema::Value(std::move(out));
}

LabelSet from_labels(const schema::Value* labels) {
  LabelSet out;
  if (labels == nullptr || !labels->is_object()) return out;
  for (const auto& [key, value] : labels->as_object()) {
    if (!value.is_string()) continue;
    if (key.starts_with(kAnnotationPrefix)) {
      out.annotations[key.substr(kAnnotationPrefix.size())] = value.as_string();
    } else {
      (is_own(key) ? out.own : out.labels)[key] = value.as_string();
    }
  }
  return out;
}

}  // namespace kubelet::docker
