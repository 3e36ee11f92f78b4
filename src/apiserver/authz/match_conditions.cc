#include "apiserver/authz/match_conditions.h"

#include <set>

#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace authorization = api::authorization_k8s_io_v1;
using cel::DeclarationRef;

constexpr uint64_t kConditionsBudget = 2'500'000;  // upstream's, for all conditions of one authorizer

DeclarationRef text() {
  return cel::declare(cel::string_type());
}

DeclarationRef selector(const std::string& name) {
  auto requirement =
      cel::declare_object(base::cat({"kubernetes.", name, "Requirement"}),
                          {{"key", text()}, {"operator", text()}, {"values", cel::declare_list(text())}});
  return cel::declare_object(base::cat({"kubernetes.", name, "Attributes"}),
                             {{"rawSelector", text()}, {"requirements", cel::declare_list(std::move(requirement))}});
}

const DeclarationRef& request_declaration() {
  static const DeclarationRef declaration = [] {
    auto resource =
        cel::declare_object("kubernetes.ResourceAttributes", {{"namespace", text()},
                                                              {"verb", text()},
                                                              {"group", text()},
                                                              {"version", text()},
                                                              {"resource", text()},
                                                              {"subresource", text()},
                                                              {"name", text()},
                                                              {"fieldSelector", selector("FieldSelector")},
                                                              {"labelSelector", selector("LabelSelector")}});
    auto path = cel::declare_object("kubernetes.NonResourceAttributes", {{"path", text()}, {"verb", text()}});
    return cel::declare_object("kubernetes.SubjectAccessReviewSpec",
                               {{"resourceAttributes", std::move(resource)},
                                {"nonResourceAttributes", std::move(path)},
                                {"user", text()},
                                {"groups", cel::declare_list(text())},
                                {"extra", cel::declare_map(text(), cel::declare_list(text()))},
                                {"uid", text()}});
  }();
  return declaration;
}

// The spec with every field of user and attributes, empty ones too: expressions need not ask whether they are there.
schema::Value request_tree(const authorization::SubjectAccessReviewSpec& spec) {
  auto tree = schema::Value::parse(schema::to_json(spec)).value_or(schema::Value::object());
  auto fill = [](schema::Value& at, std::initializer_list<std::string_view> names) {
    for (auto name : names) {
      if (at.find(name) == nullptr) at.as_object().set(name, "");
    }
  };
  fill(tree, {"user", "uid"});
  if (tree.find("groups") == nullptr) tree.as_object().set("groups", schema::Value::array());
  if (tree.find("extra") == nullptr) tree.as_object().set("extra", schema::Value::object());
  if (auto* resource = tree.find("resourceAttributes"))
    fill(*resource, {"namespace", "verb", "group", "version", "resource", "subresource", "name"});
  if (auto* path = tree.find("nonResourceAttributes")) fill(*path, {"path", "verb"});
  return tree;
}

}  // namespace

AuthorizerConditions AuthorizerConditions::compile(const std::vector<std::string>& expressions,
                                                   const schema::FieldPath& path, schema::FieldErrors& errors) {
  AuthorizerConditions made;
  if (expressions.empty()) return made;
  cel::Environment environment;
  environment.add_variable("request", request_declaration());
  std::set<std::string> seen;
  for (size_t i = 0; i < expressions.size(); ++i) {
    auto at = path.index(i).child("expression");
    const auto& expression = expressions[i];
    if (base::trim(expression).empty()) {
      errors.push_back(schema::FieldError::required(at));
      continue;
    }
    if (!seen.insert(expression).second) {
      errors.push_back(schema::FieldError::duplicate(at, expression));
      continue;
    }
    auto program = environment.compile(expression);
    if (!program) {
      errors.push_back(
          schema::FieldError::invalid(at, expression, base::cat({"compilation failed: ", program.error().message()})));
    } else if ((*program)->result_type()->kind != cel::Kind::Bool) {
      errors.push_back(schema::FieldError::invalid(at, expression, "must evaluate to bool"));
    } else {
      made.programs_.push_back(std::move(*program));
    }
  }
  return made;
}

base::Result<bool> AuthorizerConditions::judge(const authorization::SubjectAccessReviewSpec& spec) const {
  auto tree = request_tree(spec);
  cel::Activation activation;
  activation.set("request", cel::Value::of(tree, request_declaration().get()));
  cel::Budget budget{.limit = kConditionsBudget};
  std::string error;
  for (const auto& program : programs_) {
    auto verdict = program->evaluate(activation, budget);
    if (verdict.is_error()) {
      if (!error.empty()) error += ", ";
      error += base::cat(
          {"cel evaluation error: expression '", program->source(), "' resulted in error: ", verdict.error_message()});
    } else if (!verdict.is_true()) {
      return false;
    }
  }
  if (!error.empty()) return base::fail(base::Code::Invalid, std::move(error));
  return true;
}

}  // namespace apiserver
