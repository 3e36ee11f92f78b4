#include "cel/inference.h"

namespace cel {
namespace {

bool less_specific_or_equal(const Type& a, const Type& b) {
  if (a.kind == Kind::Dyn || a.kind == Kind::Param) return true;
  if (b.kind == Kind::Dyn || b.kind == Kind::Param) return false;
  if (a.kind != b.kind || a.name != b.name) return false;
  if (a.kind == Kind::Type) return true;
  if (a.parameters.size() != b.parameters.size()) return false;
  for (size_t i = 0; i < a.parameters.size(); ++i) {
    if (!less_specific_or_equal(*a.parameters[i], *b.parameters[i])) return false;
  }
  return true;
}

// What null may stand for.
bool is_nullable(const Type& type) {
  switch (type.kind) {
    case Kind::Null:
    case Kind::Object:
    case Kind::Opaque:
    case Kind::Timestamp:
    case Kind::Duration:
      return true;
    default:
      return false;
  }
}

TypeRef rebuild(const Type& type, std::vector<TypeRef> parameters) {
  return std::make_shared<const Type>(Type{type.kind, type.name, std::move(parameters)});
}

}  // namespace

bool is_dyn_or_error(const Type& type) {
  return type.kind == Kind::Dyn || type.kind == Kind::Error;
}

TypeRef most_general(const TypeRef& a, const TypeRef& b) {
  return less_specific_or_equal(*a, *b) ? a : b;
}

TypeRef Inference::fresh_variable() {
  return type_parameter("_var" + std::to_string(next_++));
}

TypeRef Inference::instantiate(const TypeRef& type, std::map<std::string, TypeRef>& names) {
  if (type->kind == Kind::Param) {
    TypeRef& variable = names[type->name];
    if (variable == nullptr) variable = fresh_variable();
    return variable;
  }
  if (type->parameters.empty()) return type;
  std::vector<TypeRef> parameters;
  for (const TypeRef& parameter : type->parameters) parameters.push_back(instantiate(parameter, names));
  return rebuild(*type, std::move(parameters));
}

TypeRef Inference::resolve(const TypeRef& type, bool unknown_to_dyn) const {
  if (type->kind == Kind::Param) {
    auto found = known_.find(type->name);
    if (found != known_.end()) return resolve(found->second, unknown_to_dyn);
    return unknown_to_dyn ? dyn_type() : type;
  }
  if (type->parameters.empty()) return type;
  std::vector<TypeRef> parameters;
  for (const TypeRef& parameter : type->parameters) parameters.push_back(resolve(parameter, unknown_to_dyn));
  return rebuild(*type, std::move(parameters));
}

bool Inference::mentions(const Type& variable, const TypeRef& in) const {
  if (in->kind == Kind::Param) {
    if (in->name == variable.name) return true;
    auto found = known_.find(in->name);
    return found != known_.end() && mentions(variable, found->second);
  }
  for (const TypeRef& parameter : in->parameters) {
    if (mentions(variable, parameter)) return true;
  }
  return false;
}

void Inference::learn(const std::string& variable, const TypeRef& type) {
  TypeRef& known = known_[variable];
  before_.emplace_back(variable, std::exchange(known, type));
}

void Inference::forget() {
  for (; !before_.empty(); before_.pop_back()) {
    auto& [variable, type] = before_.back();
    if (type == nullptr) {
      known_.erase(variable);
    } else {
      known_[variable] = std::move(type);
    }
  }
}

Inference::Substitution Inference::substitute(const TypeRef& a, const TypeRef& b) {
  if (same_type(*a, *b)) return {true, true};
  if (auto found = known_.find(b->name); found != known_.end()) {
    TypeRef current = found->second;
    if (same_type(*a, *current)) return {true, true};
    if (!fits(a, current)) return {false, true};
    TypeRef wider = most_general(a, current);
    if (!mentions(*b, wider)) learn(b->name, wider);
    return {true, true};
  }
  if (mentions(*b, a)) return {false, false};
  learn(b->name, a);
  return {true, false};
}

bool Inference::fits(const TypeRef& a, const TypeRef& b) {
  if (b->kind == Kind::Param) {
    Substitution found = substitute(a, b);
    if (found.valid) return true;
    if (found.known) return false;
  }
  if (a->kind == Kind::Param) return substitute(b, a).valid;
  if (is_dyn_or_error(*a) || is_dyn_or_error(*b)) return true;
  if (a->kind == Kind::Null) return is_nullable(*b);
  if (b->kind == Kind::Null) return is_nullable(*a);
  if (a->kind != b->kind) return false;
  if (a->kind == Kind::Type) return true;
  if (a->name != b->name) return false;
  return fits_all(a->parameters, b->parameters);
}

bool Inference::fits_all(const std::vector<TypeRef>& a, const std::vector<TypeRef>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!fits(a[i], b[i])) return false;
  }
  return true;
}

bool Inference::assignable(const TypeRef& a, const TypeRef& b) {
  bool fit = fits(a, b);
  if (!fit) forget();
  before_.clear();
  return fit;
}

bool Inference::assignable(const std::vector<TypeRef>& a, const std::vector<TypeRef>& b) {
  bool fit = fits_all(a, b);
  if (!fit) forget();
  before_.clear();
  return fit;
}

}  // namespace cel
