#include <algorithm>

#include "base/strings.h"
#include "controller/job/plan.h"

namespace controller::job {

using api::core_v1::Pod;

Pod make_pod(const Job& job, const Creation& creation) {
  Pod pod = pod_from_template(job.spec.template_, Job::kType, job.metadata);
  pod.metadata.finalizers.emplace_back(kTracking);
  if (creation.failures) {
    pod.metadata.annotations[std::string(kFailureCount)] = std::to_string(creation.failures->counted);
    if (creation.failures->ignored > 0) {
      pod.metadata.annotations[std::string(kIgnoredFailureCount)] = std::to_string(creation.failures->ignored);
    }
  }
  int32_t index = creation.index;
  if (index < 0) return pod;
  std::string number = std::to_string(index);
  pod.metadata.annotations[std::string(kIndex)] = number;
  pod.metadata.labels[std::string(kIndex)] = number;
  pod.metadata.generate_name = base::cat({job.metadata.name, "-", number, "-"});
  if (pod.spec.hostname.empty()) pod.spec.hostname = base::cat({job.metadata.name, "-", number});
  auto tell = [](std::vector<api::core_v1::Container>& containers) {
    for (auto& container : containers) {
      bool there = std::any_of(container.env.begin(), container.env.end(),
                               [](const auto& one) { return one.name == "JOB_COMPLETION_INDEX"; });
      if (there) continue;
      auto& variable = container.env.emplace_back();
      variable.name = "JOB_COMPLETION_INDEX";
      variable.value_from.ensure().field_ref.ensure().field_path = base::cat({"metadata.labels['", kIndex, "']"});
    }
  };
  tell(pod.spec.init_containers);
  tell(pod.spec.containers);
  return pod;
}

}  // namespace controller::job
