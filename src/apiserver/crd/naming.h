// Which names a definition may have: those that no other definition of its group has taken. Pure.
#pragma once

#include <vector>

#include "apiserver/crd/conditions.h"

namespace apiserver::crd {

// Writes names, and the conditions NamesAccepted and Established (and the one about approval), into `definition` as
// things stand; `others` are the other definitions of its group.
void settle_names(Definition& definition, const std::vector<const Definition*>& others, base::Time now);

}  // namespace apiserver::crd
