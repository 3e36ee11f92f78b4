// Steps about any resource that are off until asked for.

#include <algorithm>

#include "api/core_v1.h"
#include "apiserver/admission/optional/optional.h"
#include "base/strings.h"

namespace apiserver {
namespace {

class AlwaysAdmit final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "AlwaysAdmit"; }
  bool handles(const Attempt&) const override { return false; }
};

class AlwaysDeny final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "AlwaysDeny"; }
  bool handles(const Attempt&) const override { return true; }
  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    co_return attempt.refuse("admission control is denying all modifications");
  }
};

class NamespaceExists final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "NamespaceExists"; }
  bool handles(const Attempt& attempt) const override {
    return !attempt.namespace_.empty() && attempt.served.row().namespaced;
  }
  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    CO_TRY(co_await attempt.reader.get<api::core_v1::Namespace>("", std::string(attempt.namespace_)));
    co_return {};
  }
};

// Who changes what an object belongs to, or what its owner's deletion waits for, needs the rights that this amounts to.
class OwnerReferencesPermissionEnforcement final : public AdmissionPlugin {
 public:
  explicit OwnerReferencesPermissionEnforcement(const Authorizer& authorizer) : authorizer_(authorizer) {}
  std::string_view name() const override { return "OwnerReferencesPermissionEnforcement"; }
  bool handles(const Attempt& attempt) const override {
    return (attempt.operation == Operation::Create || attempt.operation == Operation::Update) &&
           attempt.object != nullptr && attempt.object->has_meta() && attempt.subresource != "status";
  }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    static const std::vector<api::meta_v1::OwnerReference> kNone;
    const auto& next = attempt.object->meta().owner_references;
    const auto& before =
        attempt.current != nullptr && attempt.current->has_meta() ? attempt.current->meta().owner_references : kNone;
    if (next == before) co_return {};
    const auto& row = attempt.served.row();
    // What is only made with owners is not taken from anyone.
    if (attempt.operation != Operation::Create &&
        !co_await may(attempt, "delete", row.group, row.plural, attempt.subresource, attempt.namespace_,
                      attempt.name)) {
      co_return attempt.refuse("cannot set an ownerRef on a resource you can't delete: User is not allowed");
    }
    for (const auto& owner : next) {
      if (!owner.block_owner_deletion.value_or(false)) continue;
      auto same = std::find_if(before.begin(), before.end(), [&](const auto& one) { return one.uid == owner.uid; });
      if (same != before.end() && same->block_owner_deletion.value_or(false)) continue;
      CO_TRY(co_await check_blocking(attempt, owner));
    }
    co_return {};
  }

 private:
  io::Task<base::Result<void>> check_blocking(const Attempt& attempt, const api::meta_v1::OwnerReference& owner) const {
    auto slash = owner.api_version.find('/');
    std::string_view group =
        slash == std::string::npos ? std::string_view() : std::string_view(owner.api_version).substr(0, slash);
    const Catalog& catalog = attempt.reader.catalog();
    auto custom = catalog.custom();
    const Served* kind = nullptr;
    for (const auto& served : catalog.built_in()) {
      if (served->row().kind == owner.kind && served->row().group == group) kind = served.get();
    }
    if (kind == nullptr) {
      std::string_view version =
          slash == std::string::npos ? owner.api_version : std::string_view(owner.api_version).substr(slash + 1);
      kind = custom->of_kind(group, version, owner.kind);
    }
    if (kind != nullptr) {
      const auto& row = kind->row();
      std::string_view namespace_ = row.namespaced ? attempt.namespace_ : std::string_view();
      if (co_await may(attempt, "update", row.group, row.plural, "finalizers", namespace_, owner.name)) co_return {};
      co_return attempt.refuse(
          "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: User "
          "is not allowed");
    }
    co_return attempt.refuse(
        "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion " +
        owner.api_version + " Kind " + owner.kind);
  }

  io::Task<bool> may(const Attempt& attempt, const char* verb, std::string_view group, std::string_view resource,
                     std::string_view subresource, std::string_view namespace_, std::string_view name) const {
    AuthorizationAttributes attributes;
    attributes.user = attempt.user;
    attributes.verb = verb;
    attributes.api_group = group;
    attributes.api_version = "*";
    attributes.resource = resource;
    attributes.subresource = subresource;
    attributes.namespace_ = namespace_;
    attributes.name = name;
    attributes.resource_request = true;
    co_return (co_await authorizer_.authorize(std::move(attributes))).allowed();
  }

  const Authorizer& authorizer_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_always_admit() {
  return std::make_unique<AlwaysAdmit>();
}
std::unique_ptr<AdmissionPlugin> make_always_deny() {
  return std::make_unique<AlwaysDeny>();
}
std::unique_ptr<AdmissionPlugin> make_namespace_exists() {
  return std::make_unique<NamespaceExists>();
}
std::unique_ptr<AdmissionPlugin> make_owner_references_permission(const Authorizer& authorizer) {
  return std::make_unique<OwnerReferencesPermissionEnforcement>(authorizer);
}

}  // namespace apiserver
