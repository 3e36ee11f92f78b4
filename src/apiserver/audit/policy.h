// How much of which requests is written down. Kubernetes documentation, "Auditing", "Audit policy".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/audit_k8s_io_v1.h"
#include "apiserver/pipeline/authorizer.h"
#include "base/result.h"

namespace apiserver {

enum class AuditLevel : uint8_t { None, Metadata, Request, RequestResponse };

struct AuditDecision {
  AuditLevel level = AuditLevel::None;
  std::vector<std::string> omitted_stages;
  bool omits_managed_fields = false;  // of the objects
  bool omits(std::string_view stage) const;
};

class AuditPolicy {
 public:
  // A document of kind Policy. BadRequest for what is none, and for levels that do not exist.
  static base::Result<AuditPolicy> from_yaml(std::string_view text);

  // The first rule that covers the request decides.
  AuditDecision decide(const AuthorizationAttributes& attributes) const;

 private:
  api::audit_k8s_io_v1::Policy policy_;
};

std::string_view level_name(AuditLevel level);

}  // namespace apiserver
