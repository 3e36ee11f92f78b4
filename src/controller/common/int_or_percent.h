// Amounts that may be percentages: maxSurge, maxUnavailable, minAvailable.
#pragma once

#include <cstdint>

#include "schema/int_or_string.h"

namespace controller {

enum class Rounding : uint8_t { Up, Down };

// The number, or the percentage ("25%") of `total`. A text that is no percentage counts as 0.
int32_t scaled(const schema::IntOrString& amount, int32_t total, Rounding rounding);

}  // namespace controller
