#include "schema/apply/field_set.h"

#include <algorithm>

namespace schema::apply {
namespace {

const FieldSet kEmpty;

const FieldSet& below(const FieldNode& node) {
  return node.below ? *node.below : kEmpty;
}

// Walks two levels side by side: visit(a, b) for each element, null where it is on one side only.
template <class Left, class Right, class Visit>
void zip(Left&& a, Right&& b, Visit visit) {
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() || right != b.end()) {
    auto order = left == a.end()    ? std::strong_ordering::greater
                 : right == b.end() ? std::strong_ordering::less
                                    : left->element <=> right->element;
    visit(order <= 0 ? &*left : nullptr, order >= 0 ? &*right : nullptr);
    if (order <= 0) ++left;
    if (order >= 0) ++right;
  }
}

}  // namespace

FieldNode::FieldNode(PathElement element, bool member) : element(std::move(element)), member(member) {}
FieldNode::FieldNode(const FieldNode& other) : element(other.element), member(other.member) {
  if (other.below) below = std::make_unique<FieldSet>(*other.below);
}
FieldNode::FieldNode(FieldNode&& other) noexcept = default;
FieldNode& FieldNode::operator=(const FieldNode& other) {
  return *this = FieldNode(other);
}
FieldNode& FieldNode::operator=(FieldNode&& other) noexcept = default;
FieldNode::~FieldNode() = default;

FieldSet FieldSet::of(std::initializer_list<std::initializer_list<std::string_view>> paths) {
  FieldSet set;
  for (const auto& names : paths) {
    Path path;
    for (auto name : names) path.push_back(PathElement::field(name));
    set.insert(path);
  }
  return set;
}

const FieldNode* FieldSet::find(const PathElement& element) const {
  auto at = std::lower_bound(nodes_.begin(), nodes_.end(), element,
                             [](const FieldNode& node, const PathElement& wanted) { return node.element < wanted; });
  return at != nodes_.end() && at->element == element ? &*at : nullptr;
}

bool FieldSet::has(const PathElement& element) const {
  const FieldNode* node = find(element);
  return node != nullptr && node->member;
}

bool FieldSet::has(const Path& path) const {
  const FieldSet* level = this;
  for (size_t i = 0; i + 1 < path.size(); ++i) level = &level->below(path[i]);
  return !path.empty() && level->has(path.back());
}

const FieldSet& FieldSet::below(const PathElement& element) const {
  const FieldNode* node = find(element);
  return node == nullptr ? kEmpty : apply::below(*node);
}

void FieldSet::insert(const Path& path) {
  FieldSet* level = this;
  for (size_t i = 0; i < path.size(); ++i) {
    auto at = std::lower_bound(level->nodes_.begin(), level->nodes_.end(), path[i],
                               [](const FieldNode& node, const PathElement& wanted) { return node.element < wanted; });
    if (at == level->nodes_.end() || at->element != path[i]) at = level->nodes_.insert(at, FieldNode(path[i], false));
    if (i + 1 == path.size()) {
      at->member = true;
      return;
    }
    if (!at->below) at->below = std::make_unique<FieldSet>();
    level = at->below.get();
  }
}

void FieldSet::insert(PathElement element) {
  insert(Path{std::move(element)});
}

void FieldSet::append(PathElement element, bool member, FieldSet below) {
  if (!member && below.empty()) return;
  FieldNode& node = nodes_.emplace_back(std::move(element), member);
  if (!below.empty()) node.below = std::make_unique<FieldSet>(std::move(below));
}

void FieldSet::append(FieldNode node) {
  if (node.below && node.below->empty()) node.below.reset();
  if (node.member || node.below) nodes_.push_back(std::move(node));
}

void FieldSet::sort() {
  auto less = [](const FieldNode& a, const FieldNode& b) { return a.element < b.element; };
  if (!std::is_sorted(nodes_.begin(), nodes_.end(), less)) std::sort(nodes_.begin(), nodes_.end(), less);
}

void FieldSet::each(const std::function<void(const Path&)>& visit) const {
  Path path;
  each_from(path, visit);
}

void FieldSet::each_from(Path& path, const std::function<void(const Path&)>& visit) const {
  for (const FieldNode& node : nodes_) {
    if (!node.member) continue;
    path.push_back(node.element);
    visit(path);
    path.pop_back();
  }
  for (const FieldNode& node : nodes_) {
    if (!node.below) continue;
    path.push_back(node.element);
    node.below->each_from(path, visit);
    path.pop_back();
  }
}

bool FieldSet::operator==(const FieldSet& other) const {
  return std::equal(nodes_.begin(), nodes_.end(), other.nodes_.begin(), other.nodes_.end(),
                    [](const FieldNode& a, const FieldNode& b) {
                      return a.member == b.member && a.element == b.element && apply::below(a) == apply::below(b);
                    });
}

FieldSet unite(FieldSet a, FieldSet b) {
  if (a.empty() || b.empty()) return a.empty() ? std::move(b) : std::move(a);
  FieldSet out;
  zip(a.release(), b.release(), [&](FieldNode* left, FieldNode* right) {
    if (left == nullptr || right == nullptr) return out.append(std::move(left != nullptr ? *left : *right));
    left->member |= right->member;
    if (left->below && right->below) {
      *left->below = unite(std::move(*left->below), std::move(*right->below));
    } else if (right->below) {
      left->below = std::move(right->below);
    }
    out.append(std::move(*left));
  });
  return out;
}

FieldSet intersect(const FieldSet& a, const FieldSet& b) {
  FieldSet out;
  if (a.empty() || b.empty()) return out;
  zip(a.nodes(), b.nodes(), [&](const FieldNode* left, const FieldNode* right) {
    if (left == nullptr || right == nullptr) return;
    out.append(left->element, left->member && right->member, intersect(below(*left), below(*right)));
  });
  return out;
}

FieldSet subtract(FieldSet a, const FieldSet& b) {
  if (a.empty() || b.empty()) return a;
  FieldSet out;
  zip(a.release(), b.nodes(), [&](FieldNode* left, const FieldNode* right) {
    if (left == nullptr) return;
    if (right != nullptr) {
      left->member &= !right->member;
      if (left->below && right->below) *left->below = subtract(std::move(*left->below), *right->below);
    }
    out.append(std::move(*left));
  });
  return out;
}

FieldSet subtract_recursively(FieldSet a, const FieldSet& b) {
  if (a.empty() || b.empty()) return a;
  FieldSet out;
  zip(a.release(), b.nodes(), [&](FieldNode* left, const FieldNode* right) {
    if (left == nullptr || (right != nullptr && right->member)) return;
    if (right != nullptr && left->below && right->below) {
      *left->below = subtract_recursively(std::move(*left->below), *right->below);
    }
    out.append(std::move(*left));
  });
  return out;
}

}  // namespace schema::apply
