// A bound claim grows only where its storage class can make it grow. Kubernetes documentation,
// "PersistentVolumeClaimResize".

#include "api/core_v1.h"
#include "api/storage_k8s_io_v1.h"
#include "apiserver/admission/list.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

std::string class_of(const core::PersistentVolumeClaim& claim) {
  auto annotation = claim.metadata.annotations.find("volume.beta.kubernetes.io/storage-class");
  if (annotation != claim.metadata.annotations.end()) return annotation->second;
  return claim.spec.storage_class_name.value_or("");
}

base::Quantity size_of(const core::PersistentVolumeClaim& claim) {
  auto size = claim.spec.resources.requests.find("storage");
  return size == claim.spec.resources.requests.end() ? base::Quantity{} : size->second;
}

class PersistentVolumeClaimResize final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "PersistentVolumeClaimResize"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.operation == Operation::Update && attempt.is("persistentvolumeclaims") &&
           attempt.subresource.empty();
  }
  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    const auto& claim = attempt.object->as<core::PersistentVolumeClaim>();
    const auto& before = attempt.current->as<core::PersistentVolumeClaim>();
    if (size_of(claim) <= size_of(before)) co_return {};
    if (before.status.phase != "Bound") co_return attempt.refuse("Only bound persistent volume claims can be expanded");
    std::string name = class_of(claim);
    bool grows = false;
    if (!name.empty()) {
      auto found = co_await attempt.reader.get<api::storage_k8s_io_v1::StorageClass>("", name);
      grows = found && found->allow_volume_expansion.value_or(false);
    }
    if (!grows) {
      co_return attempt.refuse(
          "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support "
          "resize");
    }
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_pvc_resize() {
  return std::make_unique<PersistentVolumeClaimResize>();
}

}  // namespace apiserver
