// A claim that names no storage class gets the default one, if there is one; of several the newest.

#include "api/core_v1.h"
#include "api/storage_k8s_io_v1.h"
#include "apiserver/admission/list.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace storage = api::storage_k8s_io_v1;

bool is_default(const storage::StorageClass& one) {
  for (const char* key :
       {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}) {
    auto found = one.metadata.annotations.find(key);
    if (found != one.metadata.annotations.end() && found->second == "true") return true;
  }
  return false;
}

class DefaultStorageClass final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "DefaultStorageClass"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.operation == Operation::Create && attempt.is("persistentvolumeclaims") &&
           attempt.subresource.empty();
  }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto& claim = attempt.object->as<core::PersistentVolumeClaim>();
    if (claim.spec.storage_class_name || claim.metadata.annotations.contains("volume.beta.kubernetes.io/storage-class"))
      co_return {};
    CO_TRY(auto classes, co_await attempt.reader.list<storage::StorageClass>(""));
    const storage::StorageClass* chosen = nullptr;
    for (const auto& one : classes) {
      if (!is_default(one)) continue;
      if (chosen == nullptr || one.metadata.creation_timestamp > chosen->metadata.creation_timestamp) chosen = &one;
    }
    if (chosen != nullptr) claim.spec.storage_class_name = chosen->metadata.name;
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_default_storage_class() {
  return std::make_unique<DefaultStorageClass>();
}

}  // namespace apiserver
