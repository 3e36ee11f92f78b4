#include "cel/environment.h"

#include "base/strings.h"
#include "cel/checked.h"
#include "cel/checker.h"
#include "cel/parser.h"
#include "cel/program.h"
#include "cel/source.h"

namespace cel {

void Environment::add_variable(std::string name, DeclarationRef declaration) {
  learn(declaration);
  TypeRef type = declaration->type;
  variables_.push_back({std::move(name), std::move(type), std::move(declaration)});
}

void Environment::add_optional_variable(std::string name, DeclarationRef declaration) {
  learn(declaration);
  variables_.push_back({std::move(name), optional_type(declaration->type), std::move(declaration)});
}

void Environment::learn(const DeclarationRef& declaration) {
  if (declaration == nullptr) return;
  if (declaration->type->kind == Kind::Object && !objects_.emplace(declaration->type->name, declaration).second) return;
  for (const FieldDeclaration& field : declaration->fields) learn(field.declaration);
  learn(declaration->key);
  learn(declaration->element);
}

const Environment::Variable* Environment::find_variable(std::string_view name) const {
  for (const Variable& variable : variables_) {
    if (variable.name == name) return &variable;
  }
  return nullptr;
}

const Declaration* Environment::find_object(std::string_view type_name) const {
  auto found = objects_.find(type_name);
  return found == objects_.end() ? nullptr : found->second.get();
}

base::Result<ProgramRef> Environment::compile(std::string_view expression) const {
  Source source(expression);
  Issues issues(source);
  ExpressionPtr root;
  if (source.characters().size() > kMaxExpressionSize) {
    issues.add(Issues::kNowhere,
               base::cat({"expression code point size exceeds limit: size: ",
                          std::to_string(source.characters().size()), ", limit ", std::to_string(kMaxExpressionSize)}));
  } else {
    root = parse(source, issues);
    if (issues.empty()) check(*root, *this, issues);
  }
  if (!issues.empty()) return base::fail(base::Code::BadRequest, issues.to_string());
  auto checked = std::make_unique<Checked>();
  checked->root = std::move(root);
  return std::make_shared<const Program>(std::string(expression), std::move(checked));
}

}  // namespace cel
