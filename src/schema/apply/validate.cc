#include <set>

#include "base/strings.h"
#include "schema/apply/list_item.h"
#include "schema/apply/typed.h"
#include "schema/go_type.h"

namespace schema::apply {
namespace {

struct Problem {
  std::string path;
  std::string message;
};

// A tree as Go prints it with %v, %#v and %T.
std::string shown(const Value& value) {
  return base::cat({"&{", value.to_go_string(), "}"});
}

std::string shown_with_type(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Null:
      return "<nil>";
    case Value::Kind::String:
      return base::quote(value.as_string());
    case Value::Kind::Array: {
      std::string out = "[]interface {}{";
      for (const Value& item : value.as_array()) {
        if (out.back() != '{') out += ", ";
        out += shown_with_type(item);
      }
      return out + "}";
    }
    case Value::Kind::Object: {
      Value::Object sorted = value.as_object();
      sorted.sort();
      std::string out = "map[string]interface {}{";
      for (const Member& member : sorted) {
        if (out.back() != '{') out += ", ";
        out += base::quote(member.key) + ":" + shown_with_type(member.value);
      }
      return out + "}";
    }
    default:
      return value.to_json();
  }
}

class Validator {
 public:
  explicit Validator(Duplicates duplicates) : duplicates_(duplicates) {}

  void check(const TypeRef& type, const Value& value) {
    Atom atom = type.atom().deduced(value);
    if (value.is_null()) return;
    if (atom.map != MapRule::None) return check_map(type, value);
    if (atom.scalar != Scalar::None) return check_scalar(atom.scalar, value);
    check_list(atom, type, value);
  }

  std::vector<Problem> problems;

 private:
  void complain(std::string message) { problems.push_back({"", std::move(message)}); }

  // Complaints from below get the step to them put before their path.
  void check_below(const PathElement& element, const TypeRef& type, const Value& value) {
    size_t first = problems.size();
    check(type, value);
    if (problems.size() == first) return;
    std::string step = element.to_string();
    for (size_t i = first; i < problems.size(); ++i) problems[i].path.insert(0, step);
  }

  void check_scalar(Scalar scalar, const Value& value) {
    bool plain = value.is_number() || value.is_string() || value.is_bool();
    if (scalar == Scalar::Numeric && !value.is_number()) {
      complain(base::cat({"expected numeric (int or float), got ", go_type_of(value)}));
    } else if (scalar == Scalar::String && !value.is_string()) {
      complain(base::cat({"expected string, got &value.valueUnstructured{Value:", shown_with_type(value), "}"}));
    } else if (scalar == Scalar::Boolean && !value.is_bool()) {
      complain(base::cat({"expected boolean, got ", shown(value)}));
    } else if (!plain) {
      complain(base::cat({"expected any scalar, got ", shown(value)}));
    }
  }

  void check_list(const Atom& atom, const TypeRef& type, const Value& value) {
    if (!value.is_array()) return complain(base::cat({"expected list, got ", shown(value)}));
    std::set<PathElement> seen;
    const auto& items = value.as_array();
    for (size_t i = 0; i < items.size(); ++i) {
      if (atom.list == ListRule::Atomic) {
        check_below(*PathElement::parse("i:" + std::to_string(i)).value(), type.items(), items[i]);
        continue;
      }
      auto element = path_element(type, items[i]);
      if (!element) return complain(base::cat({"element ", std::to_string(i), ": ", element.error().message()}));
      if (!seen.insert(*element).second && duplicates_ == Duplicates::Refused) {
        complain(base::cat({"duplicate entries for key ", element->to_string()}));
      }
      check_below(*element, type.items(), items[i]);
    }
  }

  void check_map(const TypeRef& type, const Value& value) {
    if (!value.is_object()) return complain(base::cat({"expected map, got ", shown(value)}));
    for (const Member& member : value.as_object()) {
      auto below = type.at(member.key);
      auto element = PathElement::field(member.key);
      if (below) {
        check_below(element, *below, member.value);
      } else {
        problems.push_back({element.to_string(), "field not declared in schema"});
        return;
      }
    }
  }

  const Duplicates duplicates_;
};

std::string to_string(const Problem& problem) {
  return problem.path.empty() ? problem.message : problem.path + ": " + problem.message;
}

}  // namespace

base::Result<void> validate(const TypeRef& type, const Value& value, Duplicates duplicates) {
  Validator validator(duplicates);
  validator.check(type, value);
  const auto& problems = validator.problems;
  if (problems.empty()) return {};
  if (problems.size() == 1) return base::fail(base::Code::BadRequest, to_string(problems.front()));
  std::string all = "errors:";
  for (const auto& problem : problems) all += "\n  " + to_string(problem);
  return base::fail(base::Code::BadRequest, std::move(all));
}

}  // namespace schema::apply
