// An optional value on the heap that is copied with its owner: what a pointer to a struct is in the API's types.
// One pointer wide; the type may be incomplete where the box is declared, so a struct may hold itself.
#pragma once

#include <utility>

namespace schema {

// The part of a box that does not know its type, for code that walks structs by their tables.
struct AnyBox {
  void* value = nullptr;
};

template <class T>
class Box : private AnyBox {
 public:
  Box() = default;
  Box(T content) { value = new T(std::move(content)); }  // NOLINT: a value is a full box
  Box(const Box& other) { value = other ? new T(*other) : nullptr; }
  Box(Box&& other) noexcept { value = std::exchange(other.value, nullptr); }
  Box& operator=(const Box& other) {
    if (this != &other) *this = Box(other);
    return *this;
  }
  Box& operator=(Box&& other) noexcept {
    std::swap(value, other.value);
    return *this;
  }
  ~Box() { delete get(); }

  explicit operator bool() const { return value != nullptr; }
  bool has_value() const { return value != nullptr; }
  T* get() { return static_cast<T*>(value); }
  const T* get() const { return static_cast<const T*>(value); }
  // Only when full.
  T& operator*() { return *get(); }
  const T& operator*() const { return *get(); }
  T* operator->() { return get(); }
  const T* operator->() const { return get(); }

  // A fresh value in place of what was there.
  T& emplace() { return *(*this = Box(T())); }
  T& emplace(T content) { return *(*this = Box(std::move(content))); }
  // What is there, made first if need be.
  T& ensure() { return value != nullptr ? *get() : emplace(); }
  void reset() { *this = Box(); }

  friend bool operator==(const Box& a, const Box& b) {
    return a.value == nullptr || b.value == nullptr ? a.value == b.value : *a == *b;
  }
};

}  // namespace schema
