// Horizontal pod autoscalers between autoscaling/v1 and v2. What v1 has no fields for travels in annotations, as
// upstream has it.
#pragma once

#include "base/result.h"
#include "schema/object.h"

namespace apiserver {

// Fails for anything but an autoscaler and one of its two types.
base::Result<schema::Object> convert_autoscaling(const schema::Object& object, const schema::Type& type);

}  // namespace apiserver
