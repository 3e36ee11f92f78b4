// What jobs, their statuses and the templates of jobs have in common.
#pragma once

#include <string>
#include <string_view>

#include "api/batch_v1.h"
#include "apiserver/registry/validation/report.h"

namespace apiserver {

bool is_indexed(const api::batch_v1::JobSpec& spec);
// Whether it is "True".
bool has_condition(const api::batch_v1::Job& job, std::string_view type);

void check_job_spec(Report& report, const api::batch_v1::JobSpec& spec, const api::core_v1::PodTemplateSpec* current,
                    const Place& at);
void check_pod_failure_policy(Report& report, const api::batch_v1::JobSpec& spec, const Place& at);
void check_success_policy(Report& report, const api::batch_v1::JobSpec& spec, const Place& at);

// Indexes below `completions`: "3", or "2-4".
struct IndexInterval {
  int64_t first = 0;
  int64_t last = 0;
  std::string problem;  // empty when it could be read
};
IndexInterval read_index_interval(std::string_view text, int64_t completions);

// "0,2-4,7": how many there are, or what is wrong.
struct Indexes {
  int64_t total = 0;
  std::string problem;
};
Indexes read_indexes(std::string_view text, int64_t completions);

}  // namespace apiserver
