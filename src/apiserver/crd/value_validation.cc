#include "apiserver/crd/value_validation.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "apiserver/crd/formats.h"
#include "base/json.h"
#include "base/strings.h"

namespace apiserver::crd {
namespace {

using schema::BadValue;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;
using schema::Structural;
using schema::Value;

// What came of one schema. `checks` is how much was in order: of several schemas of which none fits, the complaints of
// the one that fits best are told.
struct Outcome {
  FieldErrors errors;
  int checks = 0;

  bool valid() const { return errors.empty(); }
  void merge(Outcome more) {
    schema::append(errors, std::move(more.errors));
    checks += more.checks;
  }
  void add(FieldError error) { errors.push_back(std::move(error)); }
};

std::string_view json_type(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Null:
      return "null";
    case Value::Kind::Bool:
      return "boolean";
    case Value::Kind::Int:
      return "integer";
    case Value::Kind::Double:
      return "number";
    case Value::Kind::String:
      return "string";
    case Value::Kind::Array:
      return "array";
    case Value::Kind::Object:
      return "object";
  }
  return "";
}

std::string_view native_format(const Value& value) {
  if (value.is_int()) return "int64";
  return value.is_double() ? "float64" : "";
}

// A whole number that a JSON number holds exactly.
bool is_json_integer(double value) {
  constexpr double kLargest = 9007199254740991;
  if (std::isnan(value) || std::isinf(value) || std::abs(value) > kLargest) return false;
  return value == std::trunc(value);
}

std::string number_text(double value) {
  std::string text;
  base::append_json_double(text, value);
  return text;
}

size_t code_points(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// The root has no name; everything below is named from there.
FieldPath field_of(const std::string& path) {
  std::string_view name = path;
  if (name.starts_with('.')) name.remove_prefix(1);
  return name.empty() ? FieldPath() : FieldPath(name);
}

FieldError plain(std::string message) {
  return FieldError::invalid(FieldPath(), "", message);
}

class Validator {
 public:
  Outcome validate(const Value& value, const Structural& schema, const Value* old, const std::string& path) {
    Outcome outcome;
    check_type(outcome, value, schema, path);
    if (value.is_null()) {
      check_enum(outcome, value, schema, path);
    } else {
      check_combined(outcome, value, schema, old, path);
      if (value.is_string()) check_string(outcome, value.as_string(), schema, path);
      if (value.is_number()) check_number(outcome, value, schema, path);
      if (value.is_array()) check_array(outcome, value, schema, old, path);
      check_enum(outcome, value, schema, path);
      if (value.is_object()) check_object(outcome, value.as_object(), schema, old, path);
      ++outcome.checks;
    }
    // What was wrong before may stay as it is.
    if (!outcome.valid() && old != nullptr && same_value(*old, value)) outcome.errors.clear();
    return outcome;
  }

 private:
  static void check_type(Outcome& outcome, const Value& value, const Structural& schema, const std::string& path) {
    using Is = Structural::Is;
    if (schema.is == Is::Any && !schema.int_or_string && schema.format.empty()) return;
    outcome.checks += 2;
    std::string_view found = json_type(value);
    std::string wanted = schema.int_or_string ? "integer,string" : schema.type;
    auto mismatch = [&](std::string_view expected, std::string_view shown) {
      outcome.checks -= 2;
      auto field = field_of(path);
      outcome.add(
          FieldError::type_invalid(field, shown,
                                   base::cat({path.starts_with('.') ? path.substr(1) : path,
                                              " in body must be of type ", expected, ": ", base::quote(shown)})));
    };
    bool untyped = schema.is == Is::Any && !schema.int_or_string;
    if (value.is_null()) {
      if (!untyped && !schema.nullable) mismatch(wanted, "null");
      return;
    }
    bool takes_integer = schema.is == Is::Integer || schema.int_or_string;
    bool matches = found == schema.type || (schema.int_or_string && (value.is_int() || value.is_string())) ||
                   (takes_integer && value.is_double() && is_json_integer(value.as_double())) ||
                   (schema.is == Is::Number && value.is_int());
    bool formatted = !schema.format.empty();
    bool is_text = value.is_string() || value.is_array();
    std::string_view native = native_format(value);
    if (formatted && !is_text && !matches && native != schema.format) return mismatch(schema.format, native);
    if (formatted && is_text && schema.is != Is::Number && !takes_integer) return;
    if (!matches && !untyped) mismatch(wanted, found);
  }

  static std::string quoted_path(const std::string& path) {
    return base::cat({"\"", path.starts_with('.') ? path.substr(1) : path, "\""});
  }

  void check_combined(Outcome& outcome, const Value& value, const Structural& schema, const Value* old,
                      const std::string& path) {
    check_any_of(outcome, value, schema, old, path);
    check_one_of(outcome, value, schema, old, path);
    if (!schema.all_of.empty()) {
      size_t valid = 0;
      for (const auto& one : schema.all_of) {
        Outcome below = validate(value, one, old, path);
        valid += below.valid();
        outcome.merge(std::move(below));
      }
      if (valid != schema.all_of.size()) {
        outcome.add(plain(base::cat(
            {quoted_path(path), " must validate all the schemas (allOf)", valid == 0 ? ". None validated" : ""})));
      }
    }
    if (schema.none_of && validate(value, *schema.none_of, old, path).valid()) {
      outcome.add(plain(base::cat({quoted_path(path), " must not validate the schema (not)"})));
    }
    outcome.checks += 2;
  }

  void check_any_of(Outcome& outcome, const Value& value, const Structural& schema, const Value* old,
                    const std::string& path) {
    if (schema.any_of.empty()) return;
    std::optional<Outcome> best;
    for (const auto& one : schema.any_of) {
      Outcome below = validate(value, one, old, path);
      if (below.valid()) return;
      if (!best || below.checks > best->checks) best = std::move(below);
    }
    outcome.add(plain(base::cat({quoted_path(path), " must validate at least one schema (anyOf)"})));
    outcome.merge(std::move(*best));
  }

  void check_one_of(Outcome& outcome, const Value& value, const Structural& schema, const Value* old,
                    const std::string& path) {
    if (schema.one_of.empty()) return;
    std::optional<Outcome> best;
    size_t valid = 0;
    for (const auto& one : schema.one_of) {
      Outcome below = validate(value, one, old, path);
      if (below.valid()) {
        ++valid;
        best.reset();
      } else if (valid == 0 && (!best || below.checks > best->checks)) {
        best = std::move(below);
      }
    }
    if (valid == 1) return;
    std::string found = valid == 0 ? std::string("Found none valid")
                                   : base::cat({"Found ", std::to_string(valid), " valid alternatives"});
    outcome.add(plain(base::cat({quoted_path(path), " must validate one and only one schema (oneOf). ", found})));
    if (best) outcome.merge(std::move(*best));
  }

  static std::string in_body(const std::string& path) {
    return base::cat({path.starts_with('.') ? path.substr(1) : path, " in body "});
  }

  static void check_string(Outcome& outcome, const std::string& text, const Structural& schema,
                           const std::string& path) {
    auto field = field_of(path);
    size_t length = code_points(text);
    if (schema.max_length && static_cast<int64_t>(length) > *schema.max_length) {
      outcome.add(FieldError::too_long(field, static_cast<size_t>(std::max<int64_t>(*schema.max_length, 0))));
    } else if (schema.min_length && static_cast<int64_t>(length) < *schema.min_length) {
      outcome.add(FieldError::invalid(
          field, text,
          base::cat({in_body(path), "should be at least ", std::to_string(*schema.min_length), " chars long"})));
    } else if (schema.compiled_pattern && !re2::RE2::PartialMatch(text, *schema.compiled_pattern)) {
      outcome.add(FieldError::invalid(field, text, base::cat({in_body(path), "should match '", schema.pattern, "'"})));
    }
    ++outcome.checks;
    if (!is_known_format(schema.format)) return;
    if (!matches_format(schema.format, text)) {
      outcome.add(FieldError::type_invalid(
          field, text, base::cat({in_body(path), "must be of type ", schema.format, ": ", base::quote(text)})));
    }
    ++outcome.checks;
  }

  // Whether a number fits the type and format that are declared.
  static bool fits(const Value& value, const Structural& schema) {
    if (schema.is == Structural::Is::Integer) {
      double number = value.as_double();
      bool is_32 = schema.format == "int32";
      if (value.is_double() && (number != std::trunc(number) || std::abs(number) >= 9223372036854775808.0))
        return false;
      int64_t whole = value.is_int() ? value.as_int() : static_cast<int64_t>(number);
      return !is_32 || (whole >= std::numeric_limits<int32_t>::min() && whole <= std::numeric_limits<int32_t>::max());
    }
    if (schema.format == "float" || schema.format == "float32") {
      return std::abs(value.as_double()) <= static_cast<double>(std::numeric_limits<float>::max());
    }
    return true;
  }

  static void check_number(Outcome& outcome, const Value& value, const Structural& schema, const std::string& path) {
    if (!fits(value, schema)) {
      std::string format =
          schema.format.empty() ? std::string("(default format)") : base::cat({"with format ", schema.format});
      outcome.add(plain(base::cat({"Checked value must be of type ", schema.type, " ", format, " in ",
                                   path.starts_with('.') ? path.substr(1) : path})));
    }
    auto field = field_of(path);
    double number = value.as_double();
    auto complain = [&](std::string_view what, double bound) {
      outcome.add(FieldError::invalid(field, value.is_int() ? BadValue(value.as_int()) : BadValue(number),
                                      base::cat({in_body(path), "should be ", what, " ", number_text(bound)})));
    };
    if (schema.multiple_of && *schema.multiple_of > 0) {
      double quotient = number / *schema.multiple_of;
      if (quotient != std::trunc(quotient)) complain("a multiple of", *schema.multiple_of);
    }
    // Whole numbers are compared as such: a double does not hold them all.
    auto beyond = [&](double bound, bool exclusive, int sign) {
      int order = number < bound ? -1 : number > bound ? 1 : 0;
      if (order == 0 && value.is_int() && std::abs(bound) < 9223372036854775808.0 && bound == std::trunc(bound)) {
        auto whole = static_cast<int64_t>(bound);
        order = value.as_int() < whole ? -1 : value.as_int() > whole ? 1 : 0;
      }
      return order * sign > 0 || (exclusive && order == 0);
    };
    if (schema.maximum && beyond(*schema.maximum, schema.exclusive_maximum, 1)) {
      complain(schema.exclusive_maximum ? "less than" : "less than or equal to", *schema.maximum);
    }
    if (schema.minimum && beyond(*schema.minimum, schema.exclusive_minimum, -1)) {
      complain(schema.exclusive_minimum ? "greater than" : "greater than or equal to", *schema.minimum);
    }
    outcome.checks += 2;
  }

  void check_array(Outcome& outcome, const Value& value, const Structural& schema, const Value* old,
                   const std::string& path) {
    const auto& elements = value.as_array();
    auto size = static_cast<int64_t>(elements.size());
    if (schema.items) {
      for (size_t i = 0; i < elements.size(); ++i) {
        const Value* before = same_element(schema, elements[i], old);
        outcome.merge(validate(elements[i], *schema.items, before, base::cat({path, "[", std::to_string(i), "]"})));
      }
    }
    auto field = field_of(path);
    if (schema.min_items && size < *schema.min_items) {
      outcome.add(FieldError::invalid(
          field, size,
          base::cat({in_body(path), "should have at least ", std::to_string(*schema.min_items), " items"})));
    }
    if (schema.max_items && size > *schema.max_items) {
      outcome.add(
          FieldError::too_many(field, elements.size(), static_cast<size_t>(std::max<int64_t>(*schema.max_items, 0))));
    }
    outcome.checks += 2;
  }

  static void check_enum(Outcome& outcome, const Value& value, const Structural& schema, const std::string& path) {
    ++outcome.checks;
    if (schema.values.empty()) return;
    std::vector<std::string> supported;
    for (const Value& one : schema.values) {
      if (same_value(one, value)) return;
      supported.push_back(one.is_string() ? one.as_string() : one.to_json());
    }
    auto error = FieldError::not_supported(
        field_of(path), value.is_string() ? BadValue(value.as_string()) : BadValue(value), supported);
    outcome.add(std::move(error));
  }

  void check_object(Outcome& outcome, const schema::Members& members, const Structural& schema, const Value* old,
                    const std::string& path) {
    auto field = field_of(path);
    auto size = static_cast<int64_t>(members.size());
    ++outcome.checks;
    if (schema.min_properties && size < *schema.min_properties) {
      outcome.add(FieldError::invalid(
          field, size,
          base::cat({in_body(path), "should have at least ", std::to_string(*schema.min_properties), " properties"})));
      return;
    }
    if (schema.max_properties && size > *schema.max_properties) {
      outcome.add(FieldError::too_many(field, members.size(),
                                       static_cast<size_t>(std::max<int64_t>(*schema.max_properties, 0))));
      return;
    }
    std::vector<const schema::Member*> sorted;
    for (const auto& member : members) sorted.push_back(&member);
    std::ranges::sort(sorted, {}, [](const schema::Member* member) -> const std::string& { return member->key; });
    for (const schema::Member* member : sorted) {
      if (schema.properties.contains(member->key)) continue;
      std::string below = base::cat({path, ".", member->key});
      if (schema.additional) {
        outcome.merge(
            validate(member->value, *schema.additional, old == nullptr ? nullptr : old->find(member->key), below));
      } else if (schema.additional_allowed == Structural::Additional::Denied) {
        outcome.add(FieldError::invalid(field, member->key,
                                        base::cat({path.starts_with('.') ? path.substr(1) : path, ".", member->key,
                                                   " in body is a forbidden property"})));
      }
    }
    for (const schema::Member* member : sorted) {
      auto property = schema.properties.find(member->key);
      if (property == schema.properties.end()) continue;
      outcome.merge(validate(member->value, property->second, old == nullptr ? nullptr : old->find(member->key),
                             path.empty() ? member->key : base::cat({path, ".", member->key})));
    }
    for (const auto& name : schema.required) {
      if (!members.contains(name)) outcome.add(FieldError::required(field_of(base::cat({path, ".", name}))));
    }
  }
};

std::string key_of(const Structural& list, const Value& element) {
  Value key = Value::object();
  for (const auto& name : list.list_keys) {
    if (const Value* value = element.find(name)) key.as_object().set(name, *value);
  }
  return key.to_json();
}

}  // namespace

bool same_value(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a.kind() == b.kind() ? a == b : a.as_double() == b.as_double();
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) {
    return std::ranges::equal(a.as_array(), b.as_array(), same_value);
  }
  if (a.is_object()) {
    if (a.as_object().size() != b.as_object().size()) return false;
    return std::ranges::all_of(a.as_object(), [&](const schema::Member& member) {
      const Value* other = b.find(member.key);
      return other != nullptr && same_value(member.value, *other);
    });
  }
  return a == b;
}

