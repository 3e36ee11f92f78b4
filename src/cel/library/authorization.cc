// authorizer.group('apps').resource('deployments').check('create').allowed()

#include "cel/authorizer.h"
#include "cel/library/libraries.h"
#include "cel/library/opaque.h"

namespace cel {
namespace library {
namespace {

using Arguments = std::span<const Value>;

const TypeRef& authorizer_type() {
  static const TypeRef type = opaque_type("kubernetes.authorization.Authorizer");
  return type;
}
const TypeRef& path_check_type() {
  static const TypeRef type = opaque_type("kubernetes.authorization.PathCheck");
  return type;
}
const TypeRef& group_check_type() {
  static const TypeRef type = opaque_type("kubernetes.authorization.GroupCheck");
  return type;
}
const TypeRef& resource_check_type() {
  static const TypeRef type = opaque_type("kubernetes.authorization.ResourceCheck");
  return type;
}
const TypeRef& decision_type() {
  static const TypeRef type = opaque_type("kubernetes.authorization.Decision");
  return type;
}

// A question being put together. No two are equal.
struct Asking {
  std::shared_ptr<const Authorizer> authorizer;
  AuthorizationQuestion question;
  bool operator==(const Asking&) const { return false; }
};
struct Answer {
  AuthorizationAnswer answer;
  bool operator==(const Answer&) const { return false; }
};
using AuthorizerHolder = Holder<Asking, authorizer_type>;
using PathHolder = Holder<Asking, path_check_type>;
using GroupHolder = Holder<Asking, group_check_type>;
using ResourceHolder = Holder<Asking, resource_check_type>;
using DecisionHolder = Holder<Answer, decision_type>;

// The question so far with one more part.
template <class To, class From, std::string AuthorizationQuestion::* kPart>
Value with(Arguments a) {
  Asking next = From::in(a[0]);
  next.question.*kPart = a[1].as_string();
  return To::wrap(std::move(next));
}
Value with_resource(Arguments a) {
  Asking next = GroupHolder::in(a[0]);
  next.question.resource = a[1].as_string();
  next.question.about_resource = true;
  return ResourceHolder::wrap(std::move(next));
}
Value with_path(Arguments a) {
  if (a[1].as_string().empty()) return Value::error("path must not be empty");
  return with<PathHolder, AuthorizerHolder, &AuthorizationQuestion::path>(a);
}
Value with_service_account(Arguments a) {
  Asking next = AuthorizerHolder::in(a[0]);
  next.question.service_account.emplace(a[1].as_string(), a[2].as_string());
  return AuthorizerHolder::wrap(std::move(next));
}
template <class From>
Value check(Arguments a) {
  Asking asking = From::in(a[0]);
  asking.question.verb = a[1].as_string();
  return DecisionHolder::wrap({asking.authorizer->authorize(asking.question)});
}
Value allowed(Arguments a) {
  return Value::of_bool(DecisionHolder::in(a[0]).answer.allowed);
}
Value reason(Arguments a) {
  return Value::of_string(DecisionHolder::in(a[0]).answer.reason);
}
Value errored(Arguments a) {
  return Value::of_bool(!DecisionHolder::in(a[0]).answer.error.empty());
}
Value error(Arguments a) {
  return Value::of_string(DecisionHolder::in(a[0]).answer.error);
}

}  // namespace

void add_authorization(Functions& f) {
  TypeRef s = string_type();
  const TypeRef& r = resource_check_type();
  using Question = AuthorizationQuestion;
  f.member("path", "authorizer_path", {authorizer_type(), s}, path_check_type(), with_path);
  f.member("group", "authorizer_group", {authorizer_type(), s}, group_check_type(),
           with<GroupHolder, AuthorizerHolder, &Question::group>);
  f.member("serviceAccount", "authorizer_serviceaccount", {authorizer_type(), s, s}, authorizer_type(),
           with_service_account);
  f.member("resource", "groupcheck_resource", {group_check_type(), s}, r, with_resource);
  f.member("subresource", "resourcecheck_subresource", {r, s}, r,
           with<ResourceHolder, ResourceHolder, &Question::subresource>);
  f.member("namespace", "resourcecheck_namespace", {r, s}, r,
           with<ResourceHolder, ResourceHolder, &Question::namespace_name>);
  f.member("name", "resourcecheck_name", {r, s}, r, with<ResourceHolder, ResourceHolder, &Question::name>);
  f.member("fieldSelector", "authorizer_fieldselector", {r, s}, r,
           with<ResourceHolder, ResourceHolder, &Question::field_selector>);
  f.member("labelSelector", "authorizer_labelselector", {r, s}, r,
           with<ResourceHolder, ResourceHolder, &Question::label_selector>);
  f.member("check", "pathcheck_check", {path_check_type(), s}, decision_type(), check<PathHolder>,
           CallCost::AuthorizationCheck);
  f.member("check", "resourcecheck_check", {r, s}, decision_type(), check<ResourceHolder>,
           CallCost::AuthorizationCheck);
  f.member("allowed", "decision_allowed", {decision_type()}, bool_type(), allowed);
  f.member("reason", "decision_reason", {decision_type()}, s, reason);
  f.member("errored", "decision_errored", {decision_type()}, bool_type(), errored);
  f.member("error", "decision_error", {decision_type()}, s, error);
}

}  // namespace library

Value authorizer_value(std::shared_ptr<const Authorizer> authorizer) {
  return library::AuthorizerHolder::wrap({std::move(authorizer), {}});
}
Value resource_check_value(std::shared_ptr<const Authorizer> authorizer, AuthorizationQuestion about) {
  about.about_resource = true;
  return library::ResourceHolder::wrap({std::move(authorizer), std::move(about)});
}
TypeRef authorizer_type() {
  return library::authorizer_type();
}
TypeRef resource_check_type() {
  return library::resource_check_type();
}

}  // namespace cel
