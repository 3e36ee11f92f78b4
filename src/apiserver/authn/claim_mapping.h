// What the claims of an issuer's token must be, and which user they make: claims by name, or expressions over `claims`
// and `user`. Kubernetes documentation, "Authenticating", "Using Authentication Configuration".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/apiserver_config_k8s_io_v1.h"
#include "apiserver/pipeline/identity.h"
#include "base/result.h"
#include "cel/environment.h"
#include "cel/program.h"
#include "schema/field_error.h"
#include "schema/value.h"

namespace apiserver {

// Constant once made; safe from any thread.
class ClaimMapping {
 public:
  // Compiles the expressions of `issuer`; what is wrong with them goes to `errors`, under `path`.
  static ClaimMapping compile(const api::apiserver_config_k8s_io_v1::JWTAuthenticator& issuer,
                              const schema::FieldPath& path, schema::FieldErrors& errors);

  // The user that `claims` (an object) make, in upstream's words why they make none.
  base::Result<User> user_of(const schema::Value& claims) const;

 private:
  struct Rule {
    cel::ProgramRef program;
    std::string message;
  };
  struct Extra {
    std::string key;
    cel::ProgramRef program;
  };
  base::Result<void> check_claims(const schema::Value& claims, const cel::Activation& activation) const;
  base::Result<std::string> username_of(const schema::Value& claims, const cel::Activation& activation) const;
  base::Result<std::vector<std::string>> groups_of(const schema::Value& claims,
                                                   const cel::Activation& activation) const;
  base::Result<std::string> uid_of(const schema::Value& claims, const cel::Activation& activation) const;
  base::Result<void> check_user(const User& user) const;

  api::apiserver_config_k8s_io_v1::ClaimMappings names_;
  std::vector<api::apiserver_config_k8s_io_v1::ClaimValidationRule> required_;  // of claims by name
  std::vector<Rule> claim_rules_;
  cel::ProgramRef username_, groups_, uid_;  // null where a claim is named, or nothing
  std::vector<Extra> extra_;
  std::vector<Rule> user_rules_;
};

}  // namespace apiserver
