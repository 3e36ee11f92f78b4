#include "cel/function.h"

#include <algorithm>

#include "cel/library/libraries.h"

namespace cel {
namespace {

bool before(const Function& function, std::string_view name) {
  return function.name < name;
}

const Functions& all() {
  static const Functions functions = [] {
    Functions made;
    for (auto add : library::kLibraries) add(made);
    return made;
  }();
  return functions;
}

}  // namespace

bool fits(const Type& parameter, const Value& value) {
  switch (parameter.kind) {
    case Kind::Dyn:
    case Kind::Param:
      return true;
    case Kind::Opaque:
      return value.kind() == Kind::Opaque && value.type_name() == parameter.name;
    case Kind::Map:
      return value.kind() == Kind::Map || value.kind() == Kind::Object;
    default:
      return value.kind() == parameter.kind;
  }
}

const Function* find_function(std::string_view name) {
  return all().find(name);
}

TypeRef find_type_name(std::string_view name) {
  static const std::vector<TypeRef> types = [] {
    std::vector<TypeRef> made = {bool_type(),
                                 int_type(),
                                 uint_type(),
                                 double_type(),
                                 string_type(),
                                 bytes_type(),
                                 null_type(),
                                 list_type(dyn_type()),
                                 timestamp_type(),
                                 duration_type(),
                                 type_type(nullptr),
                                 map_type(dyn_type(), dyn_type()),
                                 optional_type(dyn_type())};
    for (const TypeRef& type : library::opaque_types()) made.push_back(type);
    return made;
  }();
  for (const TypeRef& type : types) {
    if (type->runtime_name() == name) return type;
  }
  return nullptr;
}

void Functions::add(std::string_view name, Overload overload) {
  auto at = std::lower_bound(functions_.begin(), functions_.end(), name, before);
  if (at == functions_.end() || at->name != name) at = functions_.insert(at, Function{std::string(name), {}});
  at->overloads.push_back(std::move(overload));
}

void Functions::global(std::string_view name, std::string_view id, std::vector<TypeRef> parameters, TypeRef result,
                       Implementation implementation, CallCost cost) {
  add(name, {std::string(id), std::move(parameters), std::move(result), false, implementation, cost});
}

void Functions::member(std::string_view name, std::string_view id, std::vector<TypeRef> parameters, TypeRef result,
                       Implementation implementation, CallCost cost) {
  add(name, {std::string(id), std::move(parameters), std::move(result), true, implementation, cost});
}

const Function* Functions::find(std::string_view name) const {
  auto at = std::lower_bound(functions_.begin(), functions_.end(), name, before);
  return at == functions_.end() || at->name != name ? nullptr : &*at;
}

}  // namespace cel
