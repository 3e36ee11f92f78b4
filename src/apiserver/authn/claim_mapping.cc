#include "apiserver/authn/claim_mapping.h"

#include "base/strings.h"
#include "cel/environment.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace config = api::apiserver_config_k8s_io_v1;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

std::unexpected<base::Error> refuse(std::string why) {
  return base::fail(base::Code::Unauthorized, std::move(why));
}

const cel::Environment& claims_environment() {
  static const cel::Environment environment = [] {
    cel::Environment made;
    made.add_variable("claims", cel::map_type(cel::string_type(), cel::dyn_type()));
    return made;
  }();
  return environment;
}

const cel::DeclarationRef& user_declaration() {
  static const cel::DeclarationRef declaration = [] {
    auto text = cel::declare(cel::string_type());
    return cel::declare_object("kubernetes.UserInfo", {{"username", text},
                                                       {"uid", text},
                                                       {"groups", cel::declare_list(text)},
                                                       {"extra", cel::declare_map(text, cel::declare_list(text))}});
  }();
  return declaration;
}

// Null, with an error told, when it is no good; what maps claims may be of any type, for claims are.
cel::ProgramRef compile(const cel::Environment& environment, const std::string& expression, bool wants_bool,
                        const FieldPath& path, FieldErrors& errors) {
  auto program = environment.compile(expression);
  if (!program) {
    errors.push_back(
        FieldError::invalid(path, expression, base::cat({"compilation failed: ", program.error().message()})));
    return nullptr;
  }
  if (wants_bool && (*program)->result_type()->kind != cel::Kind::Bool) {
    errors.push_back(FieldError::invalid(path, expression, "must evaluate to bool"));
    return nullptr;
  }
  return std::move(*program);
}

base::Result<cel::Value> evaluate(const cel::ProgramRef& program, const cel::Activation& activation) {
  cel::Budget budget;
  auto value = program->evaluate(activation, budget);
  if (value.is_error()) {
    return refuse(base::cat({"expression '", program->source(), "' resulted in error: ", value.error_message()}));
  }
  return value;
}

// A text, or a list of texts; null is none. Empty ones are left out.
base::Result<std::vector<std::string>> texts_of(const cel::Value& value) {
  std::vector<std::string> texts;
  auto add = [&](const cel::Value& one) {
    if (one.kind() != cel::Kind::String) return false;
    if (!one.as_string().empty()) texts.emplace_back(one.as_string());
    return true;
  };
  if (value.kind() == cel::Kind::Null) return texts;
  bool fits = true;
  if (value.kind() == cel::Kind::List) {
    for (size_t i = 0; i < value.list_size(); ++i) fits = fits && add(value.list_at(i));
  } else {
    fits = add(value);
  }
  if (!fits) return refuse("expression must return a string or a list of strings");
  return texts;
}

base::Result<std::string> claim_text(const schema::Value& claims, std::string_view name) {
  const auto* claim = claims.find(name);
  if (claim == nullptr) return refuse("claim not present");
  if (!claim->is_string())
    return refuse(base::cat({"json: cannot unmarshal ", claim->kind_name(), " into Go value of type string"}));
  return claim->as_string();
}

}  // namespace

