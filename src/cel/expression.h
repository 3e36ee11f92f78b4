// The syntax tree. The parser makes it, macros expanded; the checker writes types and what names refer to into it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cel/type.h"
#include "cel/value.h"

namespace cel {

struct Expression;
struct Overload;
using ExpressionPtr = std::unique_ptr<Expression>;

// A loop with an accumulator. Macros become this.
struct Comprehension {
  // Which macro it came from, so that the evaluator need not find out. Generic: as it reads.
  enum class Form : uint8_t { Generic, All, Exists, Collect, Insert, Bind };

  Form form = Form::Generic;
  std::string variable;
  std::string second_variable;  // empty: one variable
  std::string accumulator;
  ExpressionPtr range;
  ExpressionPtr initial;
  ExpressionPtr condition;
  ExpressionPtr step;
  ExpressionPtr result;
};

// The name under which optMap holds its target; nobody can write it.
inline constexpr std::string_view kOptionalTarget = "@target";

struct Expression {
  enum class Kind : uint8_t { Error, Literal, Name, Select, Call, List, Map, Object, Comprehension };

  Kind kind;
  uint32_t offset;                       // its place in the source
  uint32_t height = 1;                   // levels of the tree; kept by the factories and by whoever adds children
  bool test_only = false;                // Select: has(a.b)
  Value literal;                         // Literal
  std::string name;                      // Name; Select: the field; Call: the function; Object: the type
  ExpressionPtr target;                  // Select: the operand; Call: the receiver, if any
  std::vector<ExpressionPtr> arguments;  // Call; List: elements; Map: keys and values in turn; Object: values
  std::vector<std::string> field_names;  // Object
  std::vector<uint32_t> entry_offsets;   // Map and Object: place of each ':'
  std::vector<bool> optional_entries;    // List, Map and Object: those with '?'; empty when there are none
  std::unique_ptr<Comprehension> comprehension;

  // Of the checker.
  TypeRef type;
  std::string reference;  // the variable a name or a chain of selects refers to, or the function's full name
  std::vector<const Overload*> overloads;  // that may be meant, of a call
  bool static_call = false;                // the receiver is part of the function's name
};

ExpressionPtr make_expression(Expression::Kind kind, uint32_t offset);
ExpressionPtr make_name(uint32_t offset, std::string name);
ExpressionPtr make_literal(uint32_t offset, Value value);
ExpressionPtr make_call(uint32_t offset, std::string function, std::vector<ExpressionPtr> arguments);
template <class... Arguments>
ExpressionPtr call(uint32_t offset, std::string function, Arguments... arguments) {
  std::vector<ExpressionPtr> list;
  (list.push_back(std::move(arguments)), ...);
  return make_call(offset, std::move(function), std::move(list));
}
ExpressionPtr member_call(uint32_t offset, std::string function, ExpressionPtr target,
                          std::vector<ExpressionPtr> arguments = {});
// Counts a child that was added.
void rise(Expression& parent, const Expression& child);
ExpressionPtr clone(const Expression& expression);
// "a.b.c" when it is a chain of selects from a name, else empty.
std::string qualified_name(const Expression& expression);

}  // namespace cel
