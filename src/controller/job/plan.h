// What a job should do: pure.
//
// Ended pods are counted exactly once, across crashes: a pod carries a finalizer until its uid is in the stored status
// (uncountedTerminatedPods); then the finalizer goes; then the uid turns into a number.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "api/batch_v1.h"
#include "controller/common/pods.h"

namespace controller::job {

using api::batch_v1::Job;
using api::batch_v1::JobStatus;

inline constexpr std::string_view kTracking = "batch.kubernetes.io/job-tracking";
inline constexpr std::string_view kIndex = "batch.kubernetes.io/job-completion-index";

struct Plan {
  JobStatus status;                 // written first, when it differs
  std::vector<PodPointer> release;  // counted in `status`: their finalizer goes once it is stored
  std::vector<PodPointer> remove;
  std::vector<int32_t> create;  // completion indexes; -1 for jobs without
  base::Time again;             // when time alone will change something; zero if it will not
  struct Note {
    bool warning = false;
    std::string reason;
    std::string message;
  };
  std::vector<Note> notes;  // events
};

Plan plan(const Job& job, const std::vector<PodPointer>& pods, base::Time now);

bool is_finished(const Job& job);
base::Time finished_at(const Job& job);  // zero if it is not
api::core_v1::Pod make_pod(const Job& job, int32_t index);

// "0-2,5" and back.
std::set<int32_t> parse_indexes(std::string_view text);
std::string format_indexes(const std::set<int32_t>& indexes);

}  // namespace controller::job
