// Warnings: what is allowed but not wise. What several kinds warn about.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "apiserver/registry/validation/report.h"
#include "apiserver/registry/validation/resources.h"

namespace apiserver {

using Warnings = std::vector<std::string>;

// "path: text".
void warn(Warnings& warnings, const Place& at, std::string_view text);
// A part of a byte; `at` is the place of the amounts.
void warn_about_fraction(Warnings& warnings, const Amounts& amounts, std::string_view name, const Place& at);
// What to say about a node label that is going away, "" for others.
std::string_view node_label_deprecation(std::string_view label);
// A preference is not rejected for values that no label can have, so these are warned about.
enum class TermUse : uint8_t { Requirement, Preference };
void warn_about_node_term(Warnings& warnings, const api::core_v1::NodeSelectorTerm& term, TermUse use, const Place& at);

}  // namespace apiserver
