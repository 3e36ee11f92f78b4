#include "apiserver/authn/configuration.h"

#include "apiserver/authn/claim_mapping.h"
#include "apiserver/authn/configuration_rules.h"
#include "apiserver/authn/issuer_judge.h"
#include "apiserver/pipeline/configuration_text.h"
#include "apiserver/pipeline/digest.h"
#include "base/file.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace config = api::apiserver_config_k8s_io_v1;

constexpr std::string_view kWellKnown = "/.well-known/openid-configuration";

std::unexpected<base::Error> refuse(std::string_view why) {
  return base::fail(base::Code::BadRequest, std::string(why));
}

std::string discovery_url(const config::Issuer& issuer) {
  if (issuer.discovery_url && !issuer.discovery_url->empty()) return *issuer.discovery_url;
  std::string_view url = issuer.url;
  while (url.ends_with('/')) url.remove_suffix(1);
  return base::cat({url, kWellKnown});
}

std::vector<pki::JwtAlgorithm> taken_algorithms(const std::vector<std::string>& names) {
  std::vector<pki::JwtAlgorithm> taken;
  if (names.empty()) {
    for (auto i = pki::JwtAlgorithm::RS256; i <= pki::JwtAlgorithm::PS512;
         i = static_cast<pki::JwtAlgorithm>(static_cast<int>(i) + 1)) {
      taken.push_back(i);
    }
  }
  for (const auto& name : names) {
    if (auto algorithm = pki::jwt_algorithm(name)) taken.push_back(*algorithm);
  }
  return taken;
}

}  // namespace

base::Result<AuthenticationConfiguration> read_authentication_configuration(std::string_view yaml) {
  return read_configuration_text<AuthenticationConfiguration>(
      yaml, "apiserver.config.k8s.io", {"v1", "v1beta1", "v1alpha1"}, "AuthenticationConfiguration");
}

base::Result<AuthenticationConfiguration> configuration_of(const OidcFlags& flags) {
  AuthenticationConfiguration made;
  if (!flags.given) return made;
  if (flags.issuer_url.empty() || flags.client_id.empty()) {
    return refuse("oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set");
  }
  for (const auto& name : flags.signing_algorithms) {
    if (!pki::jwt_algorithm(name)) return refuse(base::cat({"oidc: unsupported signing alg: ", base::quote(name)}));
  }
  auto& issuer = made.jwt.emplace_back();
  issuer.issuer.url = flags.issuer_url;
  issuer.issuer.audiences = {flags.client_id};
  if (!flags.ca_file.empty()) {
    TRY(issuer.issuer.certificate_authority, base::read_file(flags.ca_file));
  }
  auto& username = issuer.claim_mappings.username;
  username.claim = flags.username_claim;
  username.prefix = flags.username_prefix;
  // Names from outside are set apart from ours, but for mail addresses, which nobody takes for ours.
  if (flags.username_prefix.empty() && flags.username_claim != "email") username.prefix = flags.issuer_url + "#";
  if (flags.username_prefix == "-") username.prefix = "";
  if (!flags.groups_claim.empty()) {
    issuer.claim_mappings.groups.claim = flags.groups_claim;
    issuer.claim_mappings.groups.prefix = flags.groups_prefix;
  }
  for (const auto& [claim, value] : flags.required_claims) {
    auto& rule = issuer.claim_validation_rules.emplace_back();
    rule.claim = claim;
    rule.required_value = value;
  }
  return made;
}

base::Result<std::shared_ptr<TokenJudge>> make_issuer_judges(const AuthenticationConfiguration& configuration,
                                                             const IssuerContext& context) {
  auto errors = check_issuers(configuration, context.own_issuers);
  auto judges = std::make_shared<TokenJudges>();
  for (size_t i = 0; i < configuration.jwt.size(); ++i) {
    const auto& one = configuration.jwt[i];
    auto mapping = ClaimMapping::compile(one, schema::FieldPath("jwt").index(i), errors);
    auto hash = sha256_label(one.issuer.url);
    judges->add(std::make_unique<IssuerJudge>(
        IssuerJudge::Options{one.issuer.url, one.issuer.audiences, taken_algorithms(context.algorithms),
                             context.server_audiences, hash},
        IssuerKeys::Options{one.issuer.url, discovery_url(one.issuer), one.issuer.certificate_authority,
                            context.server_hash, hash},
        std::move(mapping), context.clock, context.metrics));
  }
  if (!errors.empty()) return base::fail(base::Code::BadRequest, schema::to_string(errors));
  return judges;
}

}  // namespace apiserver
