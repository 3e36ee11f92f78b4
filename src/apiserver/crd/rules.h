// The rules of a schema (x-kubernetes-validations), compiled once and checked on every write. Constant, safe from any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/apiextensions_k8s_io_v1.h"
#include "cel/declaration.h"
#include "cel/program.h"
#include "schema/field_error.h"
#include "schema/structural.h"
#include "schema/value.h"

namespace cel {
using ProgramRef = std::shared_ptr<const Program>;
}

namespace apiserver::crd {

struct CompiledRule {
  std::string rule, message, field_path;
  std::string reason;               // "FieldValueInvalid" when nothing is said
  cel::ProgramRef program;          // null: `error` tells why
  cel::ProgramRef message_program;  // null when there is none, or `message_error` tells why
  std::string error, message_error;
  bool uses_old = false;
  bool old_is_optional = false;
};

// Against what the schema declares; `declaration` is of the value the rules are about.
std::vector<CompiledRule> compile_rules(const std::vector<api::apiextensions_k8s_io_v1::ValidationRule>& rules,
                                        const cel::DeclarationRef& declaration);
// Of the values that `schema` describes; null when expressions cannot see them.
cel::DeclarationRef declare_schema(const api::apiextensions_k8s_io_v1::JSONSchemaProps& schema, bool is_root);

class RuleSet {
 public:
  // Null when the schema has no rules at all.
  static std::unique_ptr<RuleSet> create(const api::apiextensions_k8s_io_v1::JSONSchemaProps& schema,
                                         bool is_root = true);

  // What breaks a rule. `old`: the value before, null at birth: rules about changes are not checked then. What is as it
  // was may go on breaking rules, which is said in `warnings`.
  schema::FieldErrors check(const schema::Value& value, const schema::Structural& structural, const schema::Value* old,
                            const schema::FieldPath& path = {}, std::vector<std::string>* warnings = nullptr) const;

 private:
  struct Node {
    cel::DeclarationRef declaration;
    std::vector<CompiledRule> rules;
    std::map<std::string, Node, std::less<>> properties;
    std::unique_ptr<Node> items, additional;

    bool empty() const { return rules.empty() && properties.empty() && items == nullptr && additional == nullptr; }
  };
  class Check;

  static Node make_node(const api::apiextensions_k8s_io_v1::JSONSchemaProps& schema, bool is_root);

  Node root_;
};

}  // namespace apiserver::crd
