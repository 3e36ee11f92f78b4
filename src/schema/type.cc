#include "schema/type.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "base/time.h"
#include "schema/box.h"
#include "schema/custom.h"
#include "schema/duration.h"
#include "schema/given.h"
#include "schema/int_or_string.h"
#include "schema/member.h"
#include "schema/presence.h"
#include "schema/type_ops.h"

namespace schema {
namespace {

template <class T>
bool same(const void* a, const void* b) {
  return *static_cast<const T*>(a) == *static_cast<const T*>(b);
}

// Compares members of the C++ type that `holder` makes of T.
template <class T>
bool same_held(Holder holder, const void* a, const void* b) {
  switch (holder) {
    case Holder::Optional:
      return same<std::optional<T>>(a, b);
    case Holder::List:
      return same<std::vector<T>>(a, b);
    case Holder::Map:
      return same<std::map<std::string, T, std::less<>>>(a, b);
    default:
      return same<T>(a, b);
  }
}

bool equal_structs(const Field& field, const void* a, const void* b, EmptyAndAbsent rule);

bool equal_by(EmptyAndAbsent rule, const Field& field, const void* a, const void* b) {
  switch (field.shape) {
    case Shape::Bool:
      return same_held<bool>(field.holder, a, b);
    case Shape::Int32:
    case Shape::Enum:
      return same_held<int32_t>(field.holder, a, b);
    case Shape::Int64:
      return same_held<int64_t>(field.holder, a, b);
    case Shape::UInt32:
      return same_held<uint32_t>(field.holder, a, b);
    case Shape::UInt64:
      return same_held<uint64_t>(field.holder, a, b);
    case Shape::Double:
      return same_held<double>(field.holder, a, b);
    case Shape::String:
    case Shape::Bytes:
    case Shape::Raw:
      if (field.holder == Holder::MapOfLists) {
        return same<std::map<std::string, std::vector<std::string>, std::less<>>>(a, b);
      }
      return same_held<std::string>(field.holder, a, b);
    case Shape::Quantity:
      return same_held<base::Quantity>(field.holder, a, b);
    case Shape::IntOrString:
      return same_held<IntOrString>(field.holder, a, b);
    case Shape::Time:
    case Shape::MicroTime:
      return same_held<base::Time>(field.holder, a, b);
    case Shape::Duration:
      return same_held<Duration>(field.holder, a, b);
    case Shape::Struct:
      return equal_structs(field, a, b, rule);
  }
  return false;
}

// The structs of a map, by key.
using Entries = std::vector<std::pair<const std::string*, const void*>>;

Entries entries_of(const MapOps& ops, const void* map) {
  Entries entries;
  ops.each(map, &entries, [](void* entries, const std::string& key, const void* value) {
    static_cast<Entries*>(entries)->emplace_back(&key, value);
    return true;
  });
  return entries;
}

bool equal_maps(const Type& type, const void* a, const void* b, EmptyAndAbsent rule) {
  if (rule == EmptyAndAbsent::Alike) return type.map->equal(a, b);
  return std::ranges::equal(entries_of(*type.map, a), entries_of(*type.map, b),
                            [&](const auto& left, const auto& right) {
                              return *left.first == *right.first && equal(type, left.second, right.second, rule);
                            });
}

bool equal_structs(const Field& field, const void* a, const void* b, EmptyAndAbsent rule) {
  const Type& type = *field.type;
  switch (field.holder) {
    case Holder::Box: {
      const void* content_a = static_cast<const AnyBox*>(a)->value;
      const void* content_b = static_cast<const AnyBox*>(b)->value;
      if (content_a == nullptr || content_b == nullptr) return content_a == content_b;
      return equal(type, content_a, content_b, rule);
    }
    case Holder::List: {
      auto [first_a, count_a] = type.list->view(a);
      auto [first_b, count_b] = type.list->view(b);
      if (count_a != count_b) return false;
      for (size_t i = 0; i < count_a; ++i) {
        size_t at = i * type.size;
        if (!equal(type, static_cast<const char*>(first_a) + at, static_cast<const char*>(first_b) + at, rule))
          return false;
      }
      return true;
    }
    case Holder::Map:
      return equal_maps(type, a, b, rule);
    default:
      return equal(type, a, b, rule);
  }
}

}  // namespace

bool equal_members(const Field& field, const void* a, const void* b) {
  return equal_by(EmptyAndAbsent::Alike, field, a, b);
}

const Field* Type::find(std::string_view json_name) const {
  for (const Field& field : fields()) {
    if (field.name() == json_name) return &field;
  }
  return nullptr;
}

std::string Type::api_version() const {
  return group.empty() ? std::string(version) : std::string(group) + '/' + std::string(version);
}

bool equal(const Type& type, const void* a, const void* b, EmptyAndAbsent rule) {
  // All entries, but inlined structs, whose members stand among the fields.
  for (size_t i = 0; i < type.all_count; ++i) {
    const Field& field = type.all[i];
    if (i >= type.json_count && field.type != nullptr && field.holder == Holder::Value) continue;
    if (!equal_by(rule, field, field.in(a), field.in(b))) return false;
    // Elements are the same here: either both have some, or the bits tell.
    if (rule == EmptyAndAbsent::Differ && is_given_empty(field, a) != is_given_empty(field, b) &&
        presence::is_empty_member(field, field.in(a))) {
      return false;
    }
  }
  return type.form != Form::Custom || static_cast<const Custom*>(a)->content == static_cast<const Custom*>(b)->content;
}

const ListOps* list_ops(const Field& field) {
  switch (field.shape) {
    case Shape::Bool:
      return nullptr;
    case Shape::Int32:
    case Shape::Enum:
      return &kListOps<int32_t>;
    case Shape::Int64:
      return &kListOps<int64_t>;
    case Shape::UInt32:
      return &kListOps<uint32_t>;
    case Shape::UInt64:
      return &kListOps<uint64_t>;
    case Shape::Double:
      return &kListOps<double>;
    case Shape::String:
    case Shape::Bytes:
    case Shape::Raw:
      return &kListOps<std::string>;
    case Shape::Quantity:
      return &kListOps<base::Quantity>;
    case Shape::IntOrString:
      return &kListOps<IntOrString>;
    case Shape::Time:
    case Shape::MicroTime:
      return &kListOps<base::Time>;
    case Shape::Duration:
      return &kListOps<Duration>;
    case Shape::Struct:
      return field.type->list;
  }
  return nullptr;
}

const MapOps* map_ops(const Field& field) {
  if (field.holder == Holder::MapOfLists) return &kMapOps<std::vector<std::string>>;
  switch (field.shape) {
    case Shape::Bool:
      return &kMapOps<bool>;
    case Shape::Int32:
    case Shape::Enum:
      return &kMapOps<int32_t>;
    case Shape::Int64:
      return &kMapOps<int64_t>;
    case Shape::UInt32:
      return &kMapOps<uint32_t>;
    case Shape::UInt64:
      return &kMapOps<uint64_t>;
    case Shape::Double:
      return &kMapOps<double>;
    case Shape::String:
    case Shape::Bytes:
    case Shape::Raw:
      return &kMapOps<std::string>;
    case Shape::Quantity:
      return &kMapOps<base::Quantity>;
    case Shape::IntOrString:
      return &kMapOps<IntOrString>;
    case Shape::Time:
    case Shape::MicroTime:
      return &kMapOps<base::Time>;
    case Shape::Duration:
      return &kMapOps<Duration>;
    case Shape::Struct:
      return field.type->map;
  }
  return nullptr;
}

}  // namespace schema
