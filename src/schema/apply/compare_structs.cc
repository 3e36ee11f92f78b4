// Comparison of structs, on every write: nothing is allocated for what did not change.
#include <algorithm>

#include "schema/apply/comparison.h"
#include "schema/apply/struct_items.h"
#include "schema/convert.h"
#include "schema/json.h"
#include "schema/member.h"
#include "schema/presence.h"

namespace schema::apply {
namespace {

Comparison compare_structs(const Type& type, const void* before, const void* after);

Change change_of_presence(const void* before, const void* after) {
  return before == nullptr ? Change::Added : after == nullptr ? Change::Removed : Change::None;
}

// Quantities are told apart by their text here, as other scalars are.
bool same_text(const Field& field, const void* before, const void* after) {
  if (field.shape != Shape::Quantity || field.holder != Holder::Value) return true;
  return presence::as<base::Quantity>(before).same_text(presence::as<base::Quantity>(after));
}

Change change_of_leaf(const Field& field, const void* before, const void* after) {
  if (before == nullptr || after == nullptr) return change_of_presence(before, after);
  return equal_members(field, before, after) && same_text(field, before, after) ? Change::None : Change::Modified;
}

Value to_tree(const Field& field, const void* value) {
  std::string json;
  append_json(json, *field.type, value, WithTypeMeta::No);
  auto tree = Value::parse(json);
  return tree ? std::move(*tree) : Value();
}

// What has no table of its own is compared as trees.
bool is_tree(const Field& field) {
  return field.shape == Shape::Struct && field.type->form != Form::Fields;
}

// One value of a field: an element of its list or map, or all it holds. Null: absent.
void compare_element(Comparison& out, PathElement element, const Field& field, const void* before, const void* after) {
  if (before == nullptr && after == nullptr) return;
  if (is_tree(field)) {
    auto tree = [&](const void* value) {
      return value == nullptr ? std::nullopt : std::optional(to_tree(field, value));
    };
    auto left = tree(before);
    auto right = tree(after);
    return compare_into(out, std::move(element), TypeRef::element(field), left ? &*left : nullptr,
                        right ? &*right : nullptr);
  }
  if (field.shape != Shape::Struct || is_atomic_struct(field)) {
    Field one = field;
    one.holder = Holder::Value;
    return out.append(std::move(element), change_of_leaf(one, before, after), {});
  }
  Comparison below = compare_structs(*field.type, before, after);
  Change change = change_of_presence(before, after);
  if (change == Change::None && below.empty()) return;
  out.append(std::move(element), change, std::move(below));
}

// Items that share a path element are a leaf together.
void compare_same(Comparison& out, const Field& field, std::span<const Item> before, std::span<const Item> after) {
  const PathElement& element = before.empty() ? after.front().element : before.front().element;
  if (before.size() <= 1 && after.size() <= 1) {
    return compare_element(out, element, field, before.empty() ? nullptr : before[0].value,
                           after.empty() ? nullptr : after[0].value);
  }
  if (before.size() >= 2 && after.size() >= 2) {
    Field one = field;
    one.holder = Holder::Value;
    bool same = std::equal(before.begin(), before.end(), after.begin(), after.end(),
                           [&](const Item& a, const Item& b) { return equal_members(one, a.value, b.value); });
    return out.append(element, same ? Change::None : Change::Modified, {});
  }
  Comparison change;
  if (before.size() >= 2) {
    if (!after.empty()) compare_element(change, element, field, nullptr, after[0].value);
    change.removed.insert(element);
  } else {
    if (!before.empty()) compare_element(change, element, field, before[0].value, nullptr);
    change.added.insert(element);
  }
  out.removed = unite(std::move(out.removed), std::move(change.removed));
  out.added = unite(std::move(out.added), std::move(change.added));
}

std::span<const Item> run_of(const std::vector<Item>& items, size_t at, const PathElement& element) {
  size_t end = at;
  while (end < items.size() && items[end].element == element) ++end;
  return std::span(items).subspan(at, end - at);
}

Comparison compare_lists(const Field& field, const void* before, const void* after) {
  auto left = items_of(field, before);
  auto right = items_of(field, after);
  Comparison out;
  for (size_t l = 0, r = 0; l < left.size() || r < right.size();) {
    bool from_left = r == right.size() || (l < left.size() && left[l].element <= right[r].element);
    const PathElement& element = from_left ? left[l].element : right[r].element;
    auto before_run = run_of(left, l, element);
    auto after_run = run_of(right, r, element);
    compare_same(out, field, before_run, after_run);
    l += before_run.size();
    r += after_run.size();
  }
  return out;
}

using Entries = std::vector<std::pair<const std::string*, const void*>>;

Entries entries_of(const Field& field, const void* member) {
  Entries entries;
  if (member == nullptr) return entries;
  map_ops(field)->each(member, &entries, [](void* entries, const std::string& key, const void* value) {
    static_cast<Entries*>(entries)->emplace_back(&key, value);
    return true;
  });
  return entries;
}

void compare_entry(Comparison& out, const Field& field, const std::string& key, const void* before, const void* after) {
  if (field.holder != Holder::MapOfLists) return compare_element(out, PathElement::field(key), field, before, after);
  bool same = before != nullptr && after != nullptr &&
              presence::as<std::vector<std::string>>(before) == presence::as<std::vector<std::string>>(after);
  Change change = same ? Change::None : change_of_presence(before, after);
  out.append(PathElement::field(key), !same && change == Change::None ? Change::Modified : change, {});
}

Comparison compare_maps(const Field& field, const void* before, const void* after) {
  Entries left = entries_of(field, before);
  Entries right = entries_of(field, after);
  Comparison out;
  for (size_t l = 0, r = 0; l < left.size() || r < right.size();) {
    int order = l == left.size() ? 1 : r == right.size() ? -1 : left[l].first->compare(*right[r].first);
    const std::string& key = order <= 0 ? *left[l].first : *right[r].first;
    compare_entry(out, field, key, order <= 0 ? left[l].second : nullptr, order >= 0 ? right[r].second : nullptr);
    if (order <= 0) ++l;
    if (order >= 0) ++r;
  }
  return out;
}

// A field that holds one struct or tree, perhaps behind a pointer. null is a value of its own, neither absent nor
// empty.
void compare_single(Comparison& out, const Field& field, const void* before, const void* after) {
  auto name = [&] { return PathElement::field(field.name()); };
  auto content = [&](const void* member) -> const void* {
    if (member == nullptr || presence::is_null(field, member)) return nullptr;
    return field.holder == Holder::Box ? presence::as<AnyBox>(member).value : member;
  };
  const void* left = content(before);
  const void* right = content(after);
  if (is_tree(field)) {
    if (before != nullptr && after != nullptr && equal_members(field, before, after)) return;
    Value trees[2];
    if (left != nullptr) trees[0] = to_tree(field, left);
    if (right != nullptr) trees[1] = to_tree(field, right);
    return compare_into(out, name(), TypeRef::element(field), before == nullptr ? nullptr : &trees[0],
                        after == nullptr ? nullptr : &trees[1]);
  }
  Change change = change_of_presence(before, after);
  if (left == nullptr && right == nullptr) {
    if (change != Change::None) out.append(name(), change, {});
    return;
  }
  Comparison below = compare_structs(*field.type, left, right);
  if (change == Change::None && below.empty() && (left == nullptr || right == nullptr)) change = Change::Modified;
  if (change != Change::None || !below.empty()) out.append(name(), change, std::move(below));
}

void compare_field(Comparison& out, const Field& field, const void* before, const void* after) {
  if (before == nullptr && after == nullptr) return;
  bool list = field.holder == Holder::List;
  bool map = field.holder == Holder::Map || field.holder == Holder::MapOfLists;
  bool both = before != nullptr && after != nullptr;
  if (!list && !map) {
    if (is_tree(field) || (field.shape == Shape::Struct && !is_atomic_struct(field)))
      return compare_single(out, field, before, after);
    Change change = change_of_leaf(field, before, after);
    if (change != Change::None) out.append(PathElement::field(field.name()), change, {});
    return;
  }
  if (both && equal_members(field, before, after)) return;
  bool keyed = field.list_type == ListType::Map || (field.list_type == ListType::Set && list_ops(field) != nullptr);
  bool whole = list ? !keyed : field.map_type == MapType::Atomic;
  bool hollow = (before == nullptr || presence::is_empty_member(field, before)) &&
                (after == nullptr || presence::is_empty_member(field, after));
  Change change = change_of_presence(before, after);
  if (whole || hollow) return out.append(PathElement::field(field.name()), both ? Change::Modified : change, {});
  Comparison below = list ? compare_lists(field, before, after) : compare_maps(field, before, after);
  out.append(PathElement::field(field.name()), change, std::move(below));
}

Comparison compare_structs(const Type& type, const void* before, const void* after) {
  Comparison out;
  for (const Field& field : type.fields()) compare_field(out, field, written(field, before), written(field, after));
  out.sort();
  return out;
}

}  // namespace

Comparison compare(const Type& type, const void* before, const void* after) {
  if (type.form != Form::Custom) return compare_structs(type, before, after);
  auto tree = [&](const void* object) { return object == nullptr ? Value::object() : to_value(type, object); };
  return compare(TypeRef::of(type), tree(before), tree(after));
}

}  // namespace schema::apply
