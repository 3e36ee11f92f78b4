// What server-side apply refuses, as the API says it.
#pragma once

#include "base/result.h"
#include "schema/apply/ownership.h"

namespace apiserver {

// 409 with a cause for each field that somebody else has; else the nameless error.
base::Error apply_refused(const schema::apply::Refusal& refusal);

}  // namespace apiserver