ClaimMapping ClaimMapping::compile(const config::JWTAuthenticator& issuer, const FieldPath& path, FieldErrors& errors) {
  ClaimMapping made;
  made.names_ = issuer.claim_mappings;
  const auto& environment = claims_environment();
  for (size_t i = 0; i < issuer.claim_validation_rules.size(); ++i) {
    const auto& rule = issuer.claim_validation_rules[i];
    if (!rule.claim.empty()) made.required_.push_back(rule);
    if (rule.expression.empty()) continue;
    auto at = path.child("claimValidationRules").index(i).child("expression");
    made.claim_rules_.push_back({apiserver::compile(environment, rule.expression, true, at, errors), rule.message});
  }
  auto mappings = path.child("claimMappings");
  auto maybe = [&](const std::string& expression, const FieldPath& at) {
    return expression.empty() ? nullptr : apiserver::compile(environment, expression, false, at, errors);
  };
  made.username_ = maybe(made.names_.username.expression, mappings.child("username", "expression"));
  made.groups_ = maybe(made.names_.groups.expression, mappings.child("groups", "expression"));
  made.uid_ = maybe(made.names_.uid.expression, mappings.child("uid", "expression"));
  for (size_t i = 0; i < made.names_.extra.size(); ++i) {
    const auto& one = made.names_.extra[i];
    made.extra_.push_back(
        {one.key, maybe(one.value_expression, mappings.child("extra").index(i).child("valueExpression"))});
  }
  cel::Environment of_user;
  of_user.add_variable("user", user_declaration());
  for (size_t i = 0; i < issuer.user_validation_rules.size(); ++i) {
    const auto& rule = issuer.user_validation_rules[i];
    if (rule.expression.empty()) continue;
    auto at = path.child("userValidationRules").index(i).child("expression");
    made.user_rules_.push_back({apiserver::compile(of_user, rule.expression, true, at, errors), rule.message});
  }
  return made;
}

base::Result<User> ClaimMapping::user_of(const schema::Value& claims) const {
  cel::Activation activation;
  activation.set("claims", cel::Value::of(claims));
  User user;
  TRY(user.name, username_of(claims, activation));
  TRY(user.groups, groups_of(claims, activation));
  TRY(user.uid, uid_of(claims, activation));
  if (auto id = claims.text_at({"jti"}); !id.empty())
    user.extra["authentication.kubernetes.io/credential-id"] = {base::cat({"JTI=", id})};
  for (const auto& [key, program] : extra_) {
    auto value = evaluate(program, activation);
    auto texts = value ? texts_of(*value) : base::fail(value.error());
    if (!texts) return base::fail(texts.error().with_context("oidc: error evaluating extra claim expression"));
    if (!texts->empty()) user.extra[key] = std::move(*texts);
  }
  TRY(check_claims(claims, activation));
  TRY(check_user(user));
  return user;
}

base::Result<void> ClaimMapping::check_claims(const schema::Value& claims, const cel::Activation& activation) const {
  for (const auto& rule : required_) {
    if (claims.find(rule.claim) == nullptr)
      return refuse(base::cat({"oidc: required claim ", rule.claim, " not present in ID token"}));
    auto value = claim_text(claims, rule.claim);
    if (!value) return base::fail(value.error().with_context(base::cat({"oidc: parse claim ", rule.claim})));
    if (*value != rule.required_value) {
      return refuse(base::cat({"oidc: required claim ", rule.claim, " value does not match. Got = ", *value,
                               ", want = ", rule.required_value}));
    }
  }
  for (const auto& rule : claim_rules_) {
    auto verdict = evaluate(rule.program, activation);
    if (!verdict) return base::fail(verdict.error().with_context("oidc: error evaluating claim validation expression"));
    if (!verdict->is_true()) {
      return refuse(base::cat({"oidc: error evaluating claim validation expression: validation expression '",
                               rule.program->source(), "' failed: ", rule.message}));
    }
  }
  return {};
}

