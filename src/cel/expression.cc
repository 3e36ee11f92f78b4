#include "cel/expression.h"

#include <algorithm>

namespace cel {

ExpressionPtr make_expression(Expression::Kind kind, uint32_t offset) {
  auto expression = std::make_unique<Expression>();
  expression->kind = kind;
  expression->offset = offset;
  return expression;
}

ExpressionPtr make_name(uint32_t offset, std::string name) {
  auto expression = make_expression(Expression::Kind::Name, offset);
  expression->name = std::move(name);
  return expression;
}

ExpressionPtr make_literal(uint32_t offset, Value value) {
  auto expression = make_expression(Expression::Kind::Literal, offset);
  expression->literal = std::move(value);
  return expression;
}

void rise(Expression& parent, const Expression& child) {
  parent.height = std::max(parent.height, child.height + 1);
}

ExpressionPtr make_call(uint32_t offset, std::string function, std::vector<ExpressionPtr> arguments) {
  auto expression = make_expression(Expression::Kind::Call, offset);
  expression->name = std::move(function);
  for (const ExpressionPtr& argument : arguments) rise(*expression, *argument);
  expression->arguments = std::move(arguments);
  return expression;
}

ExpressionPtr member_call(uint32_t offset, std::string function, ExpressionPtr target,
                          std::vector<ExpressionPtr> arguments) {
  auto expression = make_call(offset, std::move(function), std::move(arguments));
  rise(*expression, *target);
  expression->target = std::move(target);
  return expression;
}

ExpressionPtr clone(const Expression& from) {
  auto copy = make_expression(from.kind, from.offset);
  copy->height = from.height;
  copy->test_only = from.test_only;
  copy->literal = from.literal;
  copy->name = from.name;
  if (from.target != nullptr) copy->target = clone(*from.target);
  for (const ExpressionPtr& argument : from.arguments) copy->arguments.push_back(clone(*argument));
  copy->field_names = from.field_names;
  copy->entry_offsets = from.entry_offsets;
  copy->optional_entries = from.optional_entries;
  if (from.comprehension != nullptr) {
    const Comprehension& loop = *from.comprehension;
    copy->comprehension = std::make_unique<Comprehension>();
    Comprehension& to = *copy->comprehension;
    to.form = loop.form;
    to.variable = loop.variable;
    to.second_variable = loop.second_variable;
    to.accumulator = loop.accumulator;
    to.range = clone(*loop.range);
    to.initial = clone(*loop.initial);
    to.condition = clone(*loop.condition);
    to.step = clone(*loop.step);
    to.result = clone(*loop.result);
  }
  return copy;
}

std::string qualified_name(const Expression& expression) {
  // No name has more parts.
  constexpr int kMaxParts = 8;
  const Expression* parts[kMaxParts];
  int count = 0;
  const Expression* at = &expression;
  for (; at->kind == Expression::Kind::Select && !at->test_only && count < kMaxParts; at = at->target.get())
    parts[count++] = at;
  if (at->kind != Expression::Kind::Name) return {};
  std::string name = at->name;
  while (count > 0) name.append(".").append(parts[--count]->name);
  return name;
}

}  // namespace cel
