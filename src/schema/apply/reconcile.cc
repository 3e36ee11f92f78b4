#include "schema/apply/list_item.h"
#include "schema/apply/typed.h"

namespace schema::apply {
namespace {

class Reconciliation {
 public:
  explicit Reconciliation(const ValueAt& live) : live_(live) {}

  // Nothing when the level stays as it is: most do, and are not copied.
  std::optional<FieldSet> walk(const TypeRef& type, const FieldSet& set) {
    Atom atom = type.atom();
    std::optional<FieldSet> out;
    const auto& nodes = set.nodes();
    for (size_t i = 0; i < nodes.size(); ++i) {
      path_.push_back(nodes[i].element);
      auto next = follow(type_below(type, atom, nodes[i].element), nodes[i]);
      path_.pop_back();
      if (next && !out) {
        out.emplace();
        for (size_t j = 0; j < i; ++j) out->append(nodes[j]);
      }
      if (out) out->append(next ? std::move(*next) : nodes[i]);
    }
    return out;
  }

 private:
  static std::optional<TypeRef> type_below(const TypeRef& type, const Atom& atom, const PathElement& element) {
    if (element.kind() == PathElement::Kind::Field) {
      return atom.map == MapRule::None ? std::nullopt : type.at(element.name());
    }
    return atom.list == ListRule::None ? std::nullopt : std::optional(type.items());
  }

  std::optional<FieldNode> follow(const std::optional<TypeRef>& type, const FieldNode& node) {
    if (!type) return std::nullopt;
    Atom atom = type->atom();
    // Of what takes any form there is no telling how it was meant.
    if (atom.scalar != Scalar::None) return std::nullopt;
    if (atom.map == MapRule::Atomic || atom.list == ListRule::Atomic) {
      return node.below ? std::optional(FieldNode(node.element, true)) : std::nullopt;
    }
    std::optional<FieldSet> below;
    if (node.below) {
      below = walk(*type, *node.below);
    } else if (auto value = live_(path_)) {
      below = field_set(*type, *value);
    }
    if (!below || below->empty()) return std::nullopt;
    FieldNode next(node.element, node.member);
    next.below = std::make_unique<FieldSet>(std::move(*below));
    return next;
  }

  const ValueAt& live_;
  Path path_;
};

}  // namespace

std::optional<FieldSet> reconciled(const TypeRef& type, const FieldSet& set, const ValueAt& live) {
  return Reconciliation(live).walk(type, set);
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
        auto known = path_element(at, item);
        if (!known || *known != element) continue;
        if (found != nullptr) return std::nullopt;
        found = &item;
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
