#include "controller/common/pods.h"

#include "base/strings.h"
#include "client/codec.h"
#include "controller/common/hash.h"
#include "controller/common/ownership.h"

namespace controller {

using api::core_v1::Pod;

namespace {

// Eight bytes instead of three texts: there are many labels.
std::string label_key(std::string_view namespace_, std::string_view key, std::string_view value) {
  uint64_t hash = fnv1a_64(base::cat({namespace_, "/", key, "=", value}));
  return std::string(reinterpret_cast<const char*>(&hash), sizeof hash);
}

}  // namespace

client::Cache<Pod>& pods_of(Caches& caches) {
  caches.owned<Pod>();
  caches.indexed<Pod>("label", [](const Pod& pod) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : pod.metadata.labels) keys.push_back(label_key(pod.metadata.namespace_, key, value));
    return keys;
  });
  return caches.indexed<Pod>("node", [](const Pod& pod) -> std::vector<std::string> {
    if (pod.spec.node_name.empty()) return {};
    return {pod.spec.node_name};
  });
}

std::vector<PodPointer> pods_with(const client::Cache<Pod>& pods, const std::string& namespace_,
                                  const std::map<std::string, std::string, std::less<>>& labels) {
  if (labels.empty()) return {};
  const auto& [key, value] = *labels.begin();
  std::vector<PodPointer> selected = pods.by_index("label", label_key(namespace_, key, value));
  // Hashes may meet.
  std::erase_if(selected, [&](const PodPointer& pod) {
    return pod->metadata.namespace_ != namespace_ || !includes(pod->metadata.labels, labels);
  });
  return selected;
}

const api::core_v1::PodCondition* find_condition(const api::core_v1::PodStatus& status, std::string_view type) {
  for (const auto& condition : status.conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

bool is_terminal(const Pod& pod) {
  return pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
}
bool is_active(const Pod& pod) {
  return !is_terminal(pod) && !is_being_deleted(pod.metadata);
}
bool is_terminating(const Pod& pod) {
  return !is_terminal(pod) && is_being_deleted(pod.metadata);
}

bool is_ready(const Pod& pod) {
  const auto* ready = find_condition(pod.status, "Ready");
  return ready != nullptr && ready->status == "True";
}

base::Time available_at(const Pod& pod, int32_t min_ready_seconds) {
  const auto* ready = find_condition(pod.status, "Ready");
  if (ready == nullptr || ready->status != "True" || ready->last_transition_time.is_zero()) return {};
  return {ready->last_transition_time.seconds + min_ready_seconds, ready->last_transition_time.nanos};
}

bool is_available(const Pod& pod, int32_t min_ready_seconds, base::Time now) {
  if (!is_ready(pod)) return false;
  if (min_ready_seconds == 0) return true;
  base::Time at = available_at(pod, min_ready_seconds);
  return !at.is_zero() && at <= now;
}

Pod pod_from_template(const api::core_v1::PodTemplateSpec& template_, const schema::Type& owner_type,
                      const api::meta_v1::ObjectMeta& owner) {
  Pod pod;
  pod.metadata.namespace_ = owner.namespace_;
  pod.metadata.generate_name = owner.name + "-";
  pod.metadata.labels = template_.metadata.labels;
  pod.metadata.annotations = template_.metadata.annotations;
  pod.metadata.finalizers = template_.metadata.finalizers;
  pod.metadata.owner_references.push_back(controller_reference(owner_type, owner));
  pod.spec = template_.spec;
  return pod;
}

std::string template_hash(const api::core_v1::PodTemplateSpec& template_, std::optional<int32_t> collisions) {
  // The hash is about what the template says, not about a hash put there before.
  api::core_v1::PodTemplate holder;
  holder.template_ = template_;
  holder.template_.metadata.labels.erase("pod-template-hash");
  std::string text(client::encode_message(schema::Object(std::move(holder))).view());
  if (collisions) text += std::to_string(*collisions);
  return safe_text(fnv1a_32(text));
}

}  // namespace controller
