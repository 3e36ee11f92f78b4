// Label selectors, as controllers use them.
#pragma once

#include "schema/selector.h"

namespace controller {

using Selector = schema::LabelSelector;
using schema::Labels;

// One that cannot be read (an unknown operator) selects nothing.
Selector selector_from(const api::meta_v1::LabelSelector& selector);

// Whether every label of `wanted` is in `labels`. An empty map is in every one.
bool includes(const Labels& labels, const Labels& wanted);

}  // namespace controller
