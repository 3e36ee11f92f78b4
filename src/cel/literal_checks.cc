#include "cel/literal_checks.h"

#include "cel/regex.h"
#include "cel/scalar.h"

namespace cel {
namespace {

bool can_be_read(const Expression& call, std::string_view text) {
  if (call.name == "duration") return read_duration(text).has_value();
  if (call.name == "timestamp") return read_timestamp(text).has_value();
  return find_regex(text) != nullptr;
}

}  // namespace

void check_literals(const Expression& e, Issues& issues) {
  if (e.target != nullptr) check_literals(*e.target, issues);
  for (const ExpressionPtr& argument : e.arguments) check_literals(*argument, issues);
  if (e.comprehension != nullptr) {
    const Comprehension& c = *e.comprehension;
    for (const ExpressionPtr* part : {&c.range, &c.initial, &c.condition, &c.step, &c.result})
      check_literals(**part, issues);
  }
  if (e.kind != Expression::Kind::Call || e.arguments.empty()) return;
  bool global = e.target == nullptr && (e.name == "duration" || e.name == "timestamp");
  if (!global && e.name != "matches") return;
  const Expression& argument = *e.arguments.back();
  if (argument.kind != Expression::Kind::Literal || argument.literal.kind() != Kind::String) return;
  if (can_be_read(e, argument.literal.as_string())) return;
  issues.add(argument.offset, "invalid " + e.name + " argument");
}

}  // namespace cel
