// The Runtime over the CRI: containerd, CRI-O.
//
// Events come from GetContainerEvents. containerd 1.6 has none, but tells of tasks on a service of its own at the same
// socket, which serves as well; a runtime with neither is looked at by the kubelet.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "kubelet/runtime/cri/cri_client.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

// `endpoint` as in --container-runtime-endpoint. Connects when first used.
base::Result<std::unique_ptr<Runtime>> make_cri_runtime(CriClient::Options options);
base::Result<std::unique_ptr<Runtime>> make_cri_runtime(std::string endpoint);

// From a message of containerd's event stream: the id of the container whose main process has ended; "" for all others.
// Pure.
std::string ended_container(std::string_view envelope);

}  // namespace kubelet
