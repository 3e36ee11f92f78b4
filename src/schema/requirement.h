// Reading the text form of label selectors, and checking their parts. Used by schema/selector.h.
#pragma once

#include "base/result.h"
#include "schema/selector.h"

namespace schema {

// By key, in the order written for equal keys.
base::Result<std::vector<Requirement>> parse_requirements(std::string_view text);
// BadRequest when key, number of values or a value does not suit the operator. Sorts the values.
base::Result<Requirement> make_requirement(std::string key, Requirement::Operator op, std::vector<std::string> values);

}  // namespace schema
