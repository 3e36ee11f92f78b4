#include "apiserver/registry/kind_versions.h"

#include "apiserver/registry/conversion.h"
#include "base/strings.h"
#include "schema/convert.h"
#include "schema/resource.h"

namespace apiserver {

const schema::Type* KindVersions::find(std::string_view api_version) const {
  auto slash = api_version.find('/');
  auto group = slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
  auto version = slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
  if (group == type_.group && version == type_.version) return &type_;
  if (type_.form == schema::Form::Custom) {
    const Served* other =
        group == type_.group && custom_ != nullptr ? custom_->of_kind(group, version, type_.name) : nullptr;
    return other == nullptr ? nullptr : &other->type();
  }
  // Events are one kind in two groups.
  if (group != type_.group && type_.name != "Event") return nullptr;
  return schema::find_kind(group, version, type_.name);
}

std::optional<schema::apply::TypeRef> KindVersions::type(std::string_view api_version) const {
  const schema::Type* type = find(api_version);
  return type == nullptr ? std::nullopt : std::optional(schema::apply::TypeRef::of(*type));
}

base::Result<schema::Value> KindVersions::convert(const schema::Value& object, std::string_view api_version) const {
  auto from_version = object.text_at({"apiVersion"});
  if (from_version == api_version) return object;
  const schema::Type* from = find(from_version);
  const schema::Type* to = find(api_version);
  if (from == nullptr || to == nullptr) {
    return base::fail(base::Code::NotFound, base::cat({"no version ", api_version, " of ", type_.name}));
  }
  if (type_.form == schema::Form::Custom) {
    schema::Value converted = object;
    converted.as_object().set("apiVersion", api_version);
    return converted;
  }
  TRY(auto decoded, schema::from_value(*from, object));
  TRY(auto converted, apiserver::convert(std::move(decoded), *to));
  return schema::to_value(converted);
}

}  // namespace apiserver
