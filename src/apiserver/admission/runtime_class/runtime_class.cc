// What a runtime costs and where it is to be had comes from its class. Kubernetes documentation, "Runtime Class".

#include <algorithm>

#include "api/core_v1.h"
#include "api/node_k8s_io_v1.h"
#include "apiserver/admission/list.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace node = api::node_k8s_io_v1;

class RuntimeClassPlugin final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "RuntimeClass"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.operation == Operation::Create && attempt.is("pods") && attempt.subresource.empty();
  }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto& spec = attempt.object->as<core::Pod>().spec;
    if (!spec.runtime_class_name) {
      if (!spec.overhead.empty()) {
        co_return attempt.refuse("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
      }
      co_return {};
    }
    auto found = co_await attempt.reader.look<node::RuntimeClass>("", *spec.runtime_class_name);
    if (!found) {
      co_return attempt.refuse(
          base::cat({"pod rejected: RuntimeClass ", base::quote(*spec.runtime_class_name), " not found"}));
    }
    std::map<std::string, base::Quantity, std::less<>> overhead;
    const node::RuntimeClass& chosen = **found;
    if (chosen.overhead) overhead = chosen.overhead->pod_fixed;
    if (!spec.overhead.empty() && spec.overhead != overhead) {
      co_return attempt.refuse("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    spec.overhead = std::move(overhead);
    if (!chosen.scheduling) co_return {};
    for (const auto& [key, value] : chosen.scheduling->node_selector) {
      auto [at, fresh] = spec.node_selector.emplace(key, value);
      if (!fresh && at->second != value) {
        co_return attempt.refuse(base::cat({"conflict: runtimeClass.scheduling.nodeSelector[", key, "] = ", value,
                                            "; pod.spec.nodeSelector[", key, "] = ", at->second}));
      }
    }
    for (const auto& toleration : chosen.scheduling->tolerations) {
      bool there = std::find(spec.tolerations.begin(), spec.tolerations.end(), toleration) != spec.tolerations.end();
      if (!there) spec.tolerations.push_back(toleration);
    }
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_runtime_class() {
  return std::make_unique<RuntimeClassPlugin>();
}

}  // namespace apiserver
