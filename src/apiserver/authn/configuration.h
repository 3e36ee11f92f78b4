// Which issuers of tokens are believed: a file of kind AuthenticationConfiguration, or the older --oidc-* flags.
// Kubernetes documentation, "Authenticating".
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/apiserver_config_k8s_io_v1.h"
#include "apiserver/authn/authentication_metrics.h"
#include "apiserver/authn/token_judge.h"
#include "base/clock.h"
#include "base/result.h"

namespace apiserver {

using AuthenticationConfiguration = api::apiserver_config_k8s_io_v1::AuthenticationConfiguration;

// The text of a file. BadRequest for another kind and for unknown fields; v1, v1beta1 and v1alpha1 are read.
base::Result<AuthenticationConfiguration> read_authentication_configuration(std::string_view yaml);

// What the flags say instead.
struct OidcFlags {
  std::string issuer_url, client_id, ca_file;
  std::string username_claim = "sub", username_prefix;
  std::string groups_claim, groups_prefix;
  std::vector<std::string> signing_algorithms;  // none: RS256
  std::map<std::string, std::string, std::less<>> required_claims;
  bool given = false;  // whether any was
};
// BadRequest, in upstream's words, when they make no sense together.
base::Result<AuthenticationConfiguration> configuration_of(const OidcFlags& flags);

struct IssuerContext {
  std::vector<std::string> own_issuers;       // of service accounts: nobody else may be one
  std::vector<std::string> server_audiences;  // the API server's own
  std::vector<std::string> algorithms;        // that are taken; none: all that are known
  std::string server_hash;                    // for metrics
  const base::Clock& clock;                   // borrowed, as the metrics are
  AuthenticationMetrics& metrics;
};
// One judge of the tokens of all issuers. BadRequest for what breaks a rule, all that is wrong in one text:
// `jwt[0].issuer.url: Required value: URL is required`.
base::Result<std::shared_ptr<TokenJudge>> make_issuer_judges(const AuthenticationConfiguration& configuration,
                                                             const IssuerContext& context);

}  // namespace apiserver
