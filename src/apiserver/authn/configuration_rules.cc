#include "apiserver/authn/configuration_rules.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "pki/certificate.h"
#include "schema/names.h"

namespace apiserver {
namespace {

namespace config = api::apiserver_config_k8s_io_v1;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

constexpr size_t kIssuersMax = 64;
constexpr std::string_view kBoth = "claim and expression can't both be set";

void check_url(FieldErrors& errors, const FieldPath& path, const std::string& url) {
  if (url.empty()) {
    errors.push_back(FieldError::required(path, "URL is required"));
    return;
  }
  auto invalid = [&](std::string_view why) { errors.push_back(FieldError::invalid(path, url, why)); };
  if (!url.starts_with("https://")) return invalid("URL scheme must be https");
  std::string_view rest = std::string_view(url).substr(8);
  auto host = rest.substr(0, rest.find_first_of("/?#"));
  if (host.find('@') != std::string_view::npos) invalid("URL must not contain a username or password");
  auto fragment = rest.find('#');
  if (rest.substr(0, fragment).find('?') != std::string_view::npos) invalid("URL must not contain a query");
  if (fragment != std::string_view::npos) invalid("URL must not contain a fragment");
}

std::string_view without_slashes(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

void check_audiences(FieldErrors& errors, const FieldPath& path, const config::Issuer& issuer) {
  auto list = path.child("audiences");
  if (issuer.audiences.empty())
    errors.push_back(FieldError::required(list, base::cat({"at least one ", list.text(), " is required"})));
  std::set<std::string> seen;
  for (size_t i = 0; i < issuer.audiences.size(); ++i) {
    if (issuer.audiences[i].empty()) {
      errors.push_back(FieldError::required(list.index(i), "audience can't be empty"));
    } else if (!seen.insert(issuer.audiences[i]).second) {
      errors.push_back(FieldError::duplicate(list.index(i), issuer.audiences[i]));
    }
  }
  const auto& policy = issuer.audience_match_policy;
  auto at = path.child("audienceMatchPolicy");
  if (issuer.audiences.size() > 1 && policy != "MatchAny") {
    errors.push_back(FieldError::invalid(at, policy, "audienceMatchPolicy must be MatchAny for multiple audiences"));
  } else if (issuer.audiences.size() == 1 && !policy.empty() && policy != "MatchAny") {
    errors.push_back(
        FieldError::invalid(at, policy, "audienceMatchPolicy must be empty or MatchAny for single audience"));
  }
}

void check_issuer(FieldErrors& errors, const FieldPath& path, const config::Issuer& issuer,
                  const std::vector<std::string>& own_issuers) {
  if (std::ranges::find(own_issuers, issuer.url) != own_issuers.end()) {
    errors.push_back(FieldError::invalid(
        path.child("url"), issuer.url,
        base::cat({"URL must not overlap with disallowed issuers: [", base::join(own_issuers, " "), "]"})));
  }
  check_url(errors, path.child("url"), issuer.url);
  if (issuer.discovery_url) {
    const auto& url = *issuer.discovery_url;
    if (!url.empty() && without_slashes(url) == without_slashes(issuer.url)) {
      errors.push_back(FieldError::invalid(path.child("discoveryURL"), url, "discoveryURL must be different from URL"));
    }
    check_url(errors, path.child("discoveryURL"), url);
  }
  check_audiences(errors, path, issuer);
  if (!issuer.certificate_authority.empty() && !pki::TrustBundle::from_pem(issuer.certificate_authority)) {
    errors.push_back(FieldError::invalid(path.child("certificateAuthority"), "<omitted>",
                                         "data does not contain any valid RSA or ECDSA certificates"));
  }
  const auto& egress = issuer.egress_selector_type;
  if (!egress.empty())
    errors.push_back(FieldError::invalid(path.child("egressSelectorType"), egress,
                                         "egress selectors are not supported by this server"));
}

void check_claim_rules(FieldErrors& errors, const FieldPath& path,
                       const std::vector<config::ClaimValidationRule>& rules) {
  std::set<std::string> claims, expressions;
  for (size_t i = 0; i < rules.size(); ++i) {
    const auto& rule = rules[i];
    auto at = path.index(i);
    if (!rule.claim.empty() && !rule.expression.empty()) {
      errors.push_back(FieldError::invalid(at, rule.claim, kBoth));
    } else if (rule.claim.empty() && rule.expression.empty()) {
      errors.push_back(FieldError::required(at, "claim or expression is required"));
    } else if (!rule.claim.empty()) {
      if (!rule.message.empty())
        errors.push_back(
            FieldError::invalid(at.child("message"), rule.message, "message can't be set when claim is set"));
      if (!claims.insert(rule.claim).second) errors.push_back(FieldError::duplicate(at.child("claim"), rule.claim));
    } else {
      if (!rule.required_value.empty()) {
        errors.push_back(FieldError::invalid(at.child("requiredValue"), rule.required_value,
                                             "requiredValue can't be set when expression is set"));
      }
      if (!expressions.insert(rule.expression).second)
        errors.push_back(FieldError::duplicate(at.child("expression"), rule.expression));
    }
  }
}

void check_prefixed(FieldErrors& errors, const FieldPath& path, const config::PrefixedClaimOrExpression& mapping,
                    bool required) {
  if (!mapping.expression.empty() && !mapping.claim.empty()) {
    errors.push_back(FieldError::invalid(path, "", kBoth));
  } else if (!mapping.expression.empty()) {
    if (mapping.prefix) {
      errors.push_back(
          FieldError::invalid(path.child("prefix"), *mapping.prefix, "prefix can't be set when expression is set"));
    }
  } else if (!mapping.claim.empty()) {
    if (!mapping.prefix) {
      errors.push_back(FieldError::required(
          path.child("prefix"),
          "prefix is required when claim is set. It can be set to an empty string to disable prefixing"));
    }
  } else if (required || mapping.prefix) {
    errors.push_back(FieldError::required(path, "claim or expression is required"));
  }
}

bool is_reserved_domain(std::string_view domain) {
  return domain == "k8s.io" || domain == "kubernetes.io" || domain.ends_with(".k8s.io") ||
         domain.ends_with(".kubernetes.io");
}

void check_extra(FieldErrors& errors, const FieldPath& path, const std::vector<config::ExtraMapping>& mappings) {
  std::set<std::string> seen;
  for (size_t i = 0; i < mappings.size(); ++i) {
    const auto& one = mappings[i];
    auto at = path.index(i);
    auto key = at.child("key");
    if (one.value_expression.empty())
      errors.push_back(FieldError::required(at.child("valueExpression"), "valueExpression is required"));
    if (one.key.empty()) {
      errors.push_back(FieldError::required(key));
      continue;
    }
    auto slash = one.key.find('/');
    auto domain = one.key.substr(0, slash);
    if (slash == std::string::npos || slash + 1 == one.key.size()) {
      errors.push_back(FieldError::invalid(key, one.key, "must be a domain-prefixed path (such as \"acme.io/foo\")"));
    } else {
      append_invalid(errors, key, one.key, schema::check_dns1123_subdomain(domain));
    }
    if (is_reserved_domain(domain)) {
      errors.push_back(FieldError::invalid(
          key, one.key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use"));
    }
    if (one.key != base::to_lower(one.key))
      errors.push_back(FieldError::invalid(key, one.key, "key must be lowercase"));
    if (!seen.insert(one.key).second) errors.push_back(FieldError::duplicate(key, one.key));
  }
}

// A mail address tells who somebody is only if somebody has verified it.
void check_mail(FieldErrors& errors, const FieldPath& path, const config::JWTAuthenticator& issuer) {
  const auto& expression = issuer.claim_mappings.username.expression;
  auto at = expression.find("claims.email");
  bool uses_mail = at != std::string::npos && !expression.substr(at + 12).starts_with('_');
  auto verifies = [](const std::string& text) { return text.find("email_verified") != std::string::npos; };
  if (!uses_mail || verifies(expression)) return;
  for (const auto& one : issuer.claim_mappings.extra) {
    if (verifies(one.value_expression)) return;
  }
  for (const auto& rule : issuer.claim_validation_rules) {
    if (verifies(rule.expression)) return;
  }
  errors.push_back(FieldError::invalid(
      path.child("claimMappings", "username", "expression"), expression,
      "claims.email_verified must be used in claimMappings.username.expression or "
      "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in "
      "claimMappings.username.expression"));
}

void check_user_rules(FieldErrors& errors, const FieldPath& path,
                      const std::vector<config::UserValidationRule>& rules) {
  std::set<std::string> seen;
  for (size_t i = 0; i < rules.size(); ++i) {
    auto at = path.index(i).child("expression");
    if (rules[i].expression.empty()) {
      errors.push_back(FieldError::required(at, "expression is required"));
    } else if (!seen.insert(rules[i].expression).second) {
      errors.push_back(FieldError::duplicate(at, rules[i].expression));
    }
  }
}

void check_anonymous(FieldErrors& errors, const FieldPath& path, const config::AnonymousAuthConfig& anonymous) {
  auto list = path.child("conditions");
  if (!anonymous.enabled && !anonymous.conditions.empty()) {
    std::string shown;
    for (const auto& one : anonymous.conditions)
      shown += (shown.empty() ? "" : ",") + base::cat({"{\"Path\":", base::quote(one.path), "}"});
    errors.push_back(FieldError::invalid(list, schema::BadValue::json("[" + shown + "]"),
                                         "enabled should be set to true when conditions are defined"));
  }
  for (size_t i = 0; i < anonymous.conditions.size(); ++i) {
    if (anonymous.conditions[i].path.empty())
      errors.push_back(FieldError::required(list.index(i).child("path"), "a path is required"));
  }
}

}  // namespace

FieldErrors check_issuers(const config::AuthenticationConfiguration& configuration,
                          const std::vector<std::string>& own_issuers) {
  FieldErrors errors;
  FieldPath list("jwt");
  if (configuration.jwt.size() > kIssuersMax)
    errors.push_back(FieldError::too_many(list, configuration.jwt.size(), kIssuersMax));
  if (configuration.anonymous) check_anonymous(errors, FieldPath("anonymous"), *configuration.anonymous);
  std::set<std::string> urls, discovery_urls;
  for (size_t i = 0; i < configuration.jwt.size(); ++i) {
    const auto& one = configuration.jwt[i];
    auto path = list.index(i);
    check_issuer(errors, path.child("issuer"), one.issuer, own_issuers);
    if (!urls.insert(one.issuer.url).second)
      errors.push_back(FieldError::duplicate(path.child("issuer", "url"), one.issuer.url));
    const auto& found_at = one.issuer.discovery_url;
    if (found_at && !found_at->empty() && !discovery_urls.insert(std::string(without_slashes(*found_at))).second)
      errors.push_back(FieldError::duplicate(path.child("issuer", "discoveryURL"), *found_at));
    check_claim_rules(errors, path.child("claimValidationRules"), one.claim_validation_rules);
    auto mappings = path.child("claimMappings");
    check_prefixed(errors, mappings.child("username"), one.claim_mappings.username, true);
    check_prefixed(errors, mappings.child("groups"), one.claim_mappings.groups, false);
    if (!one.claim_mappings.uid.claim.empty() && !one.claim_mappings.uid.expression.empty())
      errors.push_back(FieldError::invalid(mappings.child("uid"), "", kBoth));
    check_extra(errors, mappings.child("extra"), one.claim_mappings.extra);
    check_mail(errors, path, one);
    check_user_rules(errors, path.child("userValidationRules"), one.user_validation_rules);
  }
  return errors;
}

}  // namespace apiserver
