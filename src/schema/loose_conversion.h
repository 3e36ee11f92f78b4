// What upstream's converter from decoded trees makes of a value that is to become a struct. It is more lenient than the
// reader of JSON text, and complains in words of its own; strategic merge patches go through it.
#pragma once

#include "base/result.h"
#include "schema/type.h"
#include "schema/value.h"

namespace schema {

// Changes `value` so that the JSON decoder reads what upstream's converter would read: numbers without a fraction
// become whole, those too large are cut. BadRequest in upstream's words for what cannot be converted.
base::Result<void> convert_loosely(const Type& type, Value& value);

}  // namespace schema
