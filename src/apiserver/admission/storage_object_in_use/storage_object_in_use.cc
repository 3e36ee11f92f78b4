// Claims and volumes are not removed while they are in use: controllers take these finalizers off when they no longer
// are.

#include <algorithm>

#include "apiserver/admission/list.h"

namespace apiserver {
namespace {

class StorageObjectInUseProtection final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "StorageObjectInUseProtection"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.operation == Operation::Create && attempt.subresource.empty() && !finalizer(attempt).empty();
  }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto& finalizers = attempt.object->meta().finalizers;
    auto name = finalizer(attempt);
    if (std::find(finalizers.begin(), finalizers.end(), name) == finalizers.end()) finalizers.emplace_back(name);
    co_return {};
  }

 private:
  static std::string_view finalizer(const Attempt& attempt) {
    if (attempt.is("persistentvolumeclaims")) return "kubernetes.io/pvc-protection";
    if (attempt.is("persistentvolumes")) return "kubernetes.io/pv-protection";
    if (attempt.is("volumeattributesclasses", "storage.k8s.io")) return "kubernetes.io/vac-protection";
    return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_storage_object_in_use() {
  return std::make_unique<StorageObjectInUseProtection>();
}

}  // namespace apiserver
