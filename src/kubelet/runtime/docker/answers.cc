#include "kubelet/runtime/docker/answers.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"
#include "kubelet/runtime/docker/engine.h"

namespace kubelet::docker {
namespace {

using schema::Value;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int32_t kStartErrorCode = 128;

std::string own(const LabelSet& labels, std::string_view key) {
  auto found = labels.own.find(key);
  return found == labels.own.end() ? std::string() : found->second;
}

int64_t created_ns(const LabelSet& labels, int64_t otherwise) {
  return base::parse_int(own(labels, kCreatedLabel)).value_or(otherwise);
}

std::optional<Name> name_of(const Value& entry) {
  const auto* names = entry.find("Names");
  if (names == nullptr || !names->is_array()) return std::nullopt;
  for (const auto& name : names->as_array())
    if (name.is_string())
      if (auto parsed = parse_name(name.as_string())) return parsed;
  return std::nullopt;
}

cri::PodSandboxMetadata pod_of(const Name& name) {
  cri::PodSandboxMetadata out;
  out.name = name.pod;
  out.uid = name.uid;
  out.namespace_ = name.namespace_;
  out.attempt = name.attempt;
  return out;
}

cri::ContainerState state_of(std::string_view text) {
  if (text == "running" || text == "paused" || text == "restarting") return cri::ContainerState::ContainerRunning;
  if (text == "created") return cri::ContainerState::ContainerCreated;
  if (text == "exited" || text == "dead" || text == "removing") return cri::ContainerState::ContainerExited;
  return cri::ContainerState::ContainerUnknown;
}

std::vector<std::string> strings_at(const Value& value, std::string_view key) {
  std::vector<std::string> out;
  const auto* found = value.find(key);
  if (found == nullptr || !found->is_array()) return out;
  for (const auto& one : found->as_array())
    if (one.is_string() && !one.as_string().starts_with("<none>")) out.push_back(one.as_string());
  return out;
}

// "1.44" or "6.1.0-18-amd64".
bool is_at_least(std::string_view version, int64_t major, int64_t minor) {
  auto dot = version.find('.');
  if (dot == std::string_view::npos) return false;
  auto rest = version.substr(dot + 1);
  auto first = base::parse_int(version.substr(0, dot)),
       second = base::parse_int(rest.substr(0, rest.find_first_not_of("0123456789")));
  return first && second && (*first > major || (*first == major && *second >= minor));
}

// Whether the container was made with that mount read-only all the way down.
bool is_recursive_read_only(const Value& inspected, std::string_view path) {
  const auto* asked = inspected.at({"HostConfig", "Mounts"});
  if (asked == nullptr || !asked->is_array()) return false;
  return std::ranges::any_of(asked->as_array(), [&](const Value& mount) {
    return mount.text_at({"Target"}) == path && bool_at(mount, {"BindOptions", "ReadOnlyForceRecursive"});
  });
}

std::vector<cri::Mount> mounts_of(const Value& inspected) {
  std::vector<cri::Mount> out;
  const auto* mounts = inspected.find("Mounts");
  if (mounts == nullptr || !mounts->is_array()) return out;
  for (const auto& one : mounts->as_array()) {
    auto& mount = out.emplace_back();
    mount.host_path = one.text_at({"Source"});
    mount.container_path = one.text_at({"Destination"});
    mount.readonly = !bool_at(one, {"RW"});
    mount.recursive_read_only = mount.readonly && is_recursive_read_only(inspected, mount.container_path);
    auto propagation = one.text_at({"Propagation"});
    if (propagation == "rslave") mount.propagation = cri::MountPropagation::PropagationHostToContainer;
    if (propagation == "rshared") mount.propagation = cri::MountPropagation::PropagationBidirectional;
  }
  return out;
}

void add_outcome(const Value& inspected, cri::ContainerStatus& out) {
  std::string error(inspected.text_at({"State", "Error"}));
  if (out.started_at == 0) {
    out.exit_code = kStartErrorCode;
    out.reason = "StartError";
    out.message = std::move(error);
    if (out.finished_at == 0) out.finished_at = out.created_at;
    return;
  }
  out.exit_code = static_cast<int32_t>(integer_at(inspected, {"State", "ExitCode"}));
  out.reason = bool_at(inspected, {"State", "OOMKilled"}) ? "OOMKilled" : out.exit_code == 0 ? "Completed" : "Error";
  out.message = std::move(error);
}

}  // namespace

int64_t moment_at(const Value& value, std::initializer_list<std::string_view> path) {
  auto time = base::parse_rfc3339(value.text_at(path));
  return time && time->seconds > 0 ? time->to_ns() : 0;
}

std::optional<cri::PodSandbox> to_sandbox(const Value& entry) {
  auto labels = from_labels(entry.find("Labels"));
  auto name = name_of(entry);
  if (!name || own(labels, kTypeLabel) != kSandboxType) return std::nullopt;
  cri::PodSandbox out;
  out.id = entry.text_at({"Id"});
  out.metadata = pod_of(*name);
  out.state = entry.text_at({"State"}) == "running" ? cri::PodSandboxState::SandboxReady
                                                    : cri::PodSandboxState::SandboxNotready;
  out.created_at = created_ns(labels, integer_at(entry, {"Created"}) * kSecond);
  out.labels = std::move(labels.labels);
  out.annotations = std::move(labels.annotations);
  return out;
}

std::optional<cri::Container> to_container(const Value& entry) {
  auto labels = from_labels(entry.find("Labels"));
  auto name = name_of(entry);
  if (!name || own(labels, kTypeLabel) != kContainerType) return std::nullopt;
  cri::Container out;
  out.id = entry.text_at({"Id"});
  out.pod_sandbox_id = own(labels, kSandboxIdLabel);
  out.metadata.emplace().name = name->container;
  out.metadata->attempt = name->attempt;
  out.image.emplace().image = own(labels, kImageLabel);
  out.image_ref = entry.text_at({"ImageID"});
  out.image_id = out.image_ref;
  out.state = state_of(entry.text_at({"State"}));
  out.created_at = created_ns(labels, integer_at(entry, {"Created"}) * kSecond);
  out.labels = std::move(labels.labels);
  out.annotations = std::move(labels.annotations);
  return out;
}

cri::PodSandboxStatus to_sandbox_status(const Value& inspected) {
  auto labels = from_labels(inspected.at({"Config", "Labels"}));
  cri::PodSandboxStatus out;
  out.id = inspected.text_at({"Id"});
  if (auto name = parse_name(inspected.text_at({"Name"}))) out.metadata = pod_of(*name);
  out.state = bool_at(inspected, {"State", "Running"}) ? cri::PodSandboxState::SandboxReady
                                                       : cri::PodSandboxState::SandboxNotready;
  out.created_at = created_ns(labels, moment_at(inspected, {"Created"}));
  auto& options = out.linux.emplace().namespaces.emplace().options.emplace();
  auto mode = [&inspected](std::string_view what) {
    return inspected.text_at({"HostConfig", what}) == "host" ? cri::NamespaceMode::Node : cri::NamespaceMode::Pod;
  };
  options.network = mode("NetworkMode");
  options.pid = mode("PidMode");
  options.ipc = mode("IpcMode");
  out.labels = std::move(labels.labels);
  out.annotations = std::move(labels.annotations);
  return out;
}

cri::ContainerStatus to_container_status(const Value& inspected) {
  auto labels = from_labels(inspected.at({"Config", "Labels"}));
  cri::ContainerStatus out;
  out.id = inspected.text_at({"Id"});
  if (auto name = parse_name(inspected.text_at({"Name"}))) {
    out.metadata.emplace().name = name->container;
    out.metadata->attempt = name->attempt;
  }
  out.state = state_of(inspected.text_at({"State", "Status"}));
  out.created_at = created_ns(labels, moment_at(inspected, {"Created"}));
  out.started_at = moment_at(inspected, {"State", "StartedAt"});
  bool failed_to_start =
      out.state == cri::ContainerState::ContainerCreated &&
      (!inspected.text_at({"State", "Error"}).empty() || integer_at(inspected, {"State", "ExitCode"}) != 0);
  if (failed_to_start) out.state = cri::ContainerState::ContainerExited;
  if (out.state == cri::ContainerState::ContainerExited) {
    // The Engine notes the start when it has heard of it, which a quick end may come before.
    out.finished_at = std::max(moment_at(inspected, {"State", "FinishedAt"}), out.started_at);
    add_outcome(inspected, out);
  }
  out.image.emplace().image = own(labels, kImageLabel);
  out.image_ref = inspected.text_at({"Image"});
  out.image_id = out.image_ref;
  out.mounts = mounts_of(inspected);
  out.log_path = own(labels, kLogPathLabel);
  out.labels = std::move(labels.labels);
  out.annotations = std::move(labels.annotations);
  return out;
}

std::vector<cri::RuntimeHandler> handlers(const Value& info, const Value& version) {
  cri::RuntimeHandlerFeatures features;
  features.recursive_read_only_mounts =
      is_at_least(version.text_at({"ApiVersion"}), 1, 44) && is_at_least(version.text_at({"KernelVersion"}), 5, 12);
  std::vector<cri::RuntimeHandler> out;
  auto add = [&](std::string_view name) {
    auto& one = out.emplace_back();
    one.name = name;
    one.features = features;
  };
  add("");
  if (const auto* runtimes = info.find("Runtimes"); runtimes != nullptr && runtimes->is_object())
    for (const auto& runtime : runtimes->as_object()) add(runtime.key);
  return out;
}

cri::Image to_image(const Value& value) {
  cri::Image out;
  out.id = value.text_at({"Id"});
  out.repo_tags = strings_at(value, "RepoTags");
  out.repo_digests = strings_at(value, "RepoDigests");
  out.size = static_cast<uint64_t>(std::max<int64_t>(integer_at(value, {"Size"}), 0));
  auto user = value.text_at({"Config", "User"});
  user = user.substr(0, user.find(':'));
  if (auto number = base::parse_int(user)) {
    out.uid.emplace().value = *number;
  } else {
    out.username = user;
  }
  return out;
}

std::string image_reference(const cri::Image& image) {
  return image.repo_digests.empty() ? image.id : image.repo_digests.front();
}

}  // namespace kubelet::docker
