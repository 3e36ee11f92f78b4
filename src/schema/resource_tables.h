// Where generated code leaves its tables for resource.cc; nothing else includes this.
#pragma once

#include <span>

#include "schema/resource.h"

namespace schema {

extern const std::span<const Resource> kResources;
extern const std::span<const GroupVersion> kGroupVersions;
extern const std::span<const Type* const> kKinds;

}  // namespace schema
