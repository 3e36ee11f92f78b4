#include "schema/member.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "base/time.h"
#include "schema/box.h"
#include "schema/duration.h"
#include "schema/given.h"
#include "schema/int_or_string.h"

namespace schema {

namespace {

template <class T>
using Map = std::map<std::string, T, std::less<>>;

// Calls `use` with a pointer of the C++ type that the holder makes of T.
template <class T, class Use>
auto as_held(Holder holder, void* member, Use use) {
  switch (holder) {
    case Holder::Optional:
      return use(static_cast<std::optional<T>*>(member));
    case Holder::List:
      return use(static_cast<std::vector<T>*>(member));
    case Holder::Map:
      return use(static_cast<Map<T>*>(member));
    case Holder::MapOfLists:
      return use(static_cast<Map<std::vector<std::string>>*>(member));
    default:
      return use(static_cast<T*>(member));
  }
}

// The same for every shape but Struct.
template <class Use>
auto as_typed(const Field& field, void* member, Use use) {
  switch (field.shape) {
    case Shape::Bool:
      return as_held<bool>(field.holder, member, use);
    case Shape::Int32:
    case Shape::Enum:
      return as_held<int32_t>(field.holder, member, use);
    case Shape::Int64:
      return as_held<int64_t>(field.holder, member, use);
    case Shape::UInt32:
      return as_held<uint32_t>(field.holder, member, use);
    case Shape::UInt64:
      return as_held<uint64_t>(field.holder, member, use);
    case Shape::Double:
      return as_held<double>(field.holder, member, use);
    case Shape::Quantity:
      return as_held<base::Quantity>(field.holder, member, use);
    case Shape::IntOrString:
      return as_held<IntOrString>(field.holder, member, use);
    case Shape::Time:
    case Shape::MicroTime:
      return as_held<base::Time>(field.holder, member, use);
    case Shape::Duration:
      return as_held<Duration>(field.holder, member, use);
    default:
      return as_held<std::string>(field.holder, member, use);
  }
}

template <class T>
bool is_zero(const T* value) {
  return *value == T{};
}
template <class T>
bool is_zero(const std::optional<T>* value) {
  return !value->has_value();
}

void set_box(const Type& type, AnyBox& box, const void* content) {
  if (box.value != nullptr) type.remove(box.value);
  box.value = content == nullptr ? nullptr : type.copy(content);
}

void assign_structs(const Field& field, void* to, const void* from) {
  const Type& type = *field.type;
  switch (field.holder) {
    case Holder::Box:
      set_box(type, *static_cast<AnyBox*>(to), static_cast<const AnyBox*>(from)->value);
      break;
    case Holder::List: {
      auto [first, count] = type.list->view(from);
      type.list->clear(to);
      for (size_t i = 0; i < count; ++i)
        type.assign(type.list->append(to), static_cast<const char*>(first) + i * type.size);
      break;
    }
    case Holder::Map: {
      struct Context {
        const Type& type;
        void* to;
      } context{type, to};
      type.map->clear(to);
      type.map->each(from, &context, [](void* at, const std::string& key, const void* value) {
        auto& [type, to] = *static_cast<Context*>(at);
        type.assign(type.map->ensure(to, key).first, value);
        return true;
      });
      break;
    }
    default:
      type.assign(to, from);
  }
}

}  // namespace

bool is_empty(const Field& field, const void* object) {
  void* member = const_cast<void*>(field.in(object));
  if (field.shape != Shape::Struct) return as_typed(field, member, [](auto* value) { return is_zero(value); });
  switch (field.holder) {
    case Holder::Box:
      return static_cast<AnyBox*>(member)->value == nullptr;
    case Holder::List:
      return field.type->list->view(member).second == 0;
    case Holder::Map:
      return field.type->map->size(member) == 0;
    default:
      return false;
  }
}

void assign(const Field& field, void* object, const void* from) {
  void* member = field.in(object);
  const void* source = field.in(from);
  set_given_empty(field, object, is_given_empty(field, from));
  if (field.shape == Shape::Struct) return assign_structs(field, member, source);
  as_typed(field, member, [&](auto* value) { *value = *static_cast<decltype(value)>(const_cast<void*>(source)); });
}

void clear(const Field& field, void* object) {
  void* member = field.in(object);
  set_given_empty(field, object, false);
  if (field.shape != Shape::Struct) {
    as_typed(field, member, [](auto* value) { *value = {}; });
  } else if (field.holder == Holder::Box) {
    set_box(*field.type, *static_cast<AnyBox*>(member), nullptr);
  } else if (field.holder == Holder::List) {
    field.type->list->clear(member);
  } else if (field.holder == Holder::Map) {
    field.type->map->clear(member);
  } else {
    void* fresh = field.type->make();
    field.type->assign(member, fresh);
    field.type->remove(fresh);
  }
}

std::string_view text_of(const Field& field, const void* object) {
  const void* member = field.in(object);
  if (field.holder != Holder::Optional) return *static_cast<const std::string*>(member);
  auto& text = *static_cast<const std::optional<std::string>*>(member);
  return text ? std::string_view(*text) : std::string_view();
}

void visit_structs(const Field& field, void* object, void* context, StructVisit visit) {
  void* member = field.in(object);
  switch (field.holder) {
    case Holder::Box:
      if (void* content = static_cast<AnyBox*>(member)->value) visit(context, content);
      break;
    case Holder::List: {
      auto [first, count] = field.type->list->view(member);
      char* element = static_cast<char*>(const_cast<void*>(first));
      for (size_t i = 0; i < count; ++i) visit(context, element + i * field.type->size);
      break;
    }
    case Holder::Map: {
      std::pair<void*, StructVisit> both(context, visit);
      field.type->map->each(member, &both, [](void* both, const std::string&, const void* value) {
        auto& [context, visit] = *static_cast<std::pair<void*, StructVisit>*>(both);
        visit(context, const_cast<void*>(value));
        return true;
      });
      break;
    }
    default:
      visit(context, member);
  }
}

}  // namespace schema
