// What controllers ask of pods.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "client/cache.h"
#include "controller/caches.h"

namespace controller {

using PodPointer = std::shared_ptr<const api::core_v1::Pod>;

// All pods, indexed by controller and orphans (Caches::owned), by "node" and by "label".
client::Cache<api::core_v1::Pod>& pods_of(Caches& caches);
// The pods of a namespace with all of these labels (at least one), in order of their names.
std::vector<PodPointer> pods_with(const client::Cache<api::core_v1::Pod>& pods, const std::string& namespace_,
                                  const std::map<std::string, std::string, std::less<>>& labels);

const api::core_v1::PodCondition* find_condition(const api::core_v1::PodStatus& status, std::string_view type);
bool is_terminal(const api::core_v1::Pod& pod);     // Succeeded or Failed
bool is_active(const api::core_v1::Pod& pod);       // neither terminal nor being deleted
bool is_terminating(const api::core_v1::Pod& pod);  // being deleted and not yet terminal
bool is_ready(const api::core_v1::Pod& pod);
// Ready for at least `min_ready_seconds`.
bool is_available(const api::core_v1::Pod& pod, int32_t min_ready_seconds, base::Time now);
// When a pod that is ready becomes available; zero if it is not ready.
base::Time available_at(const api::core_v1::Pod& pod, int32_t min_ready_seconds);

// A pod made of a template for its owner; without a name: `generate_name` is the owner's name and a dash.
api::core_v1::Pod pod_from_template(const api::core_v1::PodTemplateSpec& template_, const schema::Type& owner_type,
                                    const api::meta_v1::ObjectMeta& owner);

// Stable text of what matters in a template, hashed and written without vowels: "6d4cf56db6".
// `collisions` gives another hash for the same template.
std::string template_hash(const api::core_v1::PodTemplateSpec& template_, std::optional<int32_t> collisions);

}  // namespace controller
