// What a connection to a pod, service or node is for, as an object: PodExecOptions, PodProxyOptions... Admission looks
// at it.
#pragma once

#include "apiserver/registry/call.h"
#include "schema/object.h"

namespace apiserver {

// Empty for pods/log, which only reads.
schema::Object connect_options(const Call& call);

}  // namespace apiserver
