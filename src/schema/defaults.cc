#include "schema/defaults.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/quantity.h"
#include "base/strings.h"
#include "schema/computed_defaults.h"
#include "schema/custom.h"
#include "schema/default_rules.h"
#include "schema/given.h"
#include "schema/json.h"
#include "schema/member.h"
#include "schema/value.h"

namespace schema {

namespace {

// The schemas are part of the program: a rule that does not fit them is a broken build.
[[noreturn]] void broken(const Type& type, std::string_view rule, std::string_view why) {
  std::string line = base::cat({"schemas: default of ", type.name, " at \"", rule, "\": ", why, "\n"});
  std::fputs(line.c_str(), stderr);
  std::abort();
}

// A field, and the fields of structs that lead to it.
struct Place {
  std::vector<const Field*> way;
  const Field* field;
};

struct Condition {
  enum class Is : uint8_t { Set, Empty, Absent, OneOf };
  bool from_holder;  // else from the struct whose rule it is
  Place place;
  Is is;
  std::vector<std::string> values;
};

struct Step {
  enum class Do : uint8_t { Fill, Clear, Compute, RoundUp, Descend };
  Do what;
  Place place;
  std::vector<Condition> conditions;
  std::shared_ptr<void> sample;  // a struct of the place's holder, whose field has the value
  ComputedDefault compute = nullptr;
  struct Program* program = nullptr;
};

// What is done to a struct of one type, in order.
struct Program {
  std::vector<Step> steps;
  bool finished = false;  // never changes again
};

// The resource lists of core: their amounts are kept to the thousandth.
bool is_resource_list(const Type& type, const Field& field) {
  static const std::set<std::string_view> kNames = {"limits",
                                                    "requests",
                                                    "capacity",
                                                    "allocatable",
                                                    "hard",
                                                    "used",
                                                    "overhead",
                                                    "max",
                                                    "min",
                                                    "default",
                                                    "defaultRequest",
                                                    "maxLimitRequestRatio",
                                                    "allocatedResources",
                                                    "podFixed"};
  return field.shape == Shape::Quantity && field.holder == Holder::Map && type.group.empty() &&
         kNames.contains(field.name());
}

Place find_place(const Type& type, std::string_view path) {
  Place place;
  const Type* at = &type;
  std::vector<std::string_view> names = base::split(path, '.');
  for (size_t i = 0; i < names.size(); ++i) {
    std::string_view name = names[i].ends_with("[*]") ? names[i].substr(0, names[i].size() - 3) : names[i];
    const Field* field = at == nullptr ? nullptr : at->find(name);
    if (field == nullptr) broken(type, path, "no such field");
    if (i + 1 == names.size()) {
      place.field = field;
    } else {
      place.way.push_back(field);
      at = field->type;
    }
  }
  return place;
}

const Type& holder_of(const Type& type, const Place& place) {
  return place.way.empty() ? type : *place.way.back()->type;
}

std::vector<Condition> parse_conditions(const Type& type, const Type& holder, std::string_view json) {
  std::vector<Condition> conditions;
  if (json.empty()) return conditions;
  auto parsed = Value::parse(json);
  if (!parsed || !parsed->is_object()) broken(type, json, "no condition");
  for (const Member& member : parsed->as_object()) {
    std::string_view path = member.key;
    Condition condition{.from_holder = path.starts_with('.'), .place = {}, .is = Condition::Is::OneOf, .values = {}};
    condition.place = condition.from_holder ? find_place(holder, path.substr(1)) : find_place(type, path);
    if (member.value.is_string()) {
      std::string_view is = member.value.as_string();
      condition.is = is == "set" ? Condition::Is::Set : is == "absent" ? Condition::Is::Absent : Condition::Is::Empty;
    } else {
      for (const Value& value : member.value.as_array()) condition.values.push_back(value.as_string());
    }
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

Step fill(const Type& type, Place place, std::string_view value) {
  const Type& holder = holder_of(type, place);
  Step step{.what = Step::Do::Fill, .place = std::move(place), .conditions = {}, .sample = {}};
  step.sample = std::shared_ptr<void>(holder.make(), holder.remove);
  std::string json = "{";
  base::append_json_string(json, step.place.field->name());
  json += base::cat({":", value, "}"});
  if (auto done = decode_json_into(holder, step.sample.get(), json); !done) broken(type, json, done.error().message());
  return step;
}

Step compile(const DefaultRule& rule) {
  if (!rule.computed.empty()) {
    Step step{.what = Step::Do::Compute, .place = {}, .conditions = {}, .sample = {}};
    step.compute = find_computed_default(rule.computed);
    if (step.compute == nullptr) broken(*rule.type, rule.computed, "no such function");
    return step;
  }
  Place place = find_place(*rule.type, rule.path);
  auto conditions = parse_conditions(*rule.type, holder_of(*rule.type, place), rule.condition);
  Step step = rule.value == "null" ? Step{.what = Step::Do::Clear, .place = place, .conditions = {}, .sample = {}}
                                   : fill(*rule.type, place, rule.value);
  step.conditions = std::move(conditions);
  return step;
}

// A type's own rules first, then field by field what is declared there and what is to be done below.
class Compiler {
 public:
  Compiler() {
    for (const DefaultRule& rule : default_rules()) rules_[rule.type].push_back(&rule);
  }

  Program* program_of(const Type& type) {
    auto& slot = programs_[&type];
    if (slot) return slot.get();
    slot = std::make_unique<Program>();
    Program& program = *slot;
    add_own_rules(type, program);
    for (const Field& field : type.fields()) {
      if (field.notes != nullptr && !field.notes->default_json.empty()) {
        program.steps.push_back(fill(type, {{}, &field}, field.notes->default_json));
      }
      if (is_resource_list(type, field)) {
        program.steps.push_back({.what = Step::Do::RoundUp, .place = {{}, &field}, .conditions = {}, .sample = {}});
      }
      if (field.shape != Shape::Struct) continue;
      Step step{.what = Step::Do::Descend, .place = {{}, &field}, .conditions = {}, .sample = {}};
      step.program = program_of(*field.type);
      program.steps.push_back(std::move(step));
    }
    return &program;
  }

  // The rules of the type, and of the structs inlined in it, whose fields stand among its own.
  void add_own_rules(const Type& type, Program& program) {
    for (const DefaultRule* rule : rules_[&type]) program.steps.push_back(compile(*rule));
    for (size_t i = type.json_count; i < type.all_count; ++i) {
      const Field& inlined = type.all[i];
      if (inlined.shape != Shape::Struct || inlined.holder != Holder::Value) continue;
      auto& slot = inlined_programs_[inlined.type];
      if (!slot) {
        slot = std::make_unique<Program>();
        add_own_rules(*inlined.type, *slot);
      }
      if (slot->steps.empty()) continue;
      Step step{.what = Step::Do::Descend, .place = {{}, &inlined}, .conditions = {}, .sample = {}};
      step.program = slot.get();
      program.steps.push_back(std::move(step));
    }
  }

  // Drops the ways that lead to no rule. Types may hold themselves, so this goes on until nothing changes.
  void prune() {
    std::set<const Program*> useful;
    for (auto& [type, program] : inlined_programs_) useful.insert(program.get());
    for (bool changed = true; changed;) {
      changed = false;
      for (auto& [type, program] : programs_) {
        if (useful.contains(program.get())) continue;
        for (const Step& step : program->steps) {
          bool counts = step.what != Step::Do::Descend || useful.contains(step.program);
          if (counts) changed |= useful.insert(program.get()).second;
        }
      }
    }
    for (auto& [type, program] : programs_) {
      if (std::exchange(program->finished, true)) continue;
      std::erase_if(program->steps,
                    [&](const Step& step) { return step.what == Step::Do::Descend && !useful.contains(step.program); });
      program->steps.shrink_to_fit();
    }
  }

 private:
  std::map<const Type*, std::vector<const DefaultRule*>> rules_;
  std::map<const Type*, std::unique_ptr<Program>> programs_;
  std::map<const Type*, std::unique_ptr<Program>> inlined_programs_;
};

// The program of a kind; made when first asked for, and constant then.
const Program* program_of(const Type& type) {
  struct Programs {
    base::Mutex mutex;
    Compiler compiler GUARDED_BY(mutex);
    std::set<const Type*> kinds GUARDED_BY(mutex);
  };
  static Programs& programs = *new Programs;
  base::Lock lock(programs.mutex);
  Program* program = programs.compiler.program_of(type);
  if (programs.kinds.insert(&type).second) programs.compiler.prune();
  return program;
}

class Runner {
 public:
  explicit Runner(base::Clock& clock) : clock_(clock) {}

  void run(const Program& program, void* object) {
    for (const Step& step : program.steps) {
      switch (step.what) {
        case Step::Do::Compute:
          step.compute(object, clock_);
          break;
        case Step::Do::RoundUp:
          round_up(*step.place.field, object);
          break;
        case Step::Do::Descend:
          for_each_struct(*step.place.field, object, [&](void* below) { run(*step.program, below); });
          break;
        default:
          set(step, object, object, 0);
      }
    }
  }

 private:
  using Quantities = std::map<std::string, base::Quantity, std::less<>>;

  static void round_up(const Field& field, void* object) {
    for (auto& [name, quantity] : *static_cast<Quantities*>(field.in(object)))
      quantity = quantity.rounded_up_to_milli();
  }

  void set(const Step& step, void* root, void* at, size_t depth) {
    if (depth < step.place.way.size()) {
      for_each_struct(*step.place.way[depth], at, [&](void* below) { set(step, root, below, depth + 1); });
      return;
    }
    const Field& field = *step.place.field;
    if (is_empty(field, at) == (step.what == Step::Do::Clear)) return;
    for (const Condition& condition : step.conditions) {
      if (!holds(condition, condition.from_holder ? at : root)) return;
    }
    if (step.what == Step::Do::Clear) {
      clear(field, at);
    } else {
      assign(field, at, step.sample.get());
    }
  }

  // A place behind an absent struct is empty.
  static bool holds(const Condition& condition, void* object) {
    for (const Field* field : condition.place.way) {
      void* below = nullptr;
      for_each_struct(*field, object, [&](void* one) { below = one; });
      if (below == nullptr) return condition.is == Condition::Is::Empty || condition.is == Condition::Is::Absent;
      object = below;
    }
    const Field& field = *condition.place.field;
    if (condition.is == Condition::Is::Absent) return is_empty(field, object) && !is_given_empty(field, object);
    if (condition.is != Condition::Is::OneOf) return is_empty(field, object) == (condition.is == Condition::Is::Empty);
    std::string_view text = text_of(field, object);
    for (const std::string& value : condition.values) {
      if (value == text) return true;
    }
    return false;
  }

  base::Clock& clock_;
};

}  // namespace

void apply_defaults(Object& object, base::Clock& clock) {
  const Type& type = object.type();
  if (Custom* custom = custom_of(object)) {
    if (type.structural != nullptr && custom->kind.empty()) apply_defaults(custom->content, *type.structural);
    return;
  }
  Runner runner(clock);
  if (type.has(Type::Defaulted)) {
    runner.run(*program_of(type), object.data());
    return;
  }
  const Field* items = type.has(Type::List) ? type.find("items") : nullptr;
  if (items == nullptr || items->type == nullptr || !items->type->has(Type::Defaulted)) return;
  const Program& program = *program_of(*items->type);
  for_each_struct(*items, object.data(), [&](void* item) { runner.run(program, item); });
}

}  // namespace schema
