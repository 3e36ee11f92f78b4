// A pod stays five minutes on a node that is lost, unless it says otherwise.

#include "api/core_v1.h"
#include "apiserver/admission/list.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr int64_t kSeconds = 300;
constexpr const char* kTaints[] = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"};

bool tolerates(const core::PodSpec& spec, std::string_view taint) {
  for (const auto& toleration : spec.tolerations) {
    if ((toleration.key == taint || toleration.key.empty()) &&
        (toleration.effect == "NoExecute" || toleration.effect.empty()))
      return true;
  }
  return false;
}

class DefaultTolerationSeconds final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "DefaultTolerationSeconds"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.is("pods") && attempt.subresource.empty() && attempt.object != nullptr;
  }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto& spec = attempt.object->as<core::Pod>().spec;
    for (const char* taint : kTaints) {
      if (tolerates(spec, taint)) continue;
      auto& added = spec.tolerations.emplace_back();
      added.key = taint;
      added.operator_ = "Exists";
      added.effect = "NoExecute";
      added.toleration_seconds = kSeconds;
    }
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_default_toleration_seconds() {
  return std::make_unique<DefaultTolerationSeconds>();
}

}  // namespace apiserver
