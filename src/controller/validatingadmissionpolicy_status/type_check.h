// What the expressions of a policy get wrong about the kinds it is for: pure. Kubernetes documentation, "Type checking"
// of validating admission policies.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/admissionregistration_k8s_io_v1.h"
#include "cel/declaration.h"

namespace controller::policy_status {

using api::admissionregistration_k8s_io_v1::ExpressionWarning;
using api::admissionregistration_k8s_io_v1::ValidatingAdmissionPolicySpec;

constexpr size_t kTypesMax = 10;  // more are not looked at

struct KindName {
  std::string group;
  std::string version;
  std::string kind;
  auto operator<=>(const KindName&) const = default;
  std::string text() const;  // as upstream writes it: "apps/v1, Kind=Deployment"
};

// What is known of the API.
struct Schemas {
  // The kind of a resource; nothing when there is none.
  std::function<std::optional<KindName>(const std::string& group, const std::string& version,
                                        const std::string& resource)>
      kind_of;
  // Null when nothing is known of its fields.
  std::function<cel::DeclarationRef(const KindName& kind)> declaration_of;
};

// The kinds that the rules name one by one, sorted; rules with wildcards name none.
std::vector<KindName> kinds_to_check(const ValidatingAdmissionPolicySpec& spec, const Schemas& schemas);

// Nothing is wrong when there are none.
std::vector<ExpressionWarning> check_types(const ValidatingAdmissionPolicySpec& spec, const Schemas& schemas);

}  // namespace controller::policy_status
