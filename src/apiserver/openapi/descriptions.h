// What kinds and fields are for, in a sentence, as `kubectl explain` shows it.
#pragma once

#include <string_view>

#include "schema/type.h"

namespace apiserver::openapi {

constexpr std::string_view kApiVersionDescription =
    "APIVersion defines which group and version of a schema the object is written in, such as apps/v1. The server may "
    "reject versions it does not know.";
constexpr std::string_view kKindDescription = "Name of the kind of this object, such as Pod. It cannot be changed.";
constexpr std::string_view kMetadataDescription = "Standard object's metadata.";

// "" when nothing is said.
std::string_view describe_type(const schema::Type& type);
std::string_view describe_field(const schema::Type& owner, const schema::Field& field);

}  // namespace apiserver::openapi
