// A KubeletConfiguration file as the kubelet's options.
#pragma once

#include <optional>
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
  std::string image_endpoint;                    // "": that of the runtime
  int64_t runtime_timeout_ns = 120'000'000'000;  // of a call to it
  bool rotate_certificates = false;
  bool rotate_server_certificates = false;  // the cluster signs what the server shows
  // What the machine has to be like.
  bool fail_swap_on = true;
  bool fail_cgroup_v1 = false;  // upstream's default is true
  bool protect_kernel_defaults = false;
  int64_t open_files_max = 1'000'000;
  std::optional<int> verbosity;  // of the log
  ReservedWords reserved;
  kubelet::ThresholdWords thresholds{
      .hard = kubelet::default_hard_thresholds(), .soft = {}, .soft_grace_period = {}, .minimum_reclaim = {}};
};

// kubelet.config.k8s.io/v1beta1. What the file does not say stays as it is. Files in `drop_ins` whose names end with
// ".conf" (those of folders inside it, too) are merged over it in the order of their names. Each of both may be "".
// What changes nothing here is told in the log; what cannot be done is an Error.
base::Result<void> read_kubelet_configuration(const std::string& path, const std::string& drop_ins,
                                              kubelet::KubeletOptions& options, KubeletFileOptions& others);

// key=value:effect, as --register-with-taints has it.
base::Result<std::pair<std::string, std::string>> parse_taint(std::string_view text);

}  // namespace navarch
