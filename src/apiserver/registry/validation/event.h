// The rules of events, in the form they are stored in. Pure.
#pragma once

#include "api/core_v1.h"
#include "schema/field_error.h"

namespace apiserver {

// Which group's road an event came by: the newer one asks for more, and lets nothing but the series change.
enum class EventRoad : uint8_t { Core, Events };

// `current` null: at birth.
schema::FieldErrors validate_event(const api::core_v1::Event& next, const api::core_v1::Event* current, EventRoad road);

}  // namespace apiserver
