// A pod learns the zone and region of its node as it is bound. Kubernetes documentation, "PodTopologyLabels".

#include "api/core_v1.h"
#include "apiserver/admission/list.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

class PodTopologyLabels final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "PodTopologyLabels"; }
  bool handles(const Attempt& attempt) const override {
    if (attempt.operation != Operation::Create || attempt.object == nullptr) return false;
    if (attempt.is("pods") && attempt.subresource.empty())
      return !attempt.object->as<core::Pod>().spec.node_name.empty();
    return attempt.object->get_if<core::Binding>() != nullptr;
  }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto* binding = attempt.object->get_if<core::Binding>();
    auto& labels = attempt.object->meta().labels;
    std::string name = binding != nullptr ? binding->target.name : attempt.object->as<core::Pod>().spec.node_name;
    auto node = co_await attempt.reader.get<core::Node>("", std::move(name));
    if (!node) co_return {};  // who binds to what is not there is told elsewhere
    for (std::string_view key : {"topology.kubernetes.io/zone", "topology.kubernetes.io/region"}) {
      auto label = node->metadata.labels.find(key);
      if (label != node->metadata.labels.end()) labels[std::string(key)] = label->second;
    }
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_pod_topology_labels() {
  return std::make_unique<PodTopologyLabels>();
}

}  // namespace apiserver
