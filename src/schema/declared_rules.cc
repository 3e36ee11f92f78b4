#include "schema/declared_rules.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "api/meta_v1.h"
#include "base/json.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/member.h"
#include "schema/named_format.h"
#include "schema/value.h"

namespace schema {
namespace {

// What is asked of one value.
struct ValueRules {
  bool required = false;
  bool optional = false;
  bool immutable = false;   // after birth
  bool set_once = false;    // may be set and cleared, but not changed
  bool enumerated = false;  // of the field's values
  std::optional<int64_t> minimum;
  std::optional<int64_t> maximum;
  std::optional<size_t> items_max;
  std::optional<size_t> length_max;
  std::string_view format;
  std::string_view key_format;  // of the keys of a map
  bool unique = false;
  std::vector<std::string_view> keys;  // of a list's elements that tell them apart; none: the whole element
};

struct TypeRules;

struct FieldRules {
  const Field* field;
  ValueRules value;
  const TypeRules* below;  // of the struct it holds; null when there is nothing to check in there
  std::map<std::string_view, ValueRules> subfields;
};

struct TypeRules {
  std::vector<FieldRules> fields;  // those with rules, or with rules below
};

std::optional<std::string_view> argument_of(std::string_view rule, std::string_view name) {
  if (!rule.starts_with(name) || rule.size() <= name.size() || rule[name.size()] != '=') return std::nullopt;
  std::string_view text = rule.substr(name.size() + 1);
  if (text.size() > 1 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

// Of the feature gates that declared rules speak of none is on by default.
void read_rule(ValueRules& rules, std::string_view rule) {
  if (rule.starts_with("ifDisabled(")) rule.remove_prefix(std::min(rule.find(")=") + 2, rule.size()));
  if (rule == "required") rules.required = true;
  if (rule == "optional") rules.optional = true;
  if (rule == "immutable") rules.immutable = true;
  if (rule == "update=NoModify") rules.set_once = true;
  if (auto text = argument_of(rule, "minimum")) rules.minimum = base::parse_int(*text);
  if (auto text = argument_of(rule, "maximum")) rules.maximum = base::parse_int(*text);
  if (auto text = argument_of(rule, "maxItems")) rules.items_max = base::parse_uint(*text);
  if (auto text = argument_of(rule, "maxLength")) rules.length_max = base::parse_uint(*text);
  if (auto text = argument_of(rule, "maxBytes")) rules.length_max = base::parse_uint(*text);
  if (auto text = argument_of(rule, "format")) rules.format = *text;
  if (auto text = argument_of(rule, "eachKey=format")) rules.key_format = *text;
  if (auto text = argument_of(rule, "listMapKey")) rules.keys.push_back(*text);
  if (rule == "listType=set" || rule == "listType=map" || rule == "unique=set" || rule == "unique=map")
    rules.unique = true;
}

FieldRules read_field(const Field& field) {
  FieldRules out{.field = &field, .value = {}, .below = nullptr, .subfields = {}};
  if (field.notes == nullptr) return out;
  for (std::string_view rule : field.notes->validation) {
    if (rule.starts_with("subfield(")) {
      size_t close = rule.find(")=");
      if (close == rule.npos) continue;
      std::string_view name = rule.substr(9, close - 9);
      read_rule(out.subfields[name], rule.substr(close + 2));
    } else {
      read_rule(out.value, rule);
    }
  }
  out.value.enumerated = !field.notes->validation.empty() && !field.notes->values.empty();
  return out;
}

bool asks(const ValueRules& rules) {
  return rules.required || rules.immutable || rules.set_once || rules.enumerated || rules.minimum || rules.maximum ||
         rules.items_max || rules.length_max || !rules.format.empty() || !rules.key_format.empty() || rules.unique;
}

// The rules of all types that were asked for, made once each. Types may hold themselves.
class RuleBook {
 public:
  const TypeRules& of(const Type& type) {
    std::lock_guard lock(mutex_);
    return read(type);
  }

 private:
  TypeRules& read(const Type& type) {
    auto [entry, fresh] = all_.try_emplace(&type);
    if (!fresh) return *entry->second;
    entry->second = std::make_unique<TypeRules>();
    TypeRules& rules = *entry->second;
    for (const Field& field : type.fields()) {
      FieldRules one = read_field(field);
      if (field.type != nullptr && field.shape == Shape::Struct && has_rules(*field.type))
        one.below = &read(*field.type);
      if (asks(one.value) || one.below != nullptr || !one.subfields.empty()) rules.fields.push_back(std::move(one));
    }
    return rules;
  }

  // Whether anything is declared in the type or below it.
  bool has_rules(const Type& type) {
    std::set<const Type*> seen;
    return search(type, seen);
  }
  static bool search(const Type& type, std::set<const Type*>& seen) {
    if (!seen.insert(&type).second) return false;
    for (const Field& field : type.fields()) {
      if (field.notes != nullptr && !field.notes->validation.empty()) return true;
      if (field.shape == Shape::Struct && search(*field.type, seen)) return true;
    }
    return false;
  }

  std::mutex mutex_;
  std::map<const Type*, std::unique_ptr<TypeRules>> all_;
};

const TypeRules& rules_of(const Type& type) {
  static auto* const book = new RuleBook();
  return book->of(type);
}

// The field's value as a message shows it.
BadValue shown(const Type& owner, const Field& field, const void* object) {
  std::string json;
  append_json(json, owner, object, WithTypeMeta::No);
  auto parsed = Value::parse(json);
  if (!parsed) return {};
  const Value* value = parsed->find(field.name());
  return value == nullptr ? BadValue() : BadValue(*value);
}

std::optional<int64_t> number_in(const Field& field, const void* object) {
  const void* member = field.in(object);
  bool optional = field.holder == Holder::Optional;
  if (field.shape == Shape::Int32) {
    if (!optional) return *static_cast<const int32_t*>(member);
    auto& value = *static_cast<const std::optional<int32_t>*>(member);
    return value ? std::optional<int64_t>(*value) : std::nullopt;
  }
  if (field.shape == Shape::Int64) {
    return optional ? *static_cast<const std::optional<int64_t>*>(member) : *static_cast<const int64_t*>(member);
  }
  return std::nullopt;
}

// Whether the field has one value in both structs.
bool same_field(const Type& owner, const Field& field, const void* a, const void* b) {
  Object left = Object::adopt(owner, owner.copy(a));
  assign(field, left.data(), b);
  return equal(owner, left.data(), a);
}

class Walker {
 public:
  FieldErrors errors;

  void walk(const TypeRules& rules, const Type& type, const void* next, const void* current, const FieldPath& path) {
    for (const FieldRules& rule : rules.fields) field(rule, type, next, current, path.child(rule.field->name()));
  }

 private:
  void field(const FieldRules& rule, const Type& owner, const void* next, const void* current, const FieldPath& path) {
    const Field& field = *rule.field;
    if (current != nullptr && same_field(owner, field, next, current)) return;
    if (!value(rule.value, field, owner, next, current, path)) return;
    for (const auto& [name, rules] : rule.subfields) subfield(rules, name, field, next, path);
    if (rule.below != nullptr) below(rule, next, current, path);
  }

  // Whether to look further.
  bool value(const ValueRules& rules, const Field& field, const Type& owner, const void* next, const void* current,
             const FieldPath& path) {
    bool empty = is_empty(field, next);
    if (current != nullptr) {
      bool changed_value = !empty && !is_empty(field, current);
      if (rules.immutable || (rules.set_once && changed_value)) {
        errors.push_back(FieldError::invalid(path, shown(owner, field, next), "field is immutable"));
        return false;
      }
    }
    if (empty && rules.required) {
      errors.push_back(FieldError::required(path));
      return false;
    }
    if (empty && rules.optional) return false;
    if (field.holder == Holder::List) return list(rules, field, owner, next, path);
    if (field.holder == Holder::Map || field.holder == Holder::MapOfLists) {
      if (!rules.key_format.empty()) keys(rules.key_format, field, next, path);
      return true;
    }
    if (auto number = number_in(field, next)) range(rules, *number, path);
    if (field.shape == Shape::String) text(rules, field, text_of(field, next), path);
    return true;
  }

  void range(const ValueRules& rules, int64_t number, const FieldPath& path) {
    if (rules.minimum && number < *rules.minimum) {
      errors.push_back(FieldError::invalid(
          path, number, base::cat({"must be greater than or equal to ", std::to_string(*rules.minimum)})));
    }
    if (rules.maximum && number > *rules.maximum) {
      errors.push_back(FieldError::invalid(
          path, number, base::cat({"must be less than or equal to ", std::to_string(*rules.maximum)})));
    }
  }

  void text(const ValueRules& rules, const Field& field, std::string_view text, const FieldPath& path) {
    if (rules.length_max && text.size() > *rules.length_max)
      errors.push_back(FieldError::too_long(path, *rules.length_max));
    if (!rules.format.empty()) append(errors, check_named_format(rules.format, text, path));
    if (rules.enumerated) known(field, text, path);
  }

  void known(const Field& field, std::string_view text, const FieldPath& path) {
    std::vector<std::string> values(field.notes->values.begin(), field.notes->values.end());
    if (std::ranges::find(values, text) == values.end())
      errors.push_back(FieldError::not_supported(path, text, values));
  }

  bool list(const ValueRules& rules, const Field& field, const Type& owner, const void* next, const FieldPath& path) {
    const ListOps* ops = list_ops(field);
    if (ops == nullptr) return true;
    auto [first, count] = ops->view(field.in(next));
    if (rules.items_max && count > *rules.items_max) {
      errors.push_back(FieldError::too_many(path, count, *rules.items_max));
      return false;
    }
    std::set<std::string> seen;
    for (size_t i = 0; i < count; ++i) {
      const void* element = static_cast<const char*>(first) + i * ops->element_size;
      if (rules.unique) {
        std::string key = identity(rules, field, element);
        if (!seen.insert(key).second) errors.push_back(FieldError::duplicate(path.index(i), BadValue::json(key)));
      }
      if (field.shape == Shape::String && rules.enumerated)
        known(field, *static_cast<const std::string*>(element), path.index(i));
    }
    return true;
  }

  // What tells an element apart, as a message shows it: the value of the one key, or an object of the keys.
  static std::string identity(const ValueRules& rules, const Field& field, const void* element) {
    if (field.shape == Shape::String) return base::quote(*static_cast<const std::string*>(element));
    if (field.shape != Shape::Struct) return "";
    std::string json;
    append_json(json, *field.type, element, WithTypeMeta::No);
    if (rules.keys.empty()) return json;
    auto whole = Value::parse(json);
    if (!whole) return json;
    auto text_of_key = [&](std::string_view key) {
      const Value* value = whole->find(key);
      return value == nullptr ? std::string("null") : BadValue(*value).text();
    };
    if (rules.keys.size() == 1) return text_of_key(rules.keys[0]);
    std::string out = "{";
    for (std::string_view key : rules.keys) {
      if (out.size() > 1) out += ',';
      base::append_json_string(out, key);
      out += base::cat({":", text_of_key(key)});
    }
    return out + "}";
  }

  void keys(std::string_view format, const Field& field, const void* next, const FieldPath& path) {
    struct Context {
      Walker* walker;
      std::string_view format;
      const FieldPath& path;
    } context{this, format, path};
    map_ops(field)->each(field.in(next), &context, [](void* context, const std::string& key, const void*) {
      auto& at = *static_cast<Context*>(context);
      append(at.walker->errors, check_named_format(at.format, key, at.path));
      return true;
    });
  }

  // A text in a plain struct of another type: the name in the metadata.
  void subfield(const ValueRules& rules, std::string_view name, const Field& field, const void* next,
                const FieldPath& path) {
    if (field.shape != Shape::Struct || field.holder != Holder::Value) return;
    const Field* inner = field.type->find(name);
    if (inner == nullptr || inner->shape != Shape::String) return;
    value(rules, *inner, *field.type, field.in(next), nullptr, path.child(name));
  }

  // Elements of lists and maps are compared with the one in the same place of the current state, if there is one.
  void below(const FieldRules& rule, const void* next, const void* current, const FieldPath& path) {
    const Field& field = *rule.field;
    std::vector<const void*> before;
    if (current != nullptr && field.holder != Holder::Map) {
      for_each_struct(field, const_cast<void*>(current), [&](void* one) { before.push_back(one); });
    }
    if (field.holder == Holder::Map) {
      struct Context {
        Walker* walker;
        const FieldRules& rule;
        const FieldPath& path;
      } context{this, rule, path};
      map_ops(field)->each(field.in(next), &context, [](void* context, const std::string& key, const void* one) {
        auto& at = *static_cast<Context*>(context);
        at.walker->walk(*at.rule.below, *at.rule.field->type, one, nullptr, at.path.key(key));
        return true;
      });
      return;
    }
    size_t i = 0;
    for_each_struct(field, const_cast<void*>(next), [&](void* one) {
      const void* old = i < before.size() ? before[i] : nullptr;
      walk(*rule.below, *field.type, one, old, field.holder == Holder::List ? path.index(i) : path);
      ++i;
    });
  }
};

}  // namespace

FieldErrors check_declared(const Type& type, const void* next, const void* current, const FieldPath& path) {
  const TypeRules& rules = rules_of(type);
  if (rules.fields.empty()) return {};
  Walker walker;
  walker.walk(rules, type, next, current, path);
  return std::move(walker.errors);
}

FieldErrors check_declared(const Object& next, const Object* current) {
  return check_declared(next.type(), next.data(), current == nullptr ? nullptr : current->data(), FieldPath());
}

}  // namespace schema