const Value* same_element(const Structural& list, const Value& element, const Value* old_list) {
  if (old_list == nullptr || !old_list->is_array() || list.list_type != schema::ListType::Map || !element.is_object())
    return nullptr;
  std::string key = key_of(list, element);
  for (const Value& one : old_list->as_array()) {
    if (one.is_object() && key_of(list, one) == key) return &one;
  }
  return nullptr;
}

FieldErrors validate_value(const Value& value, const Structural& schema, const Value* old, const std::string& path) {
  return Validator().validate(value, schema, old, path).errors;
}

FieldErrors validate_lists(const Value& value, const Structural& schema, const FieldPath& path) {
  FieldErrors errors;
  auto below = [&](std::string_view name) { return path.empty() ? FieldPath(name) : path.child(name); };
  if (value.is_array()) {
    const auto& elements = value.as_array();
    std::map<std::string, size_t> seen;
    for (size_t i = 0; i < elements.size(); ++i) {
      if (schema.list_type == schema::ListType::Set) {
        if (!seen.emplace(elements[i].to_json(), i).second) {
          errors.push_back(FieldError::duplicate(
              path.index(i), elements[i].is_string() ? BadValue(elements[i].as_string()) : BadValue(elements[i])));
        }
      } else if (schema.list_type == schema::ListType::Map && elements[i].is_object()) {
        std::string key = key_of(schema, elements[i]);
        if (!seen.emplace(key, i).second) errors.push_back(FieldError::duplicate(path.index(i), BadValue::json(key)));
      }
    }
    if (schema.items) {
      for (size_t i = 0; i < elements.size(); ++i)
        append(errors, validate_lists(elements[i], *schema.items, path.index(i)));
    }
  } else if (value.is_object()) {
    for (const auto& member : value.as_object()) {
      auto property = schema.properties.find(member.key);
      if (property != schema.properties.end()) {
        append(errors, validate_lists(member.value, property->second, below(member.key)));
      } else if (schema.additional) {
        append(errors, validate_lists(member.value, *schema.additional,
                                      path.empty() ? FieldPath(member.key) : path.key(member.key)));
      }
    }
  }
  return errors;
}

}  // namespace apiserver::crd
