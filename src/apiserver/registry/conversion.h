// From one version of a kind to another, where two are served: events and horizontal pod autoscalers.
#pragma once

#include "base/result.h"
#include "schema/object.h"

namespace apiserver {

// The object as a `type`; the object itself when it is one. Internal when no way is known.
base::Result<schema::Object> convert(schema::Object object, const schema::Type& type);

}  // namespace apiserver
