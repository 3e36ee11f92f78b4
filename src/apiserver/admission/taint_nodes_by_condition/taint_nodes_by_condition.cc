// A node begins its life not ready: nothing is scheduled there before someone has seen that it is.

#include <algorithm>

#include "api/core_v1.h"
#include "apiserver/admission/list.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

class TaintNodesByCondition final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "TaintNodesByCondition"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.operation == Operation::Create && attempt.is("nodes") && attempt.subresource.empty();
  }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto& taints = attempt.object->as<core::Node>().spec.taints;
    core::Taint taint;
    taint.key = "node.kubernetes.io/not-ready";
    taint.effect = "NoSchedule";
    bool there = std::any_of(taints.begin(), taints.end(),
                             [&](const auto& one) { return one.key == taint.key && one.effect == taint.effect; });
    if (!there) taints.push_back(std::move(taint));
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_taint_nodes_by_condition() {
  return std::make_unique<TaintNodesByCondition>();
}

}  // namespace apiserver
