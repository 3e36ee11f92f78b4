// Field sets from trees, and trees by field sets.
#include <map>

#include "schema/apply/list_item.h"
#include "schema/apply/typed.h"

namespace schema::apply {
namespace {

// The fields below a place, and whether the place itself is one.
struct Found {
  FieldSet below;
  bool self = false;
};

Found fields_of(const TypeRef& type, const Value& value);

FieldSet fields_of_list(const TypeRef& type, const Value::Array& items) {
  std::map<PathElement, int> count;
  for (const Value& item : items) {
    if (auto element = path_element(type, item)) ++count[*element];
  }
  FieldSet out;
  for (const Value& item : items) {
    auto element = path_element(type, item);
    if (!element) continue;
    int& left = count[*element];
    // Items that share a path element are one field, without any below.
    if (left == 1) {
      out.append(*element, true, fields_of(type.items(), item).below);
    } else if (left > 1) {
      out.append(*element, true);
      left = 0;
    }
  }
  out.sort();
  return out;
}

FieldSet fields_of_map(const TypeRef& type, const Value::Object& members) {
  FieldSet out;
  for (const Member& member : members) {
    auto declared = type.declared(member.key);
    auto below = declared ? declared : type.others();
    if (!below) continue;
    Found found = fields_of(*below, member.value);
    bool hollow = member.value.is_null() || (member.value.is_object() && member.value.as_object().empty());
    out.append(PathElement::field(member.key), found.self || hollow || !declared, std::move(found.below));
  }
  out.sort();
  return out;
}

Found fields_of(const TypeRef& type, const Value& value) {
  Atom atom = type.atom().deduced(value);
  if (atom.map != MapRule::None) {
    if (atom.map == MapRule::Atomic) return {{}, true};
    return value.is_object() ? Found{fields_of_map(type, value.as_object())} : Found{};
  }
  if (atom.scalar != Scalar::None) return {{}, true};
  if (atom.list == ListRule::Atomic) return {{}, true};
  return value.is_array() ? Found{fields_of_list(type, value.as_array())} : Found{};
}

Value without(const TypeRef& type, const Value& value, const FieldSet& fields);

Value list_without(const TypeRef& type, const Value::Array& items, const FieldSet& fields) {
  Value::Array kept;
  for (const Value& item : items) {
    auto element = path_element(type, item);
    const FieldNode* node = element ? fields.find(*element) : nullptr;
    if (node == nullptr) {
      kept.push_back(item);
    } else if (!node->member) {
      kept.push_back(without(type.items(), item, *node->below));
    }
  }
  return kept.empty() ? Value() : Value(std::move(kept));
}

Value map_without(const TypeRef& type, const Value::Object& members, const FieldSet& fields) {
  Value::Object kept;
  for (const Member& member : members) {
    const FieldNode* node = fields.find(PathElement::field(member.key));
    auto below = type.at(member.key);
    if (node == nullptr || (!node->member && !below)) {
      kept.set(member.key, member.value);
    } else if (!node->member) {
      kept.set(member.key, without(*below, member.value, *node->below));
    }
  }
  return kept.empty() ? Value() : Value(std::move(kept));
}

Value without(const TypeRef& type, const Value& value, const FieldSet& fields) {
  Atom atom = type.atom().deduced(value);
  if (atom.map != MapRule::None) {
    bool walks = atom.map == MapRule::Granular && value.is_object();
    return walks ? map_without(type, value.as_object(), fields) : Value();
  }
  if (atom.scalar != Scalar::None) return value;
  bool walks = atom.list != ListRule::Atomic && value.is_array();
  return walks ? list_without(type, value.as_array(), fields) : Value();
}

std::optional<TypeRef> type_below(const TypeRef& type, const Atom& atom, const PathElement& element) {
  if (element.kind() == PathElement::Kind::Field) {
    return atom.map == MapRule::None ? std::nullopt : type.at(element.name());
  }
  return atom.list == ListRule::None ? std::nullopt : std::optional(type.items());
}

}  // namespace

FieldSet field_set(const TypeRef& type, const Value& value) {
  return fields_of(type, value).below;
}

Value remove_fields(const TypeRef& type, const Value& value, const FieldSet& fields) {
  return without(type, value, fields);
}

FieldSet with_named_fields(const TypeRef& type, const FieldSet& set) {
  Atom atom = type.atom();
  FieldSet out;
  for (const auto& node : set.nodes()) {
    bool named =
        node.below && node.element.kind() == PathElement::Kind::Field && type.declared(node.element.name()).has_value();
    FieldSet below;
    if (node.below) {
      auto lower = type_below(type, atom, node.element);
      below = lower ? with_named_fields(*lower, *node.below) : *node.below;
    }
    out.append(node.element, node.member || named, std::move(below));
  }
  return out;
}

}  // namespace schema::apply
