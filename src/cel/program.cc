#include "cel/program.h"

#include <algorithm>

#include "cel/checked.h"
#include "cel/evaluator.h"
#include "cel/plan.h"

namespace cel {

void Activation::set(std::string_view name, Value value) {
  entries_.push_back({name, std::move(value), {}});
}
void Activation::set_lazy(std::string_view name, std::function<Value()> make) {
  entries_.push_back({name, {}, std::move(make)});
}

std::optional<Value> Activation::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return entry.make ? entry.make() : entry.value;
  }
  return std::nullopt;
}

Program::Program(std::string source, std::unique_ptr<const Checked> checked)
    : source_(std::move(source)), checked_(std::move(checked)), plan_(make_plan(*checked_->root)) {}
Program::~Program() = default;

const TypeRef& Program::result_type() const {
  return checked_->root->type;
}

bool Program::uses(std::string_view variable) const {
  return std::find(plan_->variables.begin(), plan_->variables.end(), variable) != plan_->variables.end();
}

Value Program::evaluate(const Activation& activation, Budget& budget) const {
  return Evaluator(*plan_, activation, budget).run();
}

}  // namespace cel
