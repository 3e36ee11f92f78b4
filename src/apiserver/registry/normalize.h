// What may be written in two ways is kept in one, as upstream's conversion to its internal form has it: before anything
// looks at an object that a client sent, and before it is said who owns which field.
#pragma once

#include <string_view>

#include "schema/object.h"

namespace apiserver {

void normalize(schema::Object& object);

// Where a daemon set keeps how often its template changed: a field of upstream's internal form, so it is never absent.
inline constexpr std::string_view kTemplateGeneration = "deprecated.daemonset.template.generation";

}  // namespace apiserver
