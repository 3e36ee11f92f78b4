#include "controller/common/ownership.h"

#include "base/strings.h"

namespace controller {

const api::meta_v1::OwnerReference* controller_of(const api::meta_v1::ObjectMeta& meta) {
  for (const auto& owner : meta.owner_references) {
    if (owner.controller.value_or(false)) return &owner;
  }
  return nullptr;
}

api::meta_v1::OwnerReference controller_reference(const schema::Type& type, const api::meta_v1::ObjectMeta& owner) {
  api::meta_v1::OwnerReference reference;
  reference.api_version = type.api_version();
  reference.kind = type.name;
  reference.name = owner.name;
  reference.uid = owner.uid;
  reference.controller = true;
  reference.block_owner_deletion = true;
  return reference;
}

std::string adopt_patch(const api::meta_v1::OwnerReference& owner, std::string_view uid) {
  return base::cat({R"({"metadata":{"ownerReferences":[{"apiVersion":")", owner.api_version, R"(","kind":")",
                    owner.kind, R"(","name":")", owner.name, R"(","uid":")", owner.uid,
                    R"(","controller":true,"blockOwnerDeletion":true}],"uid":")", uid, R"("}})"});
}

std::string release_patch(std::string_view owner_uid, std::string_view uid) {
  return base::cat(
      {R"({"metadata":{"ownerReferences":[{"$patch":"delete","uid":")", owner_uid, R"("}],"uid":")", uid, R"("}})"});
}

}  // namespace controller
