#include "schema/object.h"

#include <cstdio>
#include <cstdlib>

#include "api/meta_v1.h"

namespace schema {
namespace {

[[noreturn]] void stop(const Type* is, std::string_view wanted) {
  std::string_view name = is == nullptr ? std::string_view("nothing") : is->name;
  fprintf(stderr, "schema::Object holds %.*s where %.*s is wanted\n", static_cast<int>(name.size()), name.data(),
          static_cast<int>(wanted.size()), wanted.data());
  abort();
}

}  // namespace

Object::Object(const Type& type) : type_(&type), data_(type.make()) {}

Object Object::adopt(const Type& type, void* content) {
  Object object;
  object.type_ = &type;
  object.data_ = content;
  return object;
}

Object::Object(const Object& other)
    : type_(other.type_), data_(other.data_ == nullptr ? nullptr : other.type_->copy(other.data_)) {}

Object::~Object() {
  if (data_ != nullptr) type_->remove(data_);
}

bool Object::has_meta() const {
  return type_ != nullptr && type_->has(Type::HasObjectMeta);
}

api::meta_v1::ObjectMeta& Object::meta() {
  if (!has_meta()) stop(type_, "an object with metadata");
  return *reinterpret_cast<api::meta_v1::ObjectMeta*>(static_cast<char*>(data_) + type_->metadata_offset);
}

const api::meta_v1::ObjectMeta& Object::meta() const {
  return const_cast<Object*>(this)->meta();
}

api::meta_v1::ListMeta& Object::list_meta() {
  if (type_ == nullptr || type_->metadata_offset == Type::kNone || has_meta()) stop(type_, "a list");
  return *reinterpret_cast<api::meta_v1::ListMeta*>(static_cast<char*>(data_) + type_->metadata_offset);
}

const api::meta_v1::ListMeta& Object::list_meta() const {
  return const_cast<Object*>(this)->list_meta();
}

bool Object::operator==(const Object& other) const {
  if (type_ != other.type_) return false;
  return data_ == nullptr || other.data_ == nullptr ? data_ == other.data_ : equal(*type_, data_, other.data_);
}

void Object::check(const Type& type) const {
  if (type_ != &type) stop(type_, type.name);
}

}  // namespace schema
