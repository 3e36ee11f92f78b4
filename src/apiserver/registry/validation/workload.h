// The rules of what makes pods. Pure. `current` null: at birth.
#pragma once

#include "api/apps_v1.h"
#include "api/core_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_deployment(const api::apps_v1::Deployment& next, const api::apps_v1::Deployment* current);
schema::FieldErrors validate_deployment_status(const api::apps_v1::Deployment& next,
                                               const api::apps_v1::Deployment& current);
schema::FieldErrors validate_replica_set(const api::apps_v1::ReplicaSet& next, const api::apps_v1::ReplicaSet* current);
schema::FieldErrors validate_replica_set_status(const api::apps_v1::ReplicaSet& next);
schema::FieldErrors validate_daemon_set(const api::apps_v1::DaemonSet& next, const api::apps_v1::DaemonSet* current);
schema::FieldErrors validate_daemon_set_status(const api::apps_v1::DaemonSet& next,
                                               const api::apps_v1::DaemonSet& current);
schema::FieldErrors validate_stateful_set(const api::apps_v1::StatefulSet& next,
                                          const api::apps_v1::StatefulSet* current);
schema::FieldErrors validate_stateful_set_status(const api::apps_v1::StatefulSet& next,
                                                 const api::apps_v1::StatefulSet& current);
schema::FieldErrors validate_controller_revision(const api::apps_v1::ControllerRevision& next,
                                                 const api::apps_v1::ControllerRevision* current);
schema::FieldErrors validate_replication_controller(const api::core_v1::ReplicationController& next,
                                                    const api::core_v1::ReplicationController* current);
schema::FieldErrors validate_replication_controller_status(const api::core_v1::ReplicationController& next);
schema::FieldErrors validate_pod_template_object(const api::core_v1::PodTemplate& next,
                                                 const api::core_v1::PodTemplate* current);

}  // namespace apiserver
