// The number of replicas of whatever has one, as a kind of its own.
#pragma once

#include <cstdint>

#include "api/autoscaling_v1.h"
#include "base/result.h"
#include "schema/object.h"

namespace apiserver {

class Served;

// Internal for objects that have no replicas.
base::Result<api::autoscaling_v1::Scale> scale_of(const Served& served, const schema::Object& owner);
void set_replicas(const Served& served, schema::Object& owner, int32_t replicas);

}  // namespace apiserver
