// May he? Asked as a resource. Kubernetes documentation, "Checking API access".

#include "api/authorization_k8s_io_v1.h"
#include "apiserver/authz/rbac.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/body.h"
#include "apiserver/registry/options.h"
#include "apiserver/subresource/handlers.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace authorization = api::authorization_k8s_io_v1;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

template <class Spec>
AuthorizationAttributes attributes_of(const Spec& spec, User user) {
  AuthorizationAttributes attributes;
  attributes.user = std::move(user);
  if (spec.resource_attributes) {
    const auto& resource = *spec.resource_attributes;
    attributes.resource_request = true;
    attributes.verb = resource.verb;
    attributes.api_group = resource.group;
    attributes.api_version = resource.version;
    attributes.resource = resource.resource;
    attributes.subresource = resource.subresource;
    attributes.namespace_ = resource.namespace_;
    attributes.name = resource.name;
    if (resource.field_selector) attributes.field_selector = resource.field_selector->raw_selector;
    if (resource.label_selector) attributes.label_selector = resource.label_selector->raw_selector;
  } else if (spec.non_resource_attributes) {
    attributes.path = spec.non_resource_attributes->path;
    attributes.verb = spec.non_resource_attributes->verb;
  }
  return attributes;
}

template <class Spec>
void check_spec(FieldErrors& errors, const Spec& spec, bool needs_user) {
  FieldPath path("spec");
  if (spec.resource_attributes && spec.non_resource_attributes) {
    errors.push_back(FieldError::invalid(path.child("nonResourceAttributes"), schema::BadValue::json(""),
                                         "cannot be specified in combination with resourceAttributes"));
  }
  if (!spec.resource_attributes && !spec.non_resource_attributes) {
    errors.push_back(FieldError::invalid(path.child("resourceAttributes"), schema::BadValue::json(""),
                                         "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
  }
  if constexpr (requires { spec.user; }) {
    if (needs_user && spec.user.empty() && spec.groups.empty()) {
      errors.push_back(FieldError::invalid(path.child("user"), spec.user, "at least one of user or group must be specified"));
    }
  }
}

authorization::SubjectAccessReviewStatus judge(Desk desk, const AuthorizationAttributes& attributes) {
  auto answer = desk.options.authorizer.authorize(attributes);
  authorization::SubjectAccessReviewStatus status;
  status.allowed = answer.decision == Decision::Allow;
  status.denied = answer.decision == Decision::Deny;
  status.reason = answer.reason;
  return status;
}

template <class Spec>
User subject_of(const Spec& spec) {
  User user;
  user.name = spec.user;
  user.uid = spec.uid;
  user.groups = spec.groups;
  user.extra = spec.extra;
  return user;
}

}  // namespace

HandlerTask handle_access_review(Desk desk, Call& call, const Served& served) {
  CO_TRY(auto query, read_write_query(call.query, "CreateOptions"));
  CO_TRY(auto object, decode_body(call, served.type(), query.field_validation));
  object.meta().creation_timestamp = {};
  FieldErrors errors;
  if (auto* review = object.get_if<authorization::SelfSubjectAccessReview>()) {
    check_spec(errors, review->spec, false);
    if (errors.empty()) review->status = judge(desk, attributes_of(review->spec, call.user));
  } else if (auto* review = object.get_if<authorization::SubjectAccessReview>()) {
    check_spec(errors, review->spec, true);
    if (errors.empty()) review->status = judge(desk, attributes_of(review->spec, subject_of(review->spec)));
  } else if (auto* review = object.get_if<authorization::LocalSubjectAccessReview>()) {
    check_spec(errors, review->spec, true);
    std::string namespace_ = call.info.namespace_;
    if (review->metadata.namespace_.empty()) review->metadata.namespace_ = namespace_;
    if (review->spec.resource_attributes && review->spec.resource_attributes->namespace_ != namespace_) {
      if (errors.empty()) {
        co_return base::fail(bad_request(base::cat({"spec.resourceAttributes.namespace must match namespace: ", namespace_})));
      }
    }
    if (errors.empty()) review->status = judge(desk, attributes_of(review->spec, subject_of(review->spec)));
  }
  if (!errors.empty()) co_return base::fail(invalid(served.row().group, served.row().kind, object.meta().name, errors));
  co_return Answer::of(std::move(object), 201);
}

HandlerTask handle_rules_review(Desk desk, Call& call, const Served& served) {
  CO_TRY(auto query, read_write_query(call.query, "CreateOptions"));
  CO_TRY(auto object, decode_body(call, served.type(), query.field_validation));
  auto& review = object.as<authorization::SelfSubjectRulesReview>();
  if (review.spec.namespace_.empty()) co_return base::fail(bad_request("no namespace on request"));
  review.status = {};
  if (desk.options.rbac == nullptr) {
    review.status.incomplete = true;
    co_return Answer::of(std::move(object), 201);
  }
  for (const auto& rule : desk.options.rbac->rules_for(call.user, review.spec.namespace_)) {
    if (!rule.resources.empty()) {
      auto& one = review.status.resource_rules.emplace_back();
      one.verbs = rule.verbs;
      one.api_groups = rule.api_groups;
      one.resources = rule.resources;
      one.resource_names = rule.resource_names;
    }
    if (!rule.non_resource_urls.empty()) {
      auto& one = review.status.non_resource_rules.emplace_back();
      one.verbs = rule.verbs;
      one.non_resource_urls = rule.non_resource_urls;
    }
  }
  co_return Answer::of(std::move(object), 201);
}

}  // namespace apiserver
