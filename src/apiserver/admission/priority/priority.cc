// The name of a priority class becomes a number. Kubernetes documentation, "Pod Priority and Preemption".

#include <map>

#include "api/core_v1.h"
#include "api/scheduling_k8s_io_v1.h"
#include "apiserver/admission/list.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace scheduling = api::scheduling_k8s_io_v1;

class Priority final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "Priority"; }

  bool handles(const Attempt& attempt) const override {
    if (!attempt.subresource.empty()) return false;
    if (attempt.is("pods")) return attempt.operation == Operation::Create || attempt.operation == Operation::Update;
    return attempt.is("priorityclasses", "scheduling.k8s.io") &&
           (attempt.operation == Operation::Create || attempt.operation == Operation::Update);
  }

  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    if (!attempt.is("pods")) co_return {};
    auto& pod = attempt.object->as<core::Pod>();
    if (attempt.operation == Operation::Update) {
      // What was resolved stays when an update leaves it out.
      const auto& before = attempt.current->as<core::Pod>();
      if (!pod.spec.priority) pod.spec.priority = before.spec.priority;
      if (!pod.spec.preemption_policy) pod.spec.preemption_policy = before.spec.preemption_policy;
      co_return {};
    }
    int32_t priority = 0;
    std::optional<std::string> preemption = "PreemptLowerPriority";
    if (pod.spec.priority_class_name.empty()) {
      CO_TRY(auto classes, co_await attempt.reader.look_at_all<scheduling::PriorityClass>(""));
      const scheduling::PriorityClass* chosen = nullptr;
      for (const auto& one : classes) {
        if (one->global_default && (chosen == nullptr || one->value < chosen->value)) chosen = one.get();
      }
      if (chosen != nullptr) {
        pod.spec.priority_class_name = chosen->metadata.name;
        priority = chosen->value;
        if (chosen->preemption_policy) preemption = chosen->preemption_policy;
      }
    } else {
      auto found = co_await attempt.reader.look<scheduling::PriorityClass>("", pod.spec.priority_class_name);
      if (!found) {
        co_return attempt.refuse(
            base::cat({"no PriorityClass with name ", pod.spec.priority_class_name, " was found"}));
      }
      priority = (*found)->value;
      if ((*found)->preemption_policy) preemption = (*found)->preemption_policy;
    }
    if (pod.spec.priority && *pod.spec.priority != priority) {
      co_return attempt.refuse(base::cat({"the integer value of priority (", std::to_string(*pod.spec.priority),
                                          ") must not be provided in pod spec; priority admission controller computed ",
                                          std::to_string(priority), " from the given PriorityClass name"}));
    }
    pod.spec.priority = priority;
    if (pod.spec.preemption_policy && *pod.spec.preemption_policy != *preemption) {
      co_return attempt.refuse(base::cat({"the string value of PreemptionPolicy (", *pod.spec.preemption_policy,
                                          ") must not be provided in pod spec; priority admission controller computed ",
                                          *preemption, " from the given PriorityClass name"}));
    }
    pod.spec.preemption_policy = preemption;
    co_return {};
  }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    if (attempt.is("pods")) co_return {};
    const auto& one = attempt.object->as<scheduling::PriorityClass>();
    if (!one.global_default) co_return {};
    CO_TRY(auto classes, co_await attempt.reader.look_at_all<scheduling::PriorityClass>(""));
    for (const auto& other : classes) {
      if (!other->global_default || other->metadata.name == one.metadata.name) continue;
      co_return attempt.refuse(base::cat(
          {"PriorityClass ", other->metadata.name, " is already marked as default. Only one default can exist"}));
    }
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_priority() {
  return std::make_unique<Priority>();
}

}  // namespace apiserver
