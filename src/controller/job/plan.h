// What a job should do: pure.
//
// Ended pods are counted exactly once, across crashes: a pod carries a finalizer until its uid is in the stored status
// (uncountedTerminatedPods); then the finalizer goes; then the uid turns into a number.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/batch_v1.h"
#include "controller/common/pods.h"
#include "controller/job/policies.h"

namespace controller::job {

using api::batch_v1::Job;
using api::batch_v1::JobStatus;

inline constexpr std::string_view kTracking = "batch.kubernetes.io/job-tracking";
inline constexpr std::string_view kIndex = "batch.kubernetes.io/job-completion-index";

// A pod to make.
struct Creation {
  int32_t index = -1;                // -1 for jobs without
  std::optional<Failures> failures;  // of the index so far, where they are limited for each
};

struct Plan {
  JobStatus status;                 // written first, when it differs
  std::vector<PodPointer> release;  // counted in `status`: their finalizer goes once it is stored
  std::vector<PodPointer> remove;
  std::vector<Creation> create;
  base::Time again;  // when time alone will change something; zero if it will not
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
api::core_v1::Pod make_pod(const Job& job, const Creation& creation);

}  // namespace controller::job
