// What may be written in two ways is kept in one, as upstream's conversion to its internal form has it: before anything
// looks at an object that a client sent, and before it is said who owns which field.
#pragma once

#include "schema/object.h"

namespace apiserver {

void normalize(schema::Object& object);

}  // namespace apiserver
