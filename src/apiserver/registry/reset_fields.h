// What a request of a resource or subresource cannot set, whatever it says: the strategy puts it back. Nobody comes to
// own it.
#pragma once

#include <string_view>

#include "schema/apply/filter.h"
#include "schema/resource.h"

namespace apiserver {

schema::apply::FieldFilter ownable_fields(const schema::Resource& row, std::string_view subresource);

}  // namespace apiserver
