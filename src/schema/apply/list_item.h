// By which element of a path an item of a list is known.
#pragma once

#include "schema/apply/path_element.h"
#include "schema/apply/type_ref.h"

namespace schema::apply {

// Of a list of type set or map. BadRequest, in upstream's words, for items that cannot be told apart.
base::Result<PathElement> path_element(const TypeRef& list, const Value& item);

}  // namespace schema::apply
