#include "apiserver/admission/expression_input.h"

#include "api/admission_k8s_io_v1.h"
#include "api/core_v1.h"
#include "apiserver/admission/matching.h"
#include "apiserver/admission/presented.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

base::Result<schema::Value> request_tree(const Attempt& attempt, const Served& version, const Presented& seen) {
  TRY(auto tree, schema::Value::parse(schema::to_json(admission_request(attempt, version, seen))));
  for (std::string_view hidden : {"uid", "object", "oldObject"}) tree.as_object().erase(hidden);
  return tree;
}

}  // namespace

// May the user of the request, or a service account, do something? What takes asking outside is noted, and known in the
// next evaluation.
class RequestAuthorizer final : public cel::Authorizer {
 public:
  RequestAuthorizer(const apiserver::Authorizer& authorizer, User user)
      : authorizer_(authorizer), user_(std::move(user)) {}

  cel::AuthorizationAnswer authorize(const cel::AuthorizationQuestion& question) const override {
    AuthorizationAttributes attributes;
    attributes.user = user_;
    if (question.service_account) {
      const auto& [namespace_, name] = *question.service_account;
      attributes.user = User{};
      attributes.user.name = base::cat({"system:serviceaccount:", namespace_, ":", name});
      attributes.user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + namespace_,
                                std::string(kAuthenticatedGroup)};
    }
    attributes.verb = question.verb;
    attributes.resource_request = question.about_resource;
    attributes.path = question.path;
    attributes.api_group = question.group;
    attributes.api_version = "*";
    attributes.resource = question.resource;
    attributes.subresource = question.subresource;
    attributes.namespace_ = question.namespace_name;
    attributes.name = question.name;
    attributes.field_selector = question.field_selector;
    attributes.label_selector = question.label_selector;
    for (const auto& [asked, answer] : known_) {
      if (asked == attributes) return told(answer);
    }
    auto answer = authorizer_.decide(attributes);
    if (answer) return told(*answer);
    open_.push_back(std::move(attributes));
    return {};
  }

  io::Task<bool> settle() {
    auto open = std::exchange(open_, {});
    for (auto& attributes : open) {
      auto answer = co_await authorizer_.authorize(attributes);
      known_.emplace_back(std::move(attributes), std::move(answer));
    }
    co_return !open.empty();
  }

 private:
  static cel::AuthorizationAnswer told(const Authorization& answer) {
    return {.allowed = answer.allowed(), .reason = answer.reason, .error = answer.error};
  }

  const apiserver::Authorizer& authorizer_;
  const User user_;
  std::vector<std::pair<AuthorizationAttributes, Authorization>> known_;  // of those who had to be asked
  mutable std::vector<AuthorizationAttributes> open_;
};

io::Task<bool> ExpressionInput::settle() const {
  return rights->settle();
}

io::Task<base::Result<std::unique_ptr<ExpressionInput>>> ExpressionInput::of(const Attempt& attempt,
                                                                             const Served& version,
                                                                             const Authorizer& authorizer,
                                                                             bool needs_namespace) {
  auto input = std::make_unique<ExpressionInput>();
  CO_TRY(auto seen, present(attempt, version));
  if (seen.object) {
    CO_TRY(input->object, schema::Value::parse(schema::to_json(seen.object)));
  }
  if (seen.old_object) {
    CO_TRY(input->old_object, schema::Value::parse(schema::to_json(seen.old_object)));
  }
  CO_TRY(input->request, request_tree(attempt, version, seen));
  if (needs_namespace && !attempt.namespace_.empty() && !attempt.is("namespaces")) {
    CO_TRY(auto space, co_await attempt.reader.get<api::core_v1::Namespace>("", std::string(attempt.namespace_)));
    CO_TRY(input->namespace_object, schema::Value::parse(schema::to_json(schema::Object(std::move(space)))));
  }
  auto asked = std::make_shared<RequestAuthorizer>(authorizer, attempt.user);
  cel::AuthorizationQuestion about;
  const auto& row = version.row();
  about.about_resource = true;
  about.group = row.group;
  about.resource = row.plural;
  about.subresource = attempt.subresource;
  about.namespace_name = attempt.namespace_;
  about.name = attempt.name;
  input->authorizer = cel::authorizer_value(asked);
  input->request_resource = cel::resource_check_value(asked, std::move(about));
  input->rights = std::move(asked);
  co_return input;
}

void ExpressionInput::fill(cel::Activation& activation) const {
  activation.set("object", cel::Value::of(object));
  activation.set("oldObject", cel::Value::of(old_object));
  activation.set("authorizer", authorizer);
  activation.set("authorizer.requestResource", request_resource);
  activation.set("request", cel::Value::of(request));
  activation.set("namespaceObject", namespace_object.is_null()
                                        ? cel::Value::null()
                                        : cel::Value::of(namespace_object, cel::namespace_declaration().get()));
}

}  // namespace apiserver
