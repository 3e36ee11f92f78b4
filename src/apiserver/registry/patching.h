// A patch of whatever form the Content-Type says, applied to an object.
#pragma once

#include "apiserver/registry/call.h"
#include "apiserver/registry/field_management.h"
#include "apiserver/registry/options.h"
#include "base/result.h"
#include "schema/object.h"

namespace apiserver {

// What is read of the query of a patch: some options are of server-side apply only.
base::Result<WriteQuery> read_patch_query(const Call& call);
// Whether the patch makes what is not there.
bool is_apply(const Call& call);

// What `call.body` makes of `current`, an object of `type`: with defaults and its managed fields. `current` may be null
// for server-side apply alone. UnsupportedMediaType; else upstream's errors of the patch's kind.
base::Result<schema::Object> patch_object(Call& call, const FieldManagement& management, const WriteQuery& query,
                                          const schema::Type& type, const schema::Object* current);

}  // namespace apiserver
