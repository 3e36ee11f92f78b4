// What a kubelet is asked on behalf of someone who asks for a pod's log, or to run a command in it, or for its ports:
// paths and queries, and which container is meant. Pure.
#pragma once

#include <string>
#include <string_view>

#include "apiserver/pipeline/query.h"
#include "base/result.h"

namespace api::core_v1 {
struct Pod;
}

namespace apiserver {

// The container asked for, or the only one there is. BadRequest when there are several, or none of that name.
base::Result<std::string> choose_container(const api::core_v1::Pod& pod, std::string_view asked);

// "/containerLogs/default/web-0/app?follow=true". Invalid when the options make no sense.
base::Result<std::string> log_target(const api::core_v1::Pod& pod, const Query& query);
// `verb` is "exec" or "attach": "/exec/default/web-0/app?command=ls&output=1".
base::Result<std::string> command_target(std::string_view verb, const api::core_v1::Pod& pod, const Query& query);
// "/portForward/default/web-0?port=80".
std::string port_forward_target(const api::core_v1::Pod& pod, const Query& query);

}  // namespace apiserver
