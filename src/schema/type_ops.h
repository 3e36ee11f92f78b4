// The few functions per struct that its table needs; included by generated code only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/type.h"

namespace schema {

template <class T>
struct StructOps {
  static void* make() { return new T(); }
  static void remove(void* object) { delete static_cast<T*>(object); }
  static void* copy(const void* object) { return new T(*static_cast<const T*>(object)); }
  static void assign(void* object, const void* other) { *static_cast<T*>(object) = *static_cast<const T*>(other); }
};

template <class T>
struct ListFunctions {
  using List = std::vector<T>;
  static std::pair<const void*, size_t> view(const void* list) {
    auto& elements = *static_cast<const List*>(list);
    return {elements.data(), elements.size()};
  }
  static void* append(void* list) { return &static_cast<List*>(list)->emplace_back(); }
  static void clear(void* list) { static_cast<List*>(list)->clear(); }
};

template <class T>
inline constexpr ListOps kListOps = {&ListFunctions<T>::view, &ListFunctions<T>::append, &ListFunctions<T>::clear,
                                     sizeof(T)};

template <class T>
struct MapFunctions {
  using Map = std::map<std::string, T, std::less<>>;
  static size_t size(const void* map) { return static_cast<const Map*>(map)->size(); }
  static std::pair<void*, bool> ensure(void* map, std::string key) {
    auto [entry, fresh] = static_cast<Map*>(map)->try_emplace(std::move(key));
    return {&entry->second, fresh};
  }
  static void each(const void* map, void* context, MapOps::Visit visit) {
    for (const auto& [key, value] : *static_cast<const Map*>(map)) {
      if (!visit(context, key, &value)) return;
    }
  }
  static void each_back(const void* map, void* context, MapOps::Visit visit) {
    auto& entries = *static_cast<const Map*>(map);
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (!visit(context, entry->first, &entry->second)) return;
    }
  }
  static void erase(void* map, std::string_view key) {
    auto& entries = *static_cast<Map*>(map);
    if (auto entry = entries.find(key); entry != entries.end()) entries.erase(entry);
  }
  static void clear(void* map) { static_cast<Map*>(map)->clear(); }
  static bool equal(const void* a, const void* b) { return *static_cast<const Map*>(a) == *static_cast<const Map*>(b); }
};

template <class T>
inline constexpr MapOps kMapOps = {&MapFunctions<T>::size,      &MapFunctions<T>::ensure, &MapFunctions<T>::each,
                                   &MapFunctions<T>::each_back, &MapFunctions<T>::erase,  &MapFunctions<T>::clear,
                                   &MapFunctions<T>::equal};

}  // namespace schema

// Comparison by the table.
#define SCHEMA_COMPARE(T)                                          \
  bool T::operator==(const T& other) const {                       \
    return this == &other || ::schema::equal(kType, this, &other); \
  }

// The special members of structs that are too heavy for every file that touches them. Assignment is built from the
// constructors, which halves the code.
#define SCHEMA_OUT_OF_LINE(T)                                    \
  T::T() = default;                                              \
  T::~T() = default;                                             \
  T::T(const T&) = default;                                      \
  T::T(T&&) noexcept = default;                                  \
  T& T::operator=(const T& other) {                              \
    if (this != &other) *this = T(other);                        \
    return *this;                                                \
  }                                                              \
  T& T::operator=(T&& other) noexcept {                          \
    T moved(std::move(other)); /* `other` may be inside *this */ \
    this->~T();                                                  \
    new (this) T(std::move(moved));                              \
    return *this;                                                \
  }

// The functions of a struct, in the order of Type.
#define SCHEMA_OPS(T)                                                                         \
  ::schema::StructOps<T>::make, ::schema::StructOps<T>::remove, ::schema::StructOps<T>::copy, \
      ::schema::StructOps<T>::assign
