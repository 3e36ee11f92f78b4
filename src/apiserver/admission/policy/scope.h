// Which writes an admission policy, or the binding of one, is about, and with which parameters.
// Kubernetes documentation, "Validating Admission Policy".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/admissionregistration_k8s_io_v1.h"
#include "apiserver/admission/matching.h"
#include "schema/value.h"

namespace apiserver::admission_policy {

class Scope {
 public:
  Scope() = default;  // every write
  explicit Scope(const schema::Box<api::admissionregistration_k8s_io_v1::MatchResources>& resources);

  // The version of the resource in which the write is to be seen; null when it is not covered.
  io::Task<base::Result<ServedRef>> match(const Attempt& attempt) const;

 private:
  bool everything_ = true;
  std::vector<api::admissionregistration_k8s_io_v1::NamedRuleWithOperations> rules_;
  std::vector<api::admissionregistration_k8s_io_v1::NamedRuleWithOperations> excluded_;
  bool exact_ = false;
  Selectors selectors_;
  std::string broken_;
};

// The objects that a binding refers to as parameters, as trees; one null when the policy has none. Nothing in the list:
// the policy is not to be asked. Errors are for people: they follow "failed to configure binding: ".
io::Task<base::Result<std::vector<schema::Value>>> params_of(
    const schema::Box<api::admissionregistration_k8s_io_v1::ParamKind>& kind,
    const schema::Box<api::admissionregistration_k8s_io_v1::ParamRef>& reference, const Attempt& attempt);

}  // namespace apiserver::admission_policy