base::Result<std::string> ClaimMapping::username_of(const schema::Value& claims,
                                                    const cel::Activation& activation) const {
  if (username_ != nullptr) {
    auto value = evaluate(username_, activation);
    if (!value) return base::fail(value.error().with_context("oidc: error evaluating username claim expression"));
    if (value->kind() != cel::Kind::String) {
      return refuse("oidc: error evaluating username claim expression: username claim expression must return a string");
    }
    if (value->as_string().empty()) return refuse("oidc: empty username via CEL expression is not allowed");
    return std::string(value->as_string());
  }
  const auto& claim = names_.username.claim;
  auto name = claim_text(claims, claim);
  if (!name)
    return base::fail(name.error().with_context(base::cat({"oidc: parse username claims ", base::quote(claim)})));
  if (claim == "email") {
    const auto* verified = claims.find("email_verified");
    if (verified != nullptr && !verified->is_bool()) {
      return refuse(base::cat({"oidc: parse 'email_verified' claim: json: cannot unmarshal ", verified->kind_name(),
                               " into Go value of type bool"}));
    }
    if (verified != nullptr && !verified->as_bool()) return refuse("oidc: email not verified");
  }
  return names_.username.prefix.value_or("") + *name;
}

base::Result<std::vector<std::string>> ClaimMapping::groups_of(const schema::Value& claims,
                                                               const cel::Activation& activation) const {
  if (groups_ != nullptr) {
    auto value = evaluate(groups_, activation);
    auto groups = value ? texts_of(*value) : base::fail(value.error());
    if (!groups) return base::fail(groups.error().with_context("oidc: error evaluating group claim expression"));
    return groups;
  }
  std::vector<std::string> groups;
  const auto& claim = names_.groups.claim;
  const auto* given = claim.empty() ? nullptr : claims.find(claim);
  if (given == nullptr) return groups;
  std::string prefix = names_.groups.prefix.value_or("");
  if (given->is_string()) {
    groups.push_back(prefix + given->as_string());
  } else if (given->is_array()) {
    for (const auto& one : given->as_array()) {
      if (!one.is_string()) {
        return refuse(base::cat({"oidc: parse groups claim ", base::quote(claim), ": json: cannot unmarshal ",
                                 one.kind_name(), " into Go value of type string"}));
      }
      groups.push_back(prefix + one.as_string());
    }
  } else {
    return refuse(base::cat({"oidc: parse groups claim ", base::quote(claim), ": json: cannot unmarshal ",
                             given->kind_name(), " into Go value of type string"}));
  }
  return groups;
}

base::Result<std::string> ClaimMapping::uid_of(const schema::Value& claims, const cel::Activation& activation) const {
  if (uid_ != nullptr) {
    auto value = evaluate(uid_, activation);
    if (!value) return base::fail(value.error().with_context("oidc: error evaluating uid claim expression"));
    if (value->kind() != cel::Kind::String)
      return refuse("oidc: error evaluating uid claim expression: uid claim expression must return a string");
    return std::string(value->as_string());
  }
  if (names_.uid.claim.empty()) return "";
  auto uid = claim_text(claims, names_.uid.claim);
  if (!uid)
    return base::fail(uid.error().with_context(base::cat({"oidc: parse uid claim ", base::quote(names_.uid.claim)})));
  return uid;
}

base::Result<void> ClaimMapping::check_user(const User& user) const {
  if (user_rules_.empty()) return {};
  auto tree = schema::Value::object();
  tree.as_object().set("username", user.name);
  tree.as_object().set("uid", user.uid);
  auto list = [](const std::vector<std::string>& texts) {
    auto made = schema::Value::array();
    for (const auto& text : texts) made.as_array().emplace_back(text);
    return made;
  };
  tree.as_object().set("groups", list(user.groups));
  auto& extra = tree.as_object().set("extra", schema::Value::object());
  for (const auto& [key, values] : user.extra) extra.as_object().set(key, list(values));
  cel::Activation activation;
  activation.set("user", cel::Value::of(tree, user_declaration().get()));
  for (const auto& rule : user_rules_) {
    auto verdict = evaluate(rule.program, activation);
    if (!verdict) return base::fail(verdict.error().with_context("oidc: error evaluating user info validation rule"));
    if (!verdict->is_true()) {
      return refuse(base::cat({"oidc: error evaluating user info validation rule: validation expression '",
                               rule.program->source(), "' failed: ", rule.message}));
    }
  }
  return {};
}

}  // namespace apiserver
