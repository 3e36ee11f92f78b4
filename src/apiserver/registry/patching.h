// A patch of whatever form the Content-Type says, applied to an object.
#pragma once

#include "apiserver/registry/call.h"
#include "apiserver/registry/options.h"
#include "base/result.h"
#include "schema/object.h"

namespace apiserver {

// What `call.body` makes of `current`, not defaulted yet. UnsupportedMediaType; else upstream's errors of the patch's kind.
base::Result<schema::Object> patch_object(Call& call, const schema::Object& current, FieldValidation validation);

}  // namespace apiserver
