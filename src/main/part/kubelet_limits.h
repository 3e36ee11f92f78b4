// Fields of a KubeletConfiguration that are refused, and those that have nothing to set here. Nothing of a file is
// passed over in silence.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace api::kubelet_config_k8s_io_v1beta1 {
struct KubeletConfiguration;
}

namespace navarch {

// BadRequest, in upstream's words where it has some: values out of their range, and what this kubelet does not do.
base::Result<void> check_kubelet_limits(const api::kubelet_config_k8s_io_v1beta1::KubeletConfiguration& from);

// The fields that are set and change nothing, each with the reason.
std::vector<std::pair<std::string, std::string>> unused_kubelet_fields(
    const api::kubelet_config_k8s_io_v1beta1::KubeletConfiguration& from);

}  // namespace navarch
