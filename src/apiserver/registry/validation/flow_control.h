// The rules of flow schemas and priority levels, beyond those of metadata. Pure.
#pragma once

#include "api/flowcontrol_apiserver_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_flow_schema(const api::flowcontrol_apiserver_k8s_io_v1::FlowSchema& next);
schema::FieldErrors validate_flow_schema_status(const api::flowcontrol_apiserver_k8s_io_v1::FlowSchema& next);
schema::FieldErrors validate_priority_level(
    const api::flowcontrol_apiserver_k8s_io_v1::PriorityLevelConfiguration& next);
schema::FieldErrors validate_priority_level_status(
    const api::flowcontrol_apiserver_k8s_io_v1::PriorityLevelConfiguration& next);

}  // namespace apiserver
