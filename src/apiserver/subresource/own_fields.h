// Managed fields of what is answered and not stored.
#pragma once

#include "apiserver/registry/options.h"
#include "apiserver/subresource/handler.h"
#include "schema/object.h"

namespace apiserver {

// Who creates it owns what it says, as with every object; done before it is judged.
void own_fields(const Desk& desk, const Call& call, const Served& served, const WriteQuery& query,
                schema::Object& object);

}  // namespace apiserver
