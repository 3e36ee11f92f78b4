// Names and references that several groups write in the same way.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/meta_v1.h"
#include "apiserver/registry/validation/report.h"
#include "base/quantity.h"

namespace apiserver {

void check_subdomain(Report& report, std::string_view text, const Place& at);
void check_label(Report& report, std::string_view text, const Place& at);
void check_qualified(Report& report, std::string_view text, const Place& at);
// Required (`missing` is said then), then a segment of a path: neither . nor .. and no / or % in it.
void check_path_segment(Report& report, std::string_view text, const Place& at, std::string_view missing = "");
// Required, a subdomain whatever its case, 63 characters at most.
void check_driver_name(Report& report, std::string_view name, const Place& at);
// "hook.example.com": at least three segments.
void check_fully_qualified(Report& report, std::string_view name, const Place& at);
// "a.example": at least two segments, a dot may follow.
void check_domain_name(Report& report, std::string_view name, const Place& at);
// "example.com/path".
void check_domain_prefixed_path(Report& report, std::string_view text, const Place& at);
void check_not_negative(Report& report, const std::optional<base::Quantity>& amount, const Place& at);

// API conventions, "typical status properties".
void check_conditions(Report& report, const std::vector<api::meta_v1::Condition>& conditions, const Place& at);

// The parts of "group/version"; nothing for what is no such thing.
struct GroupAndVersion {
  std::string_view group;
  std::string_view version;
};
std::optional<GroupAndVersion> split_group_version(std::string_view text);

inline constexpr Supported kTruth = {"False", "True", "Unknown"};

}  // namespace apiserver
