// What a server fills in when an object leaves it open: declared per field and per type in schemas/ (see
// schema/default_rules.h), and interpreted by one engine.
#pragma once

#include "base/clock.h"
#include "schema/object.h"

namespace schema {

// Fills in the defaults of an object, or of each item of a list. Kinds without defaulting stay as they are. Applying it
// again changes nothing. Safe from any thread.
void apply_defaults(Object& object, base::Clock& clock = base::system_clock());

}  // namespace schema
