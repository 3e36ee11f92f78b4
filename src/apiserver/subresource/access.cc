// May he? Asked as a resource. Kubernetes documentation, "Checking API access".

#include "api/authorization_k8s_io_v1.h"
#include "apiserver/authz/access_review.h"
#include "apiserver/authz/rbac.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/body.h"
#include "apiserver/registry/options.h"
#include "apiserver/subresource/handlers.h"
#include "apiserver/subresource/own_fields.h"
#include "base/json.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace authorization = api::authorization_k8s_io_v1;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

template <class Spec>
AuthorizationAttributes attributes_of(const Spec& spec, User user) {
  return attributes_of(spec.resource_attributes.get(), spec.non_resource_attributes.get(), std::move(user));
}

// Upstream shows its internal form of these.
schema::BadValue shown(const authorization::NonResourceAttributes& attributes) {
  std::string json = R"({"Path":)";
  base::append_json_string(json, attributes.path);
  json += R"(,"Verb":)";
  base::append_json_string(json, attributes.verb);
  return schema::BadValue::json(json + "}");
}

template <class Selector>
void check_selector(FieldErrors& errors, const Selector& selector, const FieldPath& path) {
  if (!selector.raw_selector.empty() && !selector.requirements.empty()) {
    errors.push_back(FieldError::invalid(path.child("rawSelector"), selector.raw_selector,
                                         "may not specified at the same time as requirements"));
  }
  if (selector.raw_selector.empty() && selector.requirements.empty()) {
    errors.push_back(FieldError::required(
        path.child("requirements"),
        base::cat({"when ", path.text(), " is specified, requirements or rawSelector is required"})));
  }
  for (size_t i = 0; i < selector.requirements.size(); ++i) {
    const auto& term = selector.requirements[i];
    FieldPath at = path.child("requirements").index(i);
    if (term.key.empty()) errors.push_back(FieldError::required(at.child("key"), "must be specified"));
    if (term.operator_ == "In" || term.operator_ == "NotIn") {
      if (term.values.empty()) {
        errors.push_back(
            FieldError::required(at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
      }
    } else if (term.operator_ == "Exists" || term.operator_ == "DoesNotExist") {
      if (!term.values.empty()) {
        errors.push_back(FieldError::forbidden(at.child("values"),
                                               "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
    } else {
      errors.push_back(FieldError::invalid(at.child("operator"), term.operator_, "not a valid selector operator"));
    }
  }
}

template <class Spec>
void check_spec(FieldErrors& errors, const Spec& spec, bool needs_user) {
  FieldPath path("spec");
  if (spec.resource_attributes && spec.non_resource_attributes) {
    errors.push_back(FieldError::invalid(path.child("nonResourceAttributes"), shown(*spec.non_resource_attributes),
                                         "cannot be specified in combination with resourceAttributes"));
  }
  if (!spec.resource_attributes && !spec.non_resource_attributes) {
    errors.push_back(
        FieldError::invalid(path.child("resourceAttributes"), nullptr,
                            "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
  }
  if constexpr (requires { spec.user; }) {
    if (needs_user && spec.user.empty() && spec.groups.empty()) {
      errors.push_back(
          FieldError::invalid(path.child("user"), spec.user, "at least one of user or group must be specified"));
    }
  }
  if (!spec.resource_attributes) return;
  auto resource = path.child("resourceAttributes");
  if (spec.resource_attributes->field_selector)
    check_selector(errors, *spec.resource_attributes->field_selector, resource.child("fieldSelector"));
  if (spec.resource_attributes->label_selector)
    check_selector(errors, *spec.resource_attributes->label_selector, resource.child("labelSelector"));
}

// A question has no metadata; one about a namespace has that.
void check_metadata(FieldErrors& errors, const api::meta_v1::ObjectMeta& given, bool local) {
  api::meta_v1::ObjectMeta rest = given;
  rest.managed_fields.clear();
  if (local) rest.namespace_.clear();
  if (rest == api::meta_v1::ObjectMeta{}) return;
  std::string json = schema::to_json(given);
  if (local) {
    errors.push_back(FieldError::invalid(FieldPath("metadata"), schema::BadValue::json(std::move(json)),
                                         "must be empty except for namespace"));
    return;
  }
  errors.push_back(
      FieldError::invalid(FieldPath("metadata"), schema::BadValue::json(std::move(json)), "must be empty"));
}

io::Task<authorization::SubjectAccessReviewStatus> judge(Desk desk, AuthorizationAttributes attributes) {
  auto answer = co_await desk.options.authorizer.authorize(std::move(attributes));
  authorization::SubjectAccessReviewStatus status;
  status.allowed = answer.allowed();
  status.denied = answer.decision == Decision::Deny;
  status.reason = std::move(answer.reason);
  status.evaluation_error = std::move(answer.error);
  co_return status;
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
  own_fields(desk, call, served, query, object);
  FieldErrors errors;
  if (auto* review = object.get_if<authorization::SelfSubjectAccessReview>()) {
    check_spec(errors, review->spec, false);
    check_metadata(errors, review->metadata, false);
    if (errors.empty()) review->status = co_await judge(desk, attributes_of(review->spec, call.user));
  } else if (auto* review = object.get_if<authorization::SubjectAccessReview>()) {
    check_spec(errors, review->spec, true);
    check_metadata(errors, review->metadata, false);
    if (errors.empty()) review->status = co_await judge(desk, attributes_of(review->spec, subject_of(review->spec)));
  } else if (auto* review = object.get_if<authorization::LocalSubjectAccessReview>()) {
    if (review->metadata.namespace_.empty()) review->metadata.namespace_ = call.info.namespace_;
    if (review->metadata.namespace_ != call.info.namespace_) {
      co_return base::fail(
          bad_request("the namespace of the provided object does not match the namespace sent on the request"));
    }
    check_spec(errors, review->spec, true);
    check_metadata(errors, review->metadata, true);
    const auto& spec = review->spec;
    if (spec.resource_attributes && spec.resource_attributes->namespace_ != review->metadata.namespace_) {
      errors.push_back(FieldError::invalid(FieldPath("spec").child("resourceAttributes", "namespace"),
                                           spec.resource_attributes->namespace_, "must match metadata.namespace"));
    }
    if (spec.non_resource_attributes) {
      errors.push_back(FieldError::invalid(FieldPath("spec").child("nonResourceAttributes"),
                                           shown(*spec.non_resource_attributes), "disallowed on this kind of request"));
    }
    if (errors.empty()) review->status = co_await judge(desk, attributes_of(review->spec, subject_of(review->spec)));
  }
  if (!errors.empty()) co_return base::fail(invalid(served.row().group, "", "", errors));
  co_return Answer::of(std::move(object), 201);
}

HandlerTask handle_rules_review(Desk desk, Call& call, const Served& served) {
  CO_TRY(auto query, read_write_query(call.query, "CreateOptions"));
  CO_TRY(auto object, decode_body(call, served.type(), query.field_validation));
  auto& review = object.as<authorization::SelfSubjectRulesReview>();
  if (review.spec.namespace_.empty()) co_return base::fail(bad_request("no namespace on request"));
  std::string namespace_ =
      std::exchange(review.spec.namespace_, "");  // as upstream, the answer does not repeat the question
  review.status = {};
  if (desk.options.rbac == nullptr) {
    review.status.incomplete = true;
    co_return Answer::of(std::move(object), 201);
  }
  for (const auto& rule : desk.options.rbac->rules_for(call.user, namespace_)) {
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
