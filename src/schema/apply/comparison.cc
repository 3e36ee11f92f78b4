#include "schema/apply/comparison.h"

#include <map>

#include "schema/apply/list_item.h"

namespace schema::apply {
namespace {

using Items = std::vector<const Value*>;

bool is_hollow(const Value* value) {
  if (value == nullptr || value->is_null()) return true;
  if (value->is_array()) return value->as_array().empty();
  return value->is_object() && value->as_object().empty();
}

Change change_of_leaf(const Value* before, const Value* after) {
  if (before == nullptr) return Change::Added;
  if (after == nullptr) return Change::Removed;
  return *before == *after ? Change::None : Change::Modified;
}

Change change_of_presence(const Value* before, const Value* after) {
  return before == nullptr ? Change::Added : after == nullptr ? Change::Removed : Change::None;
}

void index_items(std::map<PathElement, std::pair<Items, Items>>& items, const TypeRef& type, const Value* list,
                 bool left) {
  if (list == nullptr || !list->is_array()) return;
  for (const Value& item : list->as_array()) {
    auto element = path_element(type, item);
    if (!element) continue;
    auto& [before, after] = items[std::move(*element)];
    (left ? before : after).push_back(&item);
  }
}

bool same_items(const Items& a, const Items& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Value* x, const Value* y) { return *x == *y; });
}

// Items that share a path element are a leaf together.
void compare_items(Comparison& out, const TypeRef& type, const PathElement& element, const Items& before,
                   const Items& after) {
  auto first = [](const Items& items) { return items.empty() ? nullptr : items.front(); };
  if (before.size() <= 1 && after.size() <= 1)
    return compare_into(out, element, type.items(), first(before), first(after));
  if (before.size() >= 2 && after.size() >= 2) {
    return out.append(element, same_items(before, after) ? Change::None : Change::Modified, {});
  }
  Comparison change;
  if (before.size() >= 2) {
    if (!after.empty()) compare_into(change, element, type.items(), nullptr, after.front());
    change.removed.insert(element);
  } else {
    if (!before.empty()) compare_into(change, element, type.items(), before.front(), nullptr);
    change.added.insert(element);
  }
  out.removed = unite(std::move(out.removed), std::move(change.removed));
  out.added = unite(std::move(out.added), std::move(change.added));
}

Comparison compare_lists(const TypeRef& type, const Value* before, const Value* after) {
  std::map<PathElement, std::pair<Items, Items>> items;
  index_items(items, type, before, true);
  index_items(items, type, after, false);
  Comparison out;
  for (const auto& [element, both] : items) compare_items(out, type, element, both.first, both.second);
  return out;
}

void compare_member(Comparison& out, const TypeRef& type, std::string_view key, const Value* before,
                    const Value* after) {
  if (auto member = type.at(key)) compare_into(out, PathElement::field(key), *member, before, after);
}

Comparison compare_maps(const TypeRef& type, const Value* before, const Value* after) {
  Comparison out;
  if (before != nullptr && before->is_object()) {
    for (const Member& member : before->as_object()) {
      compare_member(out, type, member.key, &member.value, after == nullptr ? nullptr : after->find(member.key));
    }
  }
  if (after != nullptr && after->is_object()) {
    for (const Member& member : after->as_object()) {
      if (before == nullptr || before->find(member.key) == nullptr)
        compare_member(out, type, member.key, nullptr, &member.value);
    }
  }
  out.sort();
  return out;
}

// What happened at a place of a given form; whether it is a leaf.
Change compare_as(Comparison& below, const Atom& atom, const TypeRef& type, const Value* before, const Value* after) {
  bool list = atom.map == MapRule::None && atom.scalar == Scalar::None;
  bool whole = list ? atom.list == ListRule::Atomic : atom.map != MapRule::Granular;
  if (whole || (is_hollow(before) && is_hollow(after))) return change_of_leaf(before, after);
  below = list ? compare_lists(type, before, after) : compare_maps(type, before, after);
  return change_of_presence(before, after);
}

}  // namespace

void Comparison::append(PathElement element, Change change, Comparison below) {
  // Nearly always it goes into one of them: it is copied for the others only where they get it too.
  bool is_removed = change == Change::Removed || !below.removed.empty();
  bool is_modified = change == Change::Modified || !below.modified.empty();
  bool is_added = change == Change::Added || !below.added.empty();
  auto take = [&](bool again) { return again ? element : std::move(element); };
  if (is_removed) {
    removed.append(take(is_modified || is_added), change == Change::Removed, std::move(below.removed));
  }
  if (is_modified) modified.append(take(is_added), change == Change::Modified, std::move(below.modified));
  if (is_added) added.append(take(false), change == Change::Added, std::move(below.added));
}

void Comparison::sort() {
  removed.sort();
  modified.sort();
  added.sort();
}

void compare_into(Comparison& out, PathElement element, const TypeRef& type, const Value* before, const Value* after) {
  if (before == nullptr && after == nullptr) return;
  Atom atom = type.atom();
  Atom left = before == nullptr ? atom : atom.deduced(*before);
  Atom right = after == nullptr ? atom : atom.deduced(*after);
  Comparison below;
  if (after == nullptr || before == nullptr || left == right) {
    Change change = compare_as(below, after == nullptr ? left : right, type, before, after);
    return out.append(std::move(element), change, std::move(below));
  }
  // The value took another form.
  Comparison as_left;
  Change change = compare_as(as_left, left, type, before, after);
  Change other = compare_as(below, right, type, before, after);
  below.removed = unite(std::move(below.removed), std::move(as_left.removed));
  below.modified = unite(std::move(below.modified), std::move(as_left.modified));
  below.added = unite(std::move(below.added), std::move(as_left.added));
  out.append(std::move(element), other == Change::None ? change : other, std::move(below));
}

Comparison compare(const TypeRef& type, const Value& before, const Value& after) {
  return compare_maps(type, &before, &after);
}

}  // namespace schema::apply
