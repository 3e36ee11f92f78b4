// What the API server itself knows about pods.
#pragma once

#include <string>
#include <vector>

#include "api/core_v1.h"

namespace apiserver {

// Kubernetes documentation, "Pod Quality of Service Classes".
std::string qos_class(const api::core_v1::PodSpec& spec);

// Empties fields of features that are off by default in v1.36, unless `current`, when there is one, uses them already.
void drop_disabled_fields(api::core_v1::PodSpec& next, const api::core_v1::PodSpec* current);
// Of a claim.
void drop_disabled_fields(api::core_v1::PersistentVolumeClaimSpec& next,
                          const api::core_v1::PersistentVolumeClaimSpec* current);

// Puts what matchLabelKeys and mismatchLabelKeys say about the pod's labels into the selectors beside them.
void merge_label_keys(api::core_v1::Pod& pod);

// AppArmor profiles had annotations before they had fields: what an annotation alone says the field says too, and a
// warning tells its author.
void settle_app_armor(api::core_v1::Pod& pod, std::vector<std::string>& warnings);

}  // namespace apiserver
