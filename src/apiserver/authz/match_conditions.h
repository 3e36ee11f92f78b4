// Which requests a webhook authorizer is asked about: expressions over `request`, the spec of a SubjectAccessReview.
// Kubernetes documentation, "Authorization", "Using Configuration File for Authorization".
#pragma once

#include <string>
#include <vector>

#include "api/authorization_k8s_io_v1.h"
#include "base/result.h"
#include "cel/environment.h"
#include "cel/program.h"
#include "schema/field_error.h"

namespace apiserver {

// Constant once made; safe from any thread.
class AuthorizerConditions {
 public:
  // Compiles `expressions`; what is wrong with them goes to `errors`, under `path`.
  static AuthorizerConditions compile(const std::vector<std::string>& expressions, const schema::FieldPath& path,
                                      schema::FieldErrors& errors);

  bool empty() const { return programs_.empty(); }
  // False when one is false, whatever becomes of the others; an error when none is and one cannot be told.
  base::Result<bool> judge(const api::authorization_k8s_io_v1::SubjectAccessReviewSpec& spec) const;

 private:
  std::vector<cel::ProgramRef> programs_;
};

}  // namespace apiserver
