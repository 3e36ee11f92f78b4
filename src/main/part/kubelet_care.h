// What a KubeletConfiguration says of the node's own care: eviction, garbage, static pods, shutdown, processors.
#pragma once

#include "api/kubelet_config_k8s_io_v1beta1.h"
#include "base/result.h"
#include "kubelet/options.h"

namespace navarch {

// BadRequest in upstream's words for what cannot be. `thresholds` are words still: flags may replace them before they
// are read.
base::Result<void> take_care_options(const api::kubelet_config_k8s_io_v1beta1::KubeletConfiguration& from,
                                     kubelet::KubeletOptions& options, kubelet::ThresholdWords& thresholds);

// Both from a file and from flags. BadRequest.
base::Result<void> check_care_options(const kubelet::KubeletOptions& options);

}  // namespace navarch
