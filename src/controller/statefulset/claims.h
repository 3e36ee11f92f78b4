// The claims of a stateful set's pods, and who owns them: pure. Kubernetes documentation, "PersistentVolumeClaim
// retention".
#pragma once

#include <string>
#include <vector>

#include "api/apps_v1.h"
#include "api/core_v1.h"

namespace controller::statefulset {

// Those that the pod of that ordinal needs: "data-web-0".
std::vector<api::core_v1::PersistentVolumeClaim> make_claims(const api::apps_v1::StatefulSet& set, int32_t ordinal);

// The owners that a claim should have. What is to go with the set is owned by it, what is to go with a pod that is
// beyond the set's size by that pod; other owners stay. `pod` may be null when there is none yet. A claim that somebody
// else controls stays as it is.
std::vector<api::meta_v1::OwnerReference> owners_of_claim(const api::apps_v1::StatefulSet& set,
                                                          const api::core_v1::Pod* pod,
                                                          const api::meta_v1::ObjectMeta& claim);

}  // namespace controller::statefulset
