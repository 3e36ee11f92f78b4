// Objects of kinds that are made at run time: their metadata is a struct as everybody's, all else a tree. The types of
// such kinds are of form Custom and live as long as whoever made them says.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/meta_v1.h"
#include "schema/object.h"
#include "schema/structural.h"
#include "schema/type.h"
#include "schema/value.h"

namespace schema {

struct Custom {
  api::meta_v1::ObjectMeta metadata;
  Value content = Value::object();  // without kind, apiVersion and metadata
  std::string kind;                 // what the text it was read from said it is, where that is not the kind of its type
};

// The content of an object of form Custom; null for others.
Custom* custom_of(Object& object);
const Custom* custom_of(const Object& object);

// The whole object as a tree, kind, apiVersion and metadata included.
Value to_value(const Type& type, const Custom& object);

// A type made at run time, with what it refers to.
class CustomType {
 public:
  CustomType(std::string group, std::string version, std::string kind, std::shared_ptr<const Structural> structural);
  CustomType(const CustomType&) = delete;
  CustomType& operator=(const CustomType&) = delete;

  const Type& type() const { return type_; }
  const std::string& package() const { return package_; }

 private:
  const std::string group_, version_, kind_, package_;
  const std::shared_ptr<const Structural> structural_;
  Type type_;
};

}  // namespace schema
