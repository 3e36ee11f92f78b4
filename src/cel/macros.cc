#include "cel/macros.h"

#include <span>

namespace cel {
namespace {

constexpr std::string_view kAccumulator = "__result__";

struct Expansion {
  uint32_t at;  // place of the call
  Issues& issues;

  ExpressionPtr accumulator() const { return make_name(at, std::string(kAccumulator)); }
  ExpressionPtr boolean(bool value) const { return make_literal(at, Value::of_bool(value)); }
  ExpressionPtr integer(int64_t value) const { return make_literal(at, Value::of_int(value)); }
  ExpressionPtr list() const { return make_expression(Expression::Kind::List, at); }
  ExpressionPtr list_of(ExpressionPtr element) const {
    ExpressionPtr made = list();
    rise(*made, *element);
    made->arguments.push_back(std::move(element));
    return made;
  }
  ExpressionPtr map() const { return make_expression(Expression::Kind::Map, at); }
  ExpressionPtr choose(ExpressionPtr condition, ExpressionPtr yes, ExpressionPtr no) const {
    return call(at, "_?_:_", std::move(condition), std::move(yes), std::move(no));
  }
  ExpressionPtr failed(uint32_t place, std::string message) const {
    issues.add(place, std::move(message));
    return make_expression(Expression::Kind::Error, at);
  }
};

struct Loop {
  Comprehension::Form form = Comprehension::Form::Generic;
  ExpressionPtr initial, condition, step, result;
};

ExpressionPtr comprehend(const Expansion& x, ExpressionPtr range, std::string variable, std::string second, Loop loop) {
  auto made = make_expression(Expression::Kind::Comprehension, x.at);
  made->comprehension = std::make_unique<Comprehension>();
  Comprehension& c = *made->comprehension;
  c.form = loop.form;
  c.variable = std::move(variable);
  c.second_variable = std::move(second);
  c.accumulator = kAccumulator;
  c.range = std::move(range);
  c.initial = std::move(loop.initial);
  c.condition = std::move(loop.condition);
  c.step = std::move(loop.step);
  c.result = std::move(loop.result);
  for (const ExpressionPtr* part : {&c.range, &c.initial, &c.condition, &c.step, &c.result}) rise(*made, **part);
  return made;
}

// `variable` bound to `value` inside `body`: a loop over nothing that gives its result.
ExpressionPtr bind(const Expansion& x, std::string variable, ExpressionPtr value, ExpressionPtr body) {
  ExpressionPtr step = make_name(x.at, variable);
  ExpressionPtr made =
      comprehend(x, x.list(), "#unused", {},
                 {Comprehension::Form::Bind, std::move(value), x.boolean(false), std::move(step), std::move(body)});
  made->comprehension->accumulator = std::move(variable);
  return made;
}

Loop loop_all(const Expansion& x, ExpressionPtr predicate) {
  return {Comprehension::Form::All, x.boolean(true), call(x.at, "@not_strictly_false", x.accumulator()),
          call(x.at, "_&&_", x.accumulator(), std::move(predicate)), x.accumulator()};
}
Loop loop_exists(const Expansion& x, ExpressionPtr predicate) {
  return {Comprehension::Form::Exists, x.boolean(false),
          call(x.at, "@not_strictly_false", call(x.at, "!_", x.accumulator())),
          call(x.at, "_||_", x.accumulator(), std::move(predicate)), x.accumulator()};
}
Loop loop_exists_one(const Expansion& x, ExpressionPtr predicate) {
  return {Comprehension::Form::Generic, x.integer(0), x.boolean(true),
          x.choose(std::move(predicate), call(x.at, "_+_", x.accumulator(), x.integer(1)), x.accumulator()),
          call(x.at, "_==_", x.accumulator(), x.integer(1))};
}
Loop loop_collect(const Expansion& x, ExpressionPtr filter, ExpressionPtr element) {
  ExpressionPtr step = call(x.at, "_+_", x.accumulator(), x.list_of(std::move(element)));
  if (filter != nullptr) step = x.choose(std::move(filter), std::move(step), x.accumulator());
  return {Comprehension::Form::Collect, x.list(), x.boolean(true), std::move(step), x.accumulator()};
}
Loop loop_insert(const Expansion& x, ExpressionPtr filter, ExpressionPtr step) {
  if (filter != nullptr) step = x.choose(std::move(filter), std::move(step), x.accumulator());
  return {Comprehension::Form::Insert, x.map(), x.boolean(true), std::move(step), x.accumulator()};
}

bool is_simple_name(const Expression& expression) {
  return expression.kind == Expression::Kind::Name && !expression.name.starts_with('.');
}

ExpressionPtr expand_has(const Expansion& x, std::vector<ExpressionPtr>& arguments) {
  Expression& argument = *arguments[0];
  if (argument.kind != Expression::Kind::Select || argument.test_only) {
    return argument.kind == Expression::Kind::Error ? std::move(arguments[0])
                                                    : x.failed(argument.offset, "invalid argument to has() macro");
  }
  ExpressionPtr test = std::move(arguments[0]);
  test->test_only = true;
  test->offset = x.at;
  return test;
}

// Which of the arguments are to be names, and that they are.
bool check_names(const Expansion& x, std::span<const ExpressionPtr> names) {
  for (const ExpressionPtr& name : names) {
    if (!is_simple_name(*name)) {
      if (name->kind != Expression::Kind::Error) {
        x.issues.add(name->offset,
                     names.size() == 1 ? "argument is not an identifier" : "argument must be a simple name");
      }
      return false;
    }
    if (name->name == kAccumulator) {
      x.issues.add(name->offset, "iteration variable overwrites accumulator variable");
      return false;
    }
  }
  if (names.size() == 2 && names[0]->name == names[1]->name) {
    x.issues.add(names[1]->offset, "duplicate variable name: " + names[0]->name);
    return false;
  }
  return true;
}

ExpressionPtr expand_loop(const Expansion& x, const std::string& name, ExpressionPtr& range,
                          std::vector<ExpressionPtr>& arguments) {
  size_t count = arguments.size();
  bool exists_one = name == "exists_one" || name == "existsOne";
  bool predicate = name == "all" || name == "exists" || exists_one;
  bool transform = name == "transformList" || name == "transformMap" || name == "transformMapEntry";
  size_t names;
  if (predicate && (count == 2 || count == 3)) {
    if (count == 3 && name == "exists_one") return nullptr;
    names = count - 1;
  } else if (name == "map" && (count == 2 || count == 3)) {
    names = 1;
  } else if (name == "filter" && count == 2) {
    names = 1;
  } else if (transform && (count == 3 || count == 4)) {
    names = 2;
  } else {
    return nullptr;
  }
  if (!check_names(x, std::span(arguments).first(names))) return make_expression(Expression::Kind::Error, x.at);

  ExpressionPtr filter = (name == "map" && count == 3) || count == 4 ? std::move(arguments[names]) : nullptr;
  ExpressionPtr body = std::move(arguments.back());
  Loop loop;
  if (name == "all") {
    loop = loop_all(x, std::move(body));
  } else if (name == "exists") {
    loop = loop_exists(x, std::move(body));
  } else if (exists_one) {
    loop = loop_exists_one(x, std::move(body));
  } else if (name == "map" || name == "transformList") {
    loop = loop_collect(x, std::move(filter), std::move(body));
  } else if (name == "filter") {
    loop = loop_collect(x, std::move(body), clone(*arguments[0]));
  } else if (name == "transformMap") {
    loop = loop_insert(x, std::move(filter),
                       call(x.at, "cel.@mapInsert", x.accumulator(), clone(*arguments[0]), std::move(body)));
  } else {
    loop = loop_insert(x, std::move(filter), call(x.at, "cel.@mapInsert", x.accumulator(), std::move(body)));
  }
  return comprehend(x, std::move(range), arguments[0]->name, names == 2 ? arguments[1]->name : std::string(),
                    std::move(loop));
}

// target.optMap(v, e): when there is a value, e with v bound to it.
ExpressionPtr expand_optional(const Expansion& x, bool flat, ExpressionPtr& target,
                              std::vector<ExpressionPtr>& arguments) {
  if (!is_simple_name(*arguments[0])) {
    if (arguments[0]->kind == Expression::Kind::Error) return std::move(arguments[0]);
    return x.failed(arguments[0]->offset,
                    std::string(flat ? "optFlatMap" : "optMap") + "() variable name must be a simple identifier");
  }
  // The target is worked out once, under a name nobody can write.
  auto held = [&] { return make_name(x.at, std::string(kOptionalTarget)); };
  ExpressionPtr yes = bind(x, arguments[0]->name, member_call(x.at, "value", held()), std::move(arguments[1]));
  if (!flat) yes = call(x.at, "optional.of", std::move(yes));
  ExpressionPtr chosen = x.choose(member_call(x.at, "hasValue", held()), std::move(yes), call(x.at, "optional.none"));
  return bind(x, std::string(kOptionalTarget), std::move(target), std::move(chosen));
}

}  // namespace

ExpressionPtr expand_macro(ExpressionPtr call, Issues& issues) {
  Expansion x{call->offset, issues};
  std::vector<ExpressionPtr>& arguments = call->arguments;
  if (call->target == nullptr) {
    if (call->name == "has" && arguments.size() == 1) return expand_has(x, arguments);
    return call;
  }
  if ((call->name == "optMap" || call->name == "optFlatMap") && arguments.size() == 2) {
    return expand_optional(x, call->name == "optFlatMap", call->target, arguments);
  }
  if (ExpressionPtr loop = expand_loop(x, call->name, call->target, arguments)) return loop;
  return call;
}

}  // namespace cel
