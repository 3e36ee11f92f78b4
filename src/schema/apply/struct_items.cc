#include "schema/apply/struct_items.h"

#include <algorithm>

#include "base/json.h"
#include "schema/apply/type_ref.h"
#include "schema/apply/typed.h"
#include "schema/convert.h"
#include "schema/json.h"
#include "schema/member.h"
#include "schema/presence.h"

namespace schema::apply {

const void* written(const Field& field, const void* object) {
  if (object == nullptr) return nullptr;
  const void* member = field.in(object);
  return presence::is_left_out(field, member) ? nullptr : member;
}

namespace {

void append_scalar_json(std::string& out, const Field& field, const void* value) {
  if (value == nullptr) {
    out += "null";
    return;
  }
  switch (field.shape) {
    case Shape::String:
      return base::append_json_string(out, presence::as<std::string>(value));
    case Shape::Int32:
      out += std::to_string(presence::as<int32_t>(value));
      return;
    case Shape::Int64:
      out += std::to_string(presence::as<int64_t>(value));
      return;
    case Shape::Bool:
      out += presence::as<bool>(value) ? "true" : "false";
      return;
    case Shape::IntOrString: {
      const auto& either = presence::as<IntOrString>(value);
      if (either.is_string()) return base::append_json_string(out, either.text);
      out += std::to_string(either.number);
      return;
    }
    default:
      out += "null";
  }
}

// The value that an optional holds; null when it holds none.
const void* held(const Field& field, const void* member) {
  if (field.holder != Holder::Optional) return member;
  if (presence::is_null(field, member)) return nullptr;
  switch (field.shape) {
    case Shape::String:
      return &*presence::as<std::optional<std::string>>(member);
    case Shape::Int32:
      return &*presence::as<std::optional<int32_t>>(member);
    case Shape::Int64:
      return &*presence::as<std::optional<int64_t>>(member);
    case Shape::Bool:
      return &*presence::as<std::optional<bool>>(member);
    default:
      return nullptr;
  }
}

// By which keys an element of a list of type map is known; nothing when it has none of them.
std::optional<PathElement> key_of(const Field& list, const void* element) {
  auto keys = list.notes->keys;
  std::string_view names[8];
  size_t count = std::min<size_t>(keys.size(), std::size(names));
  std::copy_n(keys.begin(), count, names);
  std::sort(names, names + count);
  std::string json = "{";
  for (size_t i = 0; i < count; ++i) {
    const Field* key = list.type->find(names[i]);
    if (key == nullptr) continue;
    const void* member = written(*key, element);
    const void* value = member == nullptr ? nullptr : held(*key, member);
    std::optional<Value> fallback;
    if (member == nullptr) {
      fallback = TypeRef::member(list).key_default(names[i]);
      if (!fallback) continue;
    }
    if (json.size() > 1) json += ',';
    base::append_json_string(json, names[i]);
    json += ':';
    if (fallback) {
      fallback->append_json(json);
    } else {
      append_scalar_json(json, *key, value);
    }
  }
  if (json.size() == 1) return std::nullopt;
  return PathElement::key_of_json(json + "}");
}

}  // namespace

std::vector<Item> items_of(const Field& field, const void* member) {
  std::vector<Item> items;
  if (member == nullptr) return items;
  const ListOps& ops = *list_ops(field);
  auto [first, count] = ops.view(member);
  items.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const void* value = static_cast<const char*>(first) + i * ops.element_size;
    if (field.list_type == ListType::Map) {
      if (auto key = key_of(field, value)) items.push_back({std::move(*key), value});
    } else {
      std::string json;
      append_scalar_json(json, field, value);
      items.push_back({PathElement::value_of_json(std::move(json)), value});
    }
  }
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    auto order = a.element <=> b.element;
    return order != 0 ? order < 0 : std::less<>()(a.value, b.value);
  });
  return items;
}

namespace {

bool is_hollow_struct(const Type& type, const void* object) {
  return std::ranges::none_of(type.fields(), [&](const Field& field) { return written(field, object) != nullptr; });
}

// A place in a struct: all that a field holds, or one item of it.
struct Place {
  const Field* field;
  const void* at;
  bool item;
};

// The struct at a place; null when there is none.
const void* struct_at(const Place& place) {
  if (place.field->shape != Shape::Struct) return nullptr;
  if (place.item || place.field->holder == Holder::Value) return place.at;
  return place.field->holder == Holder::Box ? presence::as<AnyBox>(place.at).value : nullptr;
}

const void* entry_of(const Field& field, const void* map, const std::string& key) {
  std::pair<const std::string&, const void*> search(key, nullptr);
  map_ops(field)->each(map, &search, [](void* raw, const std::string& key, const void* value) {
    auto& [wanted, found] = *static_cast<std::pair<const std::string&, const void*>*>(raw);
    if (key == wanted) found = value;
    return found == nullptr;
  });
  return search.second;
}

std::optional<Place> step(const Place& from, const PathElement& element) {
  const Field& field = *from.field;
  if (element.kind() != PathElement::Kind::Field) {
    if (from.item || field.holder != Holder::List || field.list_type == ListType::None ||
        field.list_type == ListType::Atomic) {
      return std::nullopt;
    }
    std::optional<Place> found;
    for (const Item& item : items_of(field, from.at)) {
      if (item.element != element) continue;
      if (found) return std::nullopt;
      found = Place{&field, item.value, true};
    }
    return found;
  }
  if (!from.item && field.holder == Holder::Map) {
    const void* value = entry_of(field, from.at, element.name());
    return value == nullptr ? std::nullopt : std::optional(Place{&field, value, true});
  }
  const void* object = struct_at(from);
  const Field* below = object == nullptr ? nullptr : field.type->find(element.name());
  const void* member = below == nullptr ? nullptr : written(*below, object);
  return member == nullptr ? std::nullopt : std::optional(Place{below, member, false});
}

std::optional<Value> tree_of(const Place& place) {
  const Field& field = *place.field;
  if (const void* object = struct_at(place)) {
    if (field.type->form == Form::Fields && is_hollow_struct(*field.type, object)) return std::nullopt;
    std::string json;
    append_json(json, *field.type, object, WithTypeMeta::No);
    auto tree = Value::parse(json);
    return tree ? std::optional(std::move(*tree)) : std::nullopt;
  }
  if (place.item || presence::is_empty_member(field, place.at)) return std::nullopt;
  std::string json;
  append_member_json(json, field, place.at);
  auto tree = Value::parse(json);
  return tree ? std::optional(std::move(*tree)) : std::nullopt;
}

}  // namespace

std::optional<Value> value_at(const Type& type, const void* object, const Path& path) {
  if (type.form == Form::Custom) return value_at(TypeRef::of(type), to_value(type, object), path);
  if (path.empty() || path[0].kind() != PathElement::Kind::Field) return std::nullopt;
  const Field* field = type.find(path[0].name());
  const void* member = field == nullptr ? nullptr : written(*field, object);
  if (member == nullptr) return std::nullopt;
  std::optional<Place> place = Place{field, member, false};
  for (size_t i = 1; i < path.size() && place; ++i) place = step(*place, path[i]);
  return place ? tree_of(*place) : std::nullopt;
}

}  // namespace schema::apply
