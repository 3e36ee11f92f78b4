// An ingress that names no class gets the default one, if there is one.

#include "api/networking_k8s_io_v1.h"
#include "apiserver/admission/list.h"

namespace apiserver {
namespace {

namespace networking = api::networking_k8s_io_v1;

class DefaultIngressClass final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "DefaultIngressClass"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.operation == Operation::Create && attempt.is("ingresses", "networking.k8s.io") &&
           attempt.subresource.empty();
  }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto& ingress = attempt.object->as<networking::Ingress>();
    if (ingress.spec.ingress_class_name || ingress.metadata.annotations.contains("kubernetes.io/ingress.class"))
      co_return {};
    CO_TRY(auto classes, co_await attempt.reader.list<networking::IngressClass>(""));
    const networking::IngressClass* chosen = nullptr;
    for (const auto& one : classes) {
      auto mark = one.metadata.annotations.find("ingressclass.kubernetes.io/is-default-class");
      if (mark == one.metadata.annotations.end() || mark->second != "true") continue;
      if (chosen == nullptr || one.metadata.creation_timestamp > chosen->metadata.creation_timestamp) chosen = &one;
    }
    if (chosen != nullptr) ingress.spec.ingress_class_name = chosen->metadata.name;
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_default_ingress_class() {
  return std::make_unique<DefaultIngressClass>();
}

}  // namespace apiserver
