// Tokens of service accounts, and what tokens and requests say about who is behind them.

#include "api/authentication_k8s_io_v1.h"
#include "api/core_v1.h"
#include "apiserver/authn/bearer.h"
#include "apiserver/authn/token_issuer.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/body.h"
#include "apiserver/registry/options.h"
#include "apiserver/subresource/handlers.h"
#include "apiserver/subresource/own_fields.h"
#include "base/strings.h"
#include "schema/defaults.h"

namespace apiserver {
namespace {

namespace authentication = api::authentication_k8s_io_v1;
namespace core = api::core_v1;

constexpr int64_t kSecondsMin = 600;
constexpr int64_t kSecondsMax = int64_t{1} << 32;
constexpr int64_t kSecondsDefault = 3600;

authentication::UserInfo info_of(const User& user) {
  authentication::UserInfo info;
  info.username = user.name;
  info.uid = user.uid;
  info.groups = user.groups;
  info.extra = user.extra;
  return info;
}

base::Error wrong_uid(std::string_view resource, const std::string& name, const std::string& asked,
                      const std::string& has) {
  return conflict(
      "", resource, name,
      base::cat({"the UID in the bound object reference (", asked,
                 ") does not match the UID in record. The object might have been deleted and then recreated"}));
}

// Fills in what the token is tied to.
io::Task<base::Result<void>> bind_token(Desk desk, const authentication::BoundObjectReference& reference,
                                        const std::string& account, std::string namespace_, TokenClaims& claims) {
  auto check = [&](std::string_view resource, const api::meta_v1::ObjectMeta& meta,
                   TokenBinding& binding) -> base::Result<void> {
    if (!reference.uid.empty() && reference.uid != meta.uid)
      return base::fail(wrong_uid(resource, meta.name, reference.uid, meta.uid));
    binding = {meta.name, meta.uid};
    return {};
  };
  if (reference.kind == "Pod" && reference.api_version == "v1") {
    CO_TRY(auto pod, co_await desk.registry.reader().get<core::Pod>(namespace_, reference.name));
    if (pod.spec.service_account_name != account) {
      co_return base::fail(bad_request(base::cat({"cannot bind token for serviceaccount ", base::quote(account),
                                                  " to pod running with different serviceaccount name."})));
    }
    CO_TRY(check("pods", pod.metadata, claims.pod));
    if (pod.spec.node_name.empty()) co_return {};
    auto node = co_await desk.registry.reader().get<core::Node>("", pod.spec.node_name);
    claims.node = {pod.spec.node_name, node ? node->metadata.uid : ""};
    co_return {};
  }
  if (reference.kind == "Secret" && reference.api_version == "v1") {
    CO_TRY(auto secret, co_await desk.registry.reader().get<core::Secret>(namespace_, reference.name));
    co_return check("secrets", secret.metadata, claims.secret);
  }
  if (reference.kind == "Node" && reference.api_version == "v1") {
    CO_TRY(auto node, co_await desk.registry.reader().get<core::Node>("", reference.name));
    co_return check("nodes", node.metadata, claims.node);
  }
  co_return base::fail(bad_request(
      base::cat({"cannot bind token to object of type ", reference.api_version, ", Kind=", reference.kind})));
}

}  // namespace

HandlerTask handle_token(Desk desk, Call& call, const Served& served) {
  if (desk.options.token_issuer == nullptr) co_return base::fail(no_such_path());
  CO_TRY(auto query, read_write_query(call.query, "CreateOptions"));
  CO_TRY(auto object, decode_part(call, authentication::TokenRequest::kType, query.field_validation));
  own_fields(desk, call, served, query, object);
  auto& request = object.as<authentication::TokenRequest>();
  const std::string namespace_ = call.info.namespace_;
  const std::string name = call.info.name;
  CO_TRY(auto account, co_await desk.registry.reader().get<core::ServiceAccount>(namespace_, name));
  if (!request.metadata.name.empty() && request.metadata.name != name) {
    co_return base::fail(bad_request("token's name does not match service account"));
  }
  // Admission sees what was asked for: a node may ask for its pods' audiences, and none is one.
  CO_TRY(co_await desk.registry.admit(call, served, Operation::Create, &object, query.dry_run));
  if (request.spec.audiences.empty()) request.spec.audiences = desk.options.token_issuer->api_audiences();
  if (!request.spec.expiration_seconds) request.spec.expiration_seconds = kSecondsDefault;
  int64_t seconds = *request.spec.expiration_seconds;
  schema::FieldErrors errors;
  auto path = schema::FieldPath("spec").child("expirationSeconds");
  if (seconds < kSecondsMin)
    errors.push_back(schema::FieldError::invalid(path, seconds, "may not specify a duration less than 10 minutes"));
  if (seconds > kSecondsMax)
    errors.push_back(schema::FieldError::invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"));
  if (!errors.empty()) co_return base::fail(invalid("authentication.k8s.io", "TokenRequest", "", errors));

  TokenClaims claims;
  claims.audiences = request.spec.audiences;
  claims.namespace_ = namespace_;
  claims.service_account = {name, account.metadata.uid};
  if (request.spec.bound_object_ref) {
    CO_TRY(co_await bind_token(desk, *request.spec.bound_object_ref, name, namespace_, claims));
  }
  auto issued = desk.options.token_issuer->issue(std::move(claims), seconds);
  if (!issued) co_return base::fail(internal_error(issued.error().message()));
  request.metadata.name = name;
  request.metadata.namespace_ = namespace_;
  request.metadata.uid = account.metadata.uid;
  request.metadata.creation_timestamp = desk.registry.now().truncated_to_seconds();
  request.status.token = std::move(issued->token);
  request.status.expiration_timestamp = base::Time{issued->expires_at, 0};
  co_return Answer::of(std::move(object), 201);
}

// Whom a request with that token would come from: tokens that no service account has are known too.
static io::Task<std::optional<User>> user_of_token(const Desk& desk, std::string token) {
  io::Request request;
  request.headers.add("authorization", "Bearer " + token);
  io::Peer nobody;
  auto user = co_await desk.options.authenticator.authenticate(request, nobody);
  if (!user) co_return std::nullopt;
  co_return std::move(*user);
}

HandlerTask handle_token_review(Desk desk, Call& call, const Served& served) {
  CO_TRY(auto query, read_write_query(call.query, "CreateOptions"));
  CO_TRY(auto object, decode_body(call, authentication::TokenReview::kType, query.field_validation));
  own_fields(desk, call, served, query, object);
  auto& review = object.as<authentication::TokenReview>();
  if (!review.metadata.namespace_.empty()) co_return base::fail(bad_request("namespace is not allowed on this type"));
  if (review.spec.token.empty())
    co_return base::fail(bad_request("token is required for TokenReview in authentication"));
  review.status = {};
  base::Result<std::optional<TokenVerifier::Verdict>> verdict = std::nullopt;
  if (desk.options.token_verifier != nullptr) {
    verdict = co_await desk.options.token_verifier->verify(review.spec.token, review.spec.audiences);
  }
  if (!verdict) {
    // Two authenticators know such tokens; each says its own.
    std::string_view why = verdict.error().message();
    constexpr std::string_view kPrefix = "invalid bearer token: ";
    if (why.starts_with(kPrefix)) why.remove_prefix(kPrefix.size());
    review.status.error = base::cat({"[invalid bearer token, ", why, "]"});
  } else if (*verdict) {
    review.status.authenticated = true;
    User user = (*verdict)->user;
    user.groups.emplace_back(kAuthenticatedGroup);
    review.status.user = info_of(user);
    review.status.audiences = (*verdict)->audiences;
  } else if (auto user = co_await user_of_token(desk, review.spec.token)) {
    review.status.authenticated = true;
    review.status.user = info_of(*user);
  } else {
    review.status.error = "invalid bearer token";
  }
  // Tokens that say nothing of audiences are for the API server's own, and for no other.
  if (review.status.authenticated && review.status.audiences.empty() && !review.spec.audiences.empty()) {
    std::vector<std::string> own;
    if (desk.options.token_issuer != nullptr) own = desk.options.token_issuer->api_audiences();
    review.status.audiences = common_audiences(review.spec.audiences, own, own);
    if (review.status.audiences.empty()) {
      review.status = {};
      review.status.error = "invalid bearer token";
    }
  }
  co_return Answer::of(std::move(object), 201);
}

HandlerTask handle_self_subject_review(Desk desk, Call& call, const Served& served) {
  CO_TRY(auto query, read_write_query(call.query, "CreateOptions"));
  CO_TRY(auto object, decode_body(call, authentication::SelfSubjectReview::kType, query.field_validation));
  auto& review = object.as<authentication::SelfSubjectReview>();
  review.metadata.creation_timestamp = desk.registry.now().truncated_to_seconds();
  review.status.user_info = info_of(call.user);
  co_return Answer::of(std::move(object), 201);
}

}  // namespace apiserver
