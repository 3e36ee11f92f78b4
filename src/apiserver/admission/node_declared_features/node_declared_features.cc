// A pod that runs may change only to what its node says it can do. Kubernetes documentation, "Node Declared Features".

#include "api/core_v1.h"
#include "apiserver/admission/list.h"
#include "base/strings.h"
#include "placement/declared_features.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

class NodeDeclaredFeatureValidator final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "NodeDeclaredFeatureValidator"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.operation == Operation::Update && attempt.is("pods") &&
           (attempt.subresource.empty() || attempt.subresource == "resize");
  }
  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    const auto& next = attempt.object->as<core::Pod>();
    const auto& current = attempt.current->as<core::Pod>();
    if (next.spec.node_name.empty()) co_return {};
    auto needed = placement::features_to_change(next.spec, current.spec);
    if (needed.empty()) co_return {};
    auto node = co_await attempt.reader.get<core::Node>("", next.spec.node_name);
    if (!node) co_return attempt.refuse(base::cat({"node ", base::quote(next.spec.node_name), " not found"}));
    auto missing = placement::missing_features(needed, *node);
    if (missing.empty()) co_return {};
    co_return attempt.refuse(
        base::cat({"pod update requires features ", base::join({missing.begin(), missing.end()}, ", "),
                   " which are not available on node ", base::quote(next.spec.node_name)}));
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_node_declared_features() {
  return std::make_unique<NodeDeclaredFeatureValidator>();
}

}  // namespace apiserver
