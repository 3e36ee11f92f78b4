// The number of replicas of an object of a custom kind: read, and written, where its definition says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/autoscaling_v1.h"
#include "apiserver/crd/kind.h"
#include "base/result.h"
#include "schema/object.h"
#include "schema/value.h"

namespace apiserver::crd {

// A whole number down a path of names; nothing when it is not there. BadRequest when it is something else:
// ".spec.replicas accessor error: x is of the type string, expected int64".
base::Result<std::optional<int64_t>> replicas_at(const schema::Value& tree, const std::vector<std::string>& path);
base::Result<std::string> selector_at(const schema::Value& tree, const std::vector<std::string>& path);

// The scale of `owner`, an object of `kind`. Internal when the object has no number of replicas.
base::Result<api::autoscaling_v1::Scale> scale_of(const Kind& kind, const schema::Object& owner);
void set_replicas(const Kind& kind, schema::Object& owner, int32_t replicas);

}  // namespace apiserver::crd
