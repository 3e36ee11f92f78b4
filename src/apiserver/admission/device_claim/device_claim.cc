// Claims of devices: who may say what devices somebody has, and where devices may be had that are others' as well.
// Kubernetes documentation, "Dynamic Resource Allocation", "Admin access"; "Hardening Guide - Dynamic Resource
// Allocation". Upstream has these rules in validation, which cannot ask anybody here.

#include <algorithm>
#include <set>

#include "api/core_v1.h"
#include "api/resource_k8s_io_v1.h"
#include "apiserver/admission/list.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/pipeline/request_info.h"
#include "apiserver/registry/call.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace resource = api::resource_k8s_io_v1;

constexpr std::string_view kAdminAccess = "resource.kubernetes.io/admin-access";
constexpr std::string_view kNodeOfToken = "authentication.kubernetes.io/node-name";

schema::FieldPath requests_path() {
  return schema::FieldPath("spec").child("devices").child("requests");
}

// The first request for admin access, or nothing.
std::optional<schema::FieldPath> admin_request(const resource::DeviceClaim& claim) {
  for (size_t i = 0; i < claim.requests.size(); ++i)
    if (claim.requests[i].exactly && claim.requests[i].exactly->admin_access.value_or(false))
      return requests_path().index(i).child("adminAccess");
  return {};
}

std::optional<schema::FieldPath> admin_result(const resource::ResourceClaimStatus& status) {
  if (!status.allocation) return {};
  auto& results = status.allocation->devices.results;
  for (size_t i = 0; i < results.size(); ++i)
    if (results[i].admin_access.value_or(false))
      return schema::FieldPath("status")
          .child("allocation")
          .child("devices")
          .child("results")
          .index(i)
          .child("adminAccess");
  return {};
}

// Drivers of whose devices something else is said now.
std::set<std::string> drivers_changed(const resource::ResourceClaimStatus& next,
                                      const resource::ResourceClaimStatus& before) {
  std::set<std::string> out;
  auto look = [&](const auto& some, const auto& others) {
    for (const auto& one : some)
      if (std::ranges::find(others, one) == others.end()) out.insert(one.driver);
  };
  look(next.devices, before.devices);
  look(before.devices, next.devices);
  return out;
}

class DeviceClaims final : public AdmissionPlugin {
 public:
  explicit DeviceClaims(const Authorizer& authorizer) : authorizer_(authorizer) {}
  std::string_view name() const override { return "ResourceClaimRights"; }
  bool handles(const Attempt& attempt) const override {
    if (attempt.object == nullptr) return false;
    if (attempt.is("resourceclaimtemplates", "resource.k8s.io")) return attempt.operation == Operation::Create;
    return attempt.is("resourceclaims", "resource.k8s.io") &&
           (attempt.operation == Operation::Create ||
            (attempt.operation == Operation::Update && attempt.subresource == "status"));
  }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    if (const auto* made = attempt.object->get_if<resource::ResourceClaimTemplate>())
      co_return co_await check_admin_access(attempt, admin_request(made->spec.spec.devices));
    const auto* claim = attempt.object->get_if<resource::ResourceClaim>();
    if (claim == nullptr) co_return {};
    if (attempt.operation == Operation::Create)
      co_return co_await check_admin_access(attempt, admin_request(claim->spec.devices));
    const auto* before = attempt.current == nullptr ? nullptr : attempt.current->get_if<resource::ResourceClaim>();
    if (before == nullptr) co_return {};
    if (!admin_result(before->status)) CO_TRY(co_await check_admin_access(attempt, admin_result(claim->status)));
    CO_TRY(co_await check_binding(attempt, claim->status, before->status));
    co_return co_await check_drivers(attempt, claim->status, before->status);
  }

 private:
  static std::unexpected<base::Error> refuse(const Attempt& attempt, const schema::FieldPath& path,
                                             std::string_view why) {
    const auto& row = attempt.served.row();
    return base::fail(invalid(row.group, row.kind, attempt.name, {schema::FieldError::forbidden(path, why)}));
  }

  static io::Task<base::Result<void>> check_admin_access(const Attempt& attempt,
                                                         std::optional<schema::FieldPath> wanted) {
    if (!wanted) co_return {};
    auto space = co_await attempt.reader.get<api::core_v1::Namespace>("", std::string(attempt.namespace_));
    if (!space) co_return base::fail(space.error());
    auto label = space->metadata.labels.find(kAdminAccess);
    if (label != space->metadata.labels.end() && label->second == "true") co_return {};
    co_return refuse(attempt, *wanted,
                     base::cat({"admin access to devices requires the `", kAdminAccess,
                                ": true` label on the containing namespace"}));
  }

  io::Task<base::Result<void>> check_binding(const Attempt& attempt, const resource::ResourceClaimStatus& next,
                                             const resource::ResourceClaimStatus& before) const {
    bool allocates = !(next.allocation == before.allocation);
    if (!allocates && next.reserved_for == before.reserved_for) co_return {};
    auto wanted = attributes(attempt, verb_of(attempt), "binding", attempt.name);
    if ((co_await authorizer_.authorize(wanted)).allowed()) co_return {};
    co_return refuse(attempt, schema::FieldPath("status").child(allocates ? "allocation" : "reservedFor"),
                     forbidden_message(wanted, ""));
  }

  // A driver's pod may speak for its own node; who runs elsewhere needs the right to speak for any.
  io::Task<base::Result<void>> check_drivers(const Attempt& attempt, const resource::ResourceClaimStatus& next,
                                             const resource::ResourceClaimStatus& before) const {
    for (const auto& driver : drivers_changed(next, before)) {
      std::string own = "associated-node:" + verb_of(attempt);
      if (is_on_its_node(attempt, next)) {
        if ((co_await authorizer_.authorize(attributes(attempt, own, "driver", driver))).allowed()) continue;
      }
      auto wanted = attributes(attempt, "arbitrary-node:" + verb_of(attempt), "driver", driver);
      if ((co_await authorizer_.authorize(wanted)).allowed()) continue;
      co_return refuse(attempt, schema::FieldPath("status").child("devices"), forbidden_message(wanted, ""));
    }
    co_return {};
  }

  static bool is_on_its_node(const Attempt& attempt, const resource::ResourceClaimStatus& status) {
    auto node = attempt.user.extra.find(kNodeOfToken);
    if (!attempt.user.name.starts_with("system:serviceaccount:") || node == attempt.user.extra.end() ||
        node->second.size() != 1 || !status.allocation || !status.allocation->node_selector)
      return false;
    return std::ranges::any_of(status.allocation->node_selector->node_selector_terms, [&](const auto& term) {
      return std::ranges::any_of(term.match_fields, [&](const auto& need) {
        return need.key == "metadata.name" && need.operator_ == "In" && need.values == node->second;
      });
    });
  }

  static std::string verb_of(const Attempt& attempt) {
    return attempt.call != nullptr && attempt.call->info.verb == "patch" ? "patch" : "update";
  }
  static AuthorizationAttributes attributes(const Attempt& attempt, std::string verb, std::string_view subresource,
                                            std::string_view name) {
    AuthorizationAttributes out;
    out.user = attempt.user;
    out.verb = std::move(verb);
    out.api_group = "resource.k8s.io";
    out.api_version = "v1";
    out.resource = "resourceclaims";
    out.subresource = subresource;
    out.namespace_ = attempt.namespace_;
    out.name = name;
    out.resource_request = true;
    return out;
  }

  const Authorizer& authorizer_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_device_claim_rights(const Authorizer& authorizer) {
  return std::make_unique<DeviceClaims>(authorizer);
}

}  // namespace apiserver
