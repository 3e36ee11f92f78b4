// Steps about pods and services that are off until asked for: one small rule each. Kubernetes documentation, "Admission
// Control in Kubernetes", has a section of its name for each.

#include <algorithm>
#include <set>

#include "api/core_v1.h"
#include "apiserver/admission/optional/optional.h"
#include "base/strings.h"
#include "schema/selector.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

bool writes_pod(const Attempt& attempt) {
  return attempt.is("pods") && attempt.object != nullptr && attempt.object->get_if<core::Pod>() != nullptr &&
         (attempt.operation == Operation::Create || attempt.operation == Operation::Update);
}

// Images are pulled whoever has them already, so that a private one is not used by whoever shares the node.
class AlwaysPullImages final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "AlwaysPullImages"; }
  bool handles(const Attempt& attempt) const override {
    return writes_pod(attempt) && (attempt.subresource.empty() || attempt.subresource == "ephemeralcontainers");
  }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto& spec = attempt.object->as<core::Pod>().spec;
    const auto* before = attempt.current == nullptr ? nullptr : attempt.current->get_if<core::Pod>();
    if (before != nullptr && attempt.subresource.empty() && same_images(spec, before->spec)) co_return {};
    for (auto& container : spec.init_containers) container.image_pull_policy = "Always";
    for (auto& container : spec.containers) container.image_pull_policy = "Always";
    for (auto& container : spec.ephemeral_containers) container.image_pull_policy = "Always";
    for (auto& volume : spec.volumes) {
      if (volume.image) volume.image->pull_policy = "Always";
    }
    co_return {};
  }

 private:
  static bool same_images(const core::PodSpec& a, const core::PodSpec& b) {
    auto images = [](const core::PodSpec& spec) {
      std::set<std::string> all;
      for (const auto& container : spec.init_containers) all.insert(container.image);
      for (const auto& container : spec.containers) all.insert(container.image);
      return all;
    };
    auto now = images(a);
    auto then = images(b);
    return std::includes(then.begin(), then.end(), now.begin(), now.end());
  }
};

// Pods that keep others away keep them off a node, not off more than that.
class LimitPodHardAntiAffinityTopology final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "LimitPodHardAntiAffinityTopology"; }
  bool handles(const Attempt& attempt) const override { return writes_pod(attempt) && attempt.subresource.empty(); }
  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    const auto& affinity = attempt.object->as<core::Pod>().spec.affinity;
    if (!affinity || !affinity->pod_anti_affinity) co_return {};
    for (const auto& term : affinity->pod_anti_affinity->required_during_scheduling_ignored_during_execution) {
      if (term.topology_key == "kubernetes.io/hostname") continue;
      co_return attempt.refuse(base::cat({"affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ",
                                          term.topology_key, " but only key kubernetes.io/hostname is allowed"}));
    }
    co_return {};
  }
};

// Who asks for a device may go where only such pods are let.
class ExtendedResourceToleration final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "ExtendedResourceToleration"; }
  bool handles(const Attempt& attempt) const override { return writes_pod(attempt) && attempt.subresource.empty(); }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto& spec = attempt.object->as<core::Pod>().spec;
    std::set<std::string> names;
    auto look = [&](const auto& containers) {
      for (const auto& container : containers) {
        for (const auto& [resource, amount] : container.resources.requests) {
          bool own = resource.find('/') == std::string::npos || resource.find("kubernetes.io/") != std::string::npos ||
                     resource.starts_with("requests.");
          if (!own) names.insert(resource);
        }
      }
    };
    look(spec.containers);
    look(spec.init_containers);
    for (const auto& resource : names) {
      bool there = std::any_of(spec.tolerations.begin(), spec.tolerations.end(), [&](const auto& one) {
        return one.key == resource && one.operator_ == "Exists" && one.effect.empty();
      });
      if (there) continue;
      auto& toleration = spec.tolerations.emplace_back();
      toleration.key = resource;
      toleration.operator_ = "Exists";
    }
    co_return {};
  }
};

// A namespace's annotation says on which nodes its pods may run.
class PodNodeSelector final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "PodNodeSelector"; }
  bool handles(const Attempt& attempt) const override {
    return writes_pod(attempt) && attempt.subresource.empty() && attempt.operation == Operation::Create;
  }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    CO_TRY(auto wanted, co_await selector_of(attempt));
    auto& own = attempt.object->as<core::Pod>().spec.node_selector;
    for (const auto& [key, value] : wanted) {
      auto [at, fresh] = own.emplace(key, value);
      if (!fresh && at->second != value)
        co_return attempt.refuse("pod node label selector conflicts with its namespace node label selector");
    }
    co_return {};
  }

 private:
  static io::Task<base::Result<std::map<std::string, std::string>>> selector_of(const Attempt& attempt) {
    std::map<std::string, std::string> labels;
    CO_TRY(auto space, co_await attempt.reader.get<core::Namespace>("", std::string(attempt.namespace_)));
    auto annotation = space.metadata.annotations.find("scheduler.alpha.kubernetes.io/node-selector");
    if (annotation == space.metadata.annotations.end()) co_return labels;
    for (auto term : base::split(annotation->second, ',')) {
      term = base::trim(term);
      if (term.empty()) continue;
      auto equals = term.find('=');
      if (equals == std::string_view::npos) {
        co_return base::fail(internal_error(base::cat({"Invalid selector: ", annotation->second})));
      }
      labels.emplace(base::trim(term.substr(0, equals)), base::trim(term.substr(equals + 1)));
    }
    co_return labels;
  }
};

// Nobody takes an address for his service that is not his.
class DenyServiceExternalIPs final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "DenyServiceExternalIPs"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.is("services") && attempt.subresource.empty() && attempt.object != nullptr &&
           attempt.object->get_if<core::Service>() != nullptr;
  }
  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    const auto& next = attempt.object->as<core::Service>().spec.external_ips;
    const auto* before = attempt.current == nullptr ? nullptr : attempt.current->get_if<core::Service>();
    for (const auto& address : next) {
      bool had = before != nullptr && std::find(before->spec.external_ips.begin(), before->spec.external_ips.end(),
                                                address) != before->spec.external_ips.end();
      if (!had) co_return attempt.refuse("Use of external IPs is denied by admission control.");
    }
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_always_pull_images() {
  return std::make_unique<AlwaysPullImages>();
}
std::unique_ptr<AdmissionPlugin> make_limit_anti_affinity() {
  return std::make_unique<LimitPodHardAntiAffinityTopology>();
}
std::unique_ptr<AdmissionPlugin> make_extended_resource_toleration() {
  return std::make_unique<ExtendedResourceToleration>();
}
std::unique_ptr<AdmissionPlugin> make_pod_node_selector() {
  return std::make_unique<PodNodeSelector>();
}
std::unique_ptr<AdmissionPlugin> make_deny_external_ips() {
  return std::make_unique<DenyServiceExternalIPs>();
}

}  // namespace apiserver
