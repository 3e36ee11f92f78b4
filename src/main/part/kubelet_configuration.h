// A KubeletConfiguration file as the kubelet's options.
#pragma once

#include <string>

#include "base/result.h"
#include "kubelet/options.h"
#include "main/part/kubelet_reserved.h"

namespace navarch {

// What the file says beside the kubelet's own options.
struct KubeletFileOptions {
  std::string runtime_endpoint;
  std::string healthz_address = "127.0.0.1";
  int64_t healthz_port = 10248;
  bool rotate_certificates = false;
  ReservedWords reserved;
  kubelet::ThresholdWords thresholds{
      .hard = kubelet::default_hard_thresholds(), .soft = {}, .soft_grace_period = {}, .minimum_reclaim = {}};
};

// kubelet.config.k8s.io/v1beta1. What the file does not say stays as it is.
base::Result<void> read_kubelet_configuration(const std::string& path, kubelet::KubeletOptions& options,
                                              KubeletFileOptions& others);

// key=value:effect, as --register-with-taints has it.
base::Result<std::pair<std::string, std::string>> parse_taint(std::string_view text);

}  // namespace navarch
