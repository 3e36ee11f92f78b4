// The versions of a kind, for comparing fields across them.
#pragma once

#include "schema/apply/ownership.h"
#include "schema/type.h"

namespace apiserver {

class KindVersions final : public schema::apply::Versions {
 public:
  explicit KindVersions(const schema::Type& type) : type_(type) {}  // of one of them; borrowed

  std::optional<schema::apply::TypeRef> type(std::string_view api_version) const override;
  base::Result<schema::Value> convert(const schema::Value& object, std::string_view api_version) const override;

 private:
  const schema::Type* find(std::string_view api_version) const;

  const schema::Type& type_;
};

}  // namespace apiserver
