#include "schema/custom.h"

#include <algorithm>

#include "base/strings.h"
#include "schema/json.h"
#include "schema/type_ops.h"

namespace schema {
namespace {

// "com.example.stable" for stable.example.com.
std::string reversed(std::string_view group) {
  auto parts = base::split(group, '.');
  std::reverse(parts.begin(), parts.end());
  std::string made;
  for (auto part : parts) made += base::cat({made.empty() ? "" : ".", part});
  return made;
}

constexpr std::string_view kMetadata = "metadata";
const Field kFields[] = {{.name_data = kMetadata.data(),
                          .type = &api::meta_v1::ObjectMeta::kType,
                          .notes = nullptr,
                          .offset = 0,
                          .number = 0,
                          .flags = 0,
                          .name_size = kMetadata.size(),
                          .shape = Shape::Struct,
                          .holder = Holder::Value,
                          .list_type = ListType::None,
                          .map_type = MapType::None}};

}  // namespace

Custom* custom_of(Object& object) {
  return object.has_value() && object.type().form == Form::Custom ? static_cast<Custom*>(object.data()) : nullptr;
}

const Custom* custom_of(const Object& object) {
  return custom_of(const_cast<Object&>(object));
}

Value to_value(const Type& type, const Custom& object) {
  Members members;
  members.set("apiVersion", type.api_version());
  members.set("kind", object.kind.empty() ? std::string(type.name) : object.kind);
  std::string json;
  append_json(json, api::meta_v1::ObjectMeta::kType, &object.metadata);
  if (auto metadata = Value::parse(json)) members.set("metadata", std::move(*metadata));
  for (const Member& member : object.content.as_object()) members.set(member.key, member.value);
  return members;
}

CustomType::CustomType(std::string group, std::string version, std::string kind,
                       std::shared_ptr<const Structural> structural)
    : group_(std::move(group)),
      version_(std::move(version)),
      kind_(std::move(kind)),
      package_(base::cat({reversed(group_), ".", version_})),
      structural_(std::move(structural)),
      type_{.name = kind_,
            .group = group_,
            .version = version_,
            .package = package_,
            .all = kFields,
            .wire = nullptr,
            .json_count = 1,
            .all_count = 1,
            .wire_count = 0,
            .form = Form::Custom,
            .flags = Type::Kind | Type::Defaulted | Type::HasObjectMeta,
            .metadata_offset = 0,
            .size = sizeof(Custom),
            .make = StructOps<Custom>::make,
            .remove = StructOps<Custom>::remove,
            .copy = StructOps<Custom>::copy,
            .assign = StructOps<Custom>::assign,
            .list = nullptr,
            .map = nullptr,
            .structural = structural_.get()} {}

}  // namespace schema
