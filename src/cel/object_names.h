// Object{spec: Object.spec{...}}: objects made for a mutation are named by where they stand.
#pragma once

#include "base/result.h"
#include "cel/value.h"

namespace cel {

// BadRequest when one inside has another's name; lists and maps on the way add nothing to a name.
base::Result<void> check_object_names(const Value& object);

}  // namespace cel
