#include "schema/computed_defaults.h"

#include <algorithm>
#include <map>
#include <string>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/batch_v1.h"
#include "api/core_v1.h"
#include "api/resource_k8s_io_v1.h"
#include "base/quantity.h"
#include "base/strings.h"
#include "base/time.h"
#include "schema/given.h"
#include "schema/member.h"

namespace schema {

namespace {

namespace core = api::core_v1;
using Resources = std::map<std::string, base::Quantity, std::less<>>;

// What `from` has and `to` lacks.
void add_missing(Resources& to, const Resources& from) {
  to.insert(from.begin(), from.end());
}

bool is_all_of(std::string_view text, std::string_view more) {
  return std::ranges::all_of(
      text, [&](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != more.npos; });
}

// The tag of an image reference: "latest" when it has neither tag nor digest, "" when it has a digest alone or cannot
// be read.
std::string_view image_tag(std::string_view image) {
  constexpr size_t kMaxTagLength = 128;
  size_t at = image.find('@');
  bool digest = at != image.npos;
  std::string_view name = image.substr(0, at);
  std::string_view tag;
  size_t slash = name.rfind('/');
  size_t colon = name.rfind(':');
  if (colon != name.npos && (slash == name.npos || colon > slash)) {
    tag = name.substr(colon + 1);
    name = name.substr(0, colon);
    if (tag.empty() || tag.size() > kMaxTagLength) return "";
  }
  // Before the first slash may stand a host, which may have capitals and a port.
  size_t first_slash = name.find('/');
  std::string_view repository = name;
  if (first_slash != name.npos) {
    std::string_view first = name.substr(0, first_slash);
    bool host = first.find_first_of(".:") != first.npos || first == "localhost" || !is_all_of(first, "._-");
    if (host) repository = name.substr(first_slash + 1);
  }
  if (repository.empty() || !is_all_of(repository, "._-/")) return "";
  if (tag.empty() && !digest) return "latest";
  return tag;
}

std::string_view pull_policy(std::string_view image) {
  return image_tag(image) == "latest" ? "Always" : "IfNotPresent";
}

template <class T>
void set_pull_policy(T& container) {
  if (container.image_pull_policy.empty()) container.image_pull_policy = pull_policy(container.image);
}

void container_pull_policy(core::Container& container) {
  set_pull_policy(container);
}
void ephemeral_pull_policy(core::EphemeralContainer& container) {
  set_pull_policy(container);
}

void image_volume_pull_policy(core::Volume& volume) {
  if (volume.image && volume.image->pull_policy.empty())
    volume.image->pull_policy = pull_policy(volume.image->reference);
}

// A volume that says nothing is an empty directory.
void volume_source(core::Volume& volume) {
  for (const Field& field : core::Volume::kType.fields()) {
    if (field.holder == Holder::Box && !is_empty(field, &volume)) return;
  }
  volume.empty_dir.emplace();
}

void requests_from_limits(core::Pod& pod) {
  for (auto* containers : {&pod.spec.containers, &pod.spec.init_containers}) {
    for (core::Container& container : *containers)
      add_missing(container.resources.requests, container.resources.limits);
  }
}

void host_ports(core::Pod& pod) {
  if (!pod.spec.host_network) return;
  for (auto* containers : {&pod.spec.containers, &pod.spec.init_containers}) {
    for (core::Container& container : *containers) {
      for (core::ContainerPort& port : container.ports) {
        if (port.host_port == 0) port.host_port = port.container_port;
      }
    }
  }
}

void add(Resources& to, const Resources& from) {
  for (const auto& [name, quantity] : from) to[name] += quantity;
}
void raise(Resources& to, const Resources& from) {
  for (const auto& [name, quantity] : from) {
    auto [entry, fresh] = to.try_emplace(name, quantity);
    if (!fresh && entry->second < quantity) entry->second = quantity;
  }
}

// What the containers need together: the running ones at once, or the hungriest step of starting up, where sidecars run
// from their turn on.
Resources total(const core::PodSpec& spec, Resources core::ResourceRequirements::* which) {
  Resources running, sidecars, starting;
  for (const core::Container& container : spec.containers) add(running, container.resources.*which);
  for (const core::Container& container : spec.init_containers) {
    Resources step = container.resources.*which;
    if (container.restart_policy == "Always") {
      add(running, step);
      add(sidecars, step);
      step = sidecars;
    } else {
      add(step, sidecars);
    }
    raise(starting, step);
  }
  raise(running, starting);
  return running;
}

bool is_huge_page(std::string_view name) {
  return name.starts_with("hugepages-");
}

// Pod-level resources that are given in part take the rest from the containers, then from their own limits.
void pod_level_resources(core::Pod& pod) {
  if (!pod.spec.resources) return;
  core::ResourceRequirements& own = *pod.spec.resources;
  if (!own.limits.empty() || !own.requests.empty()) {
    for (const auto& [name, limit] : total(pod.spec, &core::ResourceRequirements::limits)) {
      if (is_huge_page(name) && !own.requests.contains(name)) own.limits.try_emplace(name, limit);
    }
  }
  if (own.limits.empty()) return;
  auto shared = [](std::string_view name) { return name == "cpu" || name == "memory"; };
  for (const auto& [name, request] : total(pod.spec, &core::ResourceRequirements::requests)) {
    if (shared(name)) own.requests.try_emplace(name, request);
  }
  for (const auto& [name, limit] : own.limits) {
    if (shared(name) || is_huge_page(name)) own.requests.try_emplace(name, limit);
  }
}

void target_ports(core::Service& service) {
  for (core::ServicePort& port : service.spec.ports) {
    if (port.target_port == IntOrString() || port.target_port == IntOrString("")) port.target_port = port.port;
  }
}

void template_labels_and_selector(core::ReplicationController& controller) {
  if (!controller.spec.template_) return;
  const auto& labels = controller.spec.template_->metadata.labels;
  if (controller.spec.selector.empty()) controller.spec.selector = labels;
  if (controller.metadata.labels.empty()) controller.metadata.labels = labels;
}

void template_labels(api::batch_v1::Job& job) {
  if (job.metadata.labels.empty()) job.metadata.labels = job.spec.template_.metadata.labels;
}

void name_label(core::Namespace& space) {
  if (!space.metadata.name.empty()) space.metadata.labels["kubernetes.io/metadata.name"] = space.metadata.name;
}

void allocatable(core::NodeStatus& status) {
  if (!is_given(status, status.allocatable)) status.allocatable = status.capacity;
}

void container_limits(core::LimitRangeItem& item) {
  if (item.type != "Container") return;
  add_missing(item.default_, item.max);
  add_missing(item.default_request, item.default_);
  add_missing(item.default_request, item.min);
}

void crd_names(api::apiextensions_k8s_io_v1::CustomResourceDefinition& definition) {
  auto& names = definition.spec.names;
  if (names.singular.empty()) names.singular = base::to_lower(names.kind);
  if (names.list_kind.empty() && !names.kind.empty()) names.list_kind = names.kind + "List";
}

void stored_versions(api::apiextensions_k8s_io_v1::CustomResourceDefinition& definition) {
  if (!definition.status.stored_versions.empty()) return;
  for (const auto& version : definition.spec.versions) {
    if (!version.storage) continue;
    definition.status.stored_versions.push_back(version.name);
    return;
  }
}

void time_added(void* object, base::Clock& clock) {
  auto& taint = *static_cast<api::resource_k8s_io_v1::DeviceTaint*>(object);
  if (taint.time_added.is_zero()) taint.time_added = base::Time::from_ns(clock.wall_ns()).truncated_to_seconds();
}

template <class T, void (*kApply)(T&)>
void on(void* object, base::Clock&) {
  kApply(*static_cast<T*>(object));
}

}  // namespace

ComputedDefault find_computed_default(std::string_view name) {
  using api::apiextensions_k8s_io_v1::CustomResourceDefinition;
  static constexpr std::pair<std::string_view, ComputedDefault> kFunctions[] = {
      {"image pull policy", &on<core::Container, container_pull_policy>},
      {"ephemeral image pull policy", &on<core::EphemeralContainer, ephemeral_pull_policy>},
      {"image volume pull policy", &on<core::Volume, image_volume_pull_policy>},
      {"volume source", &on<core::Volume, volume_source>},
      {"requests from limits", &on<core::Pod, requests_from_limits>},
      {"host ports", &on<core::Pod, host_ports>},
      {"pod level resources", &on<core::Pod, pod_level_resources>},
      {"target ports", &on<core::Service, target_ports>},
      {"labels and selector of the template", &on<core::ReplicationController, template_labels_and_selector>},
      {"labels of the template", &on<api::batch_v1::Job, template_labels>},
      {"name label", &on<core::Namespace, name_label>},
      {"allocatable", &on<core::NodeStatus, allocatable>},
      {"container limits", &on<core::LimitRangeItem, container_limits>},
      {"names", &on<CustomResourceDefinition, crd_names>},
      {"stored versions", &on<CustomResourceDefinition, stored_versions>},
      {"time added", &time_added},
  };
  for (auto& [known, function] : kFunctions) {
    if (known == name) return function;
  }
  return nullptr;
}

}  // namespace schema
