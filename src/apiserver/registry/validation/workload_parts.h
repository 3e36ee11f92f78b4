// What the rules of workloads share.
#pragma once

#include <initializer_list>

#include "api/core_v1.h"
#include "api/meta_v1.h"
#include "apiserver/registry/validation/report.h"
#include "schema/int_or_string.h"

namespace apiserver {

// A selector is there, valid, and not empty. `kind` for the complaint about an empty one.
void check_workload_selector(Report& report, const schema::Box<api::meta_v1::LabelSelector>& selector,
                             std::string_view kind, const Place& at);
// Whether it selects the labels. Nothing is selected by none; nullopt: it cannot be read.
std::optional<bool> selects(const schema::Box<api::meta_v1::LabelSelector>& selector,
                            const std::map<std::string, std::string, std::less<>>& labels);
void complain_about_labels(Report& report, const api::core_v1::PodTemplateSpec& pod, const Place& template_);
// Pods that always run: restarted for ever, with no deadline. `owner` for the complaint.
void check_always_runs(Report& report, const api::core_v1::PodTemplateSpec& pod, std::string_view owner,
                       const Place& template_);
// A count that only grows.
void check_collision_count(Report& report, const std::optional<int32_t>& next, const std::optional<int32_t>& current);

// Counts of a status: none negative, and some no greater than another.
struct Count {
  const char* name;
  int64_t value;
};
void check_counts(Report& report, std::initializer_list<Count> counts);
void check_not_more(Report& report, Count part, int64_t whole, std::string_view detail);

schema::BadValue bad_value(const schema::IntOrString& value);

inline constexpr std::string_view kMoreThanReplicas = "cannot be greater than status.replicas";

}  // namespace apiserver
