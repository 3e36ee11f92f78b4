// The versions of a kind, for comparing fields across them.
#pragma once

#include "apiserver/registry/served.h"
#include "schema/apply/ownership.h"
#include "schema/type.h"

namespace apiserver {

class KindVersions final : public schema::apply::Versions {
 public:
  // `type` is of one of them. Custom kinds have those that `custom` has; null: that one alone. Borrowed.
  explicit KindVersions(const schema::Type& type, CustomKindsRef custom = nullptr)
      : type_(type), custom_(std::move(custom)) {}

  std::optional<schema::apply::TypeRef> type(std::string_view api_version) const override;
  base::Result<schema::Value> convert(const schema::Value& object, std::string_view api_version) const override;

 private:
  const schema::Type* find(std::string_view api_version) const;

  const schema::Type& type_;
  const CustomKindsRef custom_;
};

}  // namespace apiserver
