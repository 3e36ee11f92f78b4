#include "schema/apply/list_item.h"
#include "schema/apply/typed.h"

namespace schema::apply {
namespace {

class Reconciliation {
 public:
  explicit Reconciliation(const ValueAt& live) : live_(live) {}

  FieldSet walk(const TypeRef& type, const FieldSet& set) {
    Atom atom = type.atom();
    FieldSet out;
    for (const auto& node : set.nodes()) {
      path_.push_back(node.element);
      bool member = node.member;
      FieldSet lower = below(type_below(type, atom, node.element), node, member);
      out.append(node.element, member, std::move(lower));
      path_.pop_back();
    }
    return out;
  }

  bool changed = false;

 private:
  static std::optional<TypeRef> type_below(const TypeRef& type, const Atom& atom, const PathElement& element) {
    if (element.kind() == PathElement::Kind::Field)
      return atom.map == MapRule::None ? std::nullopt : type.at(element.name());
    return atom.list == ListRule::None ? std::nullopt : std::optional(type.items());
  }

  FieldSet below(const std::optional<TypeRef>& type, const FieldNode& node, bool& member) {
    Atom atom = type ? type->atom() : Atom{.scalar = Scalar::Untyped};
    // Of what takes any form there is no telling how it was meant.
    if (atom.scalar != Scalar::None) return node.below ? *node.below : FieldSet();
    if (atom.map == MapRule::Atomic || atom.list == ListRule::Atomic) {
      changed |= node.below != nullptr;
      member = true;
      return {};
    }
    if (node.below) return walk(*type, *node.below);
    auto value = live_(path_);
    FieldSet all = value ? field_set(*type, *value) : FieldSet();
    changed |= !all.empty();
    return all;
  }

  const ValueAt& live_;
  Path path_;
};

}  // namespace

std::optional<FieldSet> reconciled(const TypeRef& type, const FieldSet& set, const ValueAt& live) {
  Reconciliation reconciliation(live);
  FieldSet out = reconciliation.walk(type, set);
  return reconciliation.changed ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<Value> value_at(const TypeRef& type, const Value& object, const Path& path) {
  TypeRef at = type;
  const Value* value = &object;
  for (const PathElement& element : path) {
    std::optional<TypeRef> below;
    const Value* found = nullptr;
    if (element.kind() == PathElement::Kind::Field) {
      below = at.at(element.name());
      found = value->find(element.name());
    } else if (value->is_array() && at.atom().list != ListRule::Atomic && at.atom().list != ListRule::None) {
      below = at.items();
      for (const Value& item : value->as_array()) {
        if (auto known = path_element(at, item); known && *known == element) found = &item;
      }
    }
    if (!below || found == nullptr) return std::nullopt;
    at = *below;
    value = found;
  }
  bool hollow = value->is_null() || (value->is_object() && value->as_object().empty()) ||
                (value->is_array() && value->as_array().empty());
  return hollow ? std::nullopt : std::optional(*value);
}

}  // namespace schema::apply
