// Functions: their overloads as the checker sees them, and what they do. Libraries are lists of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cel/type.h"
#include "cel/value.h"

namespace cel {

// What a call costs, while running and estimated beforehand. Sizes are of the arguments, receiver first.
enum class CallCost : uint8_t {
  One,
  Free,           // a choice; its branches cost
  TraverseFirst,  // the first argument is read once
  ParseFirst,     // the same
  ParseTwice,
  StartsWith,  // as TraverseFirst; the estimate looks at the second
  ToBytes,
  FromBytes,
  Quote,
  FormatText,
  InList,
  Equality,  // of the smaller one
  AddText,
  AddList,
  IndexList,
  IndexMap,
  Matches,
  Contains,
  LogicalOr,
  LogicalAnd,
  Conditional,
  ListTraversal,
  Trim,  // lowerAscii and the like: a text no longer than the first argument
  Url,
  Replace,
  Split,
  Join,
  Find,
  ContainsIp,
  ContainsIpText,
  ContainsCidr,
  ContainsCidrText,
  Validate,
  SetsOnce,  // product of the sizes
  SetsTwice,
  AuthorizationCheck,
};

// Errors among the arguments have been dealt with, and the arguments fit the overload's parameters.
using Implementation = Value (*)(std::span<const Value> arguments);

struct Overload {
  std::string id;
  std::vector<TypeRef> parameters;  // receiver first
  TypeRef result;
  bool member = false;
  Implementation implementation = nullptr;
  CallCost cost = CallCost::One;
};

struct Function {
  std::string name;
  std::vector<Overload> overloads;
};

// Whether a value may be passed for a parameter, by its outermost type.
bool fits(const Type& parameter, const Value& value);

// Of all libraries; null when there is none.
const Function* find_function(std::string_view name);
// The type that a name stands for, as "int" or "net.IP"; null when it is none.
TypeRef find_type_name(std::string_view name);

// Collects the overloads of a library.
class Functions {
 public:
  void global(std::string_view name, std::string_view id, std::vector<TypeRef> parameters, TypeRef result,
              Implementation implementation, CallCost cost = CallCost::One);
  void member(std::string_view name, std::string_view id, std::vector<TypeRef> parameters, TypeRef result,
              Implementation implementation, CallCost cost = CallCost::One);
  const Function* find(std::string_view name) const;

 private:
  void add(std::string_view name, Overload overload);
  std::vector<Function> functions_;  // by name
};

inline Value no_such_overload() {
  return Value::error("no such overload");
}

}  // namespace cel
