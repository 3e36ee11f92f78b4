// One struct of any kind, owned: what moves through code that serves every resource alike. A value: copying copies the
// struct. Using an empty object's content stops the process.
#pragma once

#include <string_view>
#include <type_traits>
#include <utility>

#include "schema/type.h"

namespace api::meta_v1 {
struct ObjectMeta;
struct ListMeta;
}  // namespace api::meta_v1

namespace schema {

class Object {
 public:
  Object() = default;                                    // empty
  explicit Object(const Type& type);                     // a fresh struct of the type
  static Object adopt(const Type& type, void* content);  // takes over what `type.make` or `new` made
  template <class T, class = decltype(std::remove_cvref_t<T>::kType)>
  Object(T&& content)  // NOLINT: a struct is an object
      : type_(&std::remove_cvref_t<T>::kType), data_(new std::remove_cvref_t<T>(std::forward<T>(content))) {}
  Object(const Object& other);
  Object(Object&& other) noexcept
      : type_(std::exchange(other.type_, nullptr)), data_(std::exchange(other.data_, nullptr)) {}
  Object& operator=(Object other) noexcept {
    std::swap(type_, other.type_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Object();

  bool has_value() const { return data_ != nullptr; }
  explicit operator bool() const { return has_value(); }

  const Type& type() const { return *type_; }
  std::string_view kind() const { return type_->name; }
  void* data() { return data_; }
  const void* data() const { return data_; }

  // The content when it is a T, else null.
  template <class T>
  T* get_if() {
    return type_ == &T::kType ? static_cast<T*>(data_) : nullptr;
  }
  template <class T>
  const T* get_if() const {
    return type_ == &T::kType ? static_cast<const T*>(data_) : nullptr;
  }
  // The content, which must be a T.
  template <class T>
  T& as() {
    check(T::kType);
    return *static_cast<T*>(data_);
  }
  template <class T>
  const T& as() const {
    check(T::kType);
    return *static_cast<const T*>(data_);
  }
  // The same, moved out.
  template <class T>
  T take() && {
    check(T::kType);
    return std::move(*static_cast<T*>(data_));
  }

  // The metadata of an object; of a kind that has it.
  api::meta_v1::ObjectMeta& meta();
  const api::meta_v1::ObjectMeta& meta() const;
  bool has_meta() const;
  // The metadata of a list.
  api::meta_v1::ListMeta& list_meta();
  const api::meta_v1::ListMeta& list_meta() const;

  // Of the same type and with the same content (schema::equal), or both empty.
  bool operator==(const Object& other) const;

 private:
  void check(const Type& type) const;

  const Type* type_ = nullptr;
  void* data_ = nullptr;  // owned
};

}  // namespace schema
