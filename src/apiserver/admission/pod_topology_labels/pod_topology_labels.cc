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
    const auto& reader = attempt.reader;
    auto node = co_await reader.store().get(reader.catalog().of<core::Node>().key("", name));
    if (!node || *node == nullptr) co_return {};  // who binds to what is not there is told elsewhere
    for (std::string_view key : {"topology.kubernetes.io/zone", "topology.kubernetes.io/region"}) {
      if (auto label = (*node)->attributes.labels.find(key)) labels[std::string(key)] = *label;
    }
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_pod_topology_labels() {
  return std::make_unique<PodTopologyLabels>();
}

}  // namespace apiserver
