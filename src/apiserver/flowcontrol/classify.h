// Which flow schema a request falls under. Kubernetes documentation, "API Priority and Fairness", "FlowSchema".
#pragma once

#include "api/flowcontrol_apiserver_k8s_io_v1.h"
#include "apiserver/pipeline/authorizer.h"

namespace apiserver {

bool flow_schema_covers(const api::flowcontrol_apiserver_k8s_io_v1::FlowSchema& schema,
                        const AuthorizationAttributes& asked);

// What tells the flows of one schema apart: the user's name or the namespace; "" when they are one flow.
std::string distinguisher_of(const api::flowcontrol_apiserver_k8s_io_v1::FlowSchema& schema,
                             const AuthorizationAttributes& asked);
// A number that requests of one flow share.
uint64_t flow_of(const api::flowcontrol_apiserver_k8s_io_v1::FlowSchema& schema, const AuthorizationAttributes& asked);

}  // namespace apiserver
