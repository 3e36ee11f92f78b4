// The rules of flow schemas and priority levels, beyond those of metadata. Pure.
#pragma once

#include "api/flowcontrol_apiserver_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

// `fixed`: what the spec of a mandatory object has to be; null for any other.
schema::FieldErrors validate_flow_schema(const api::flowcontrol_apiserver_k8s_io_v1::FlowSchema& next,
                                         const api::flowcontrol_apiserver_k8s_io_v1::FlowSchemaSpec* fixed);
schema::FieldErrors validate_flow_schema_status(const api::flowcontrol_apiserver_k8s_io_v1::FlowSchema& next);
// What an exempt level lends and has of its own is free all the same.
schema::FieldErrors validate_priority_level(
    const api::flowcontrol_apiserver_k8s_io_v1::PriorityLevelConfiguration& next,
    const api::flowcontrol_apiserver_k8s_io_v1::PriorityLevelConfigurationSpec* fixed);
schema::FieldErrors validate_priority_level_status(
    const api::flowcontrol_apiserver_k8s_io_v1::PriorityLevelConfiguration& next);

}  // namespace apiserver
