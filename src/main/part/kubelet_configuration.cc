#include "main/part/kubelet_configuration.h"

#include <algorithm>
#include <utility>

#include "api/core_v1.h"
#include "api/kubelet_config_k8s_io_v1beta1.h"
#include "api/tracing_v1.h"
#include "main/part/configuration_file.h"
#include "main/part/kubelet_care.h"

namespace navarch {
namespace {

using Configuration = api::kubelet_config_k8s_io_v1beta1::KubeletConfiguration;

void take(const std::string& value, std::string& target) {
  if (!value.empty()) target = value;
}

base::Result<void> apply_images(const Configuration& from, kubelet::ImageOptions& to) {
  auto wrong = [](std::string_view why) {
    return base::fail(base::Code::BadRequest, base::cat({"invalid configuration: ", why}));
  };
  bool one_by_one = from.serialize_image_pulls.value_or(!from.max_parallel_image_pulls);
  if (from.max_parallel_image_pulls) {
    if (*from.max_parallel_image_pulls < 1) {
      return wrong(base::cat(
          {"maxParallelImagePulls ", std::to_string(*from.max_parallel_image_pulls), " must be a positive number"}));
    }
    if (one_by_one && *from.max_parallel_image_pulls != 1)
      return wrong(
          "maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set "
          "to false");
  }
  to.pulls_max = one_by_one ? 1 : from.max_parallel_image_pulls.value_or(0);

  using enum kubelet::ImageVerification;
  const std::pair<std::string_view, kubelet::ImageVerification> kPolicies[] = {
      {"NeverVerify", Never},
      {"NeverVerifyPreloadedImages", NeverPreloaded},
      {"NeverVerifyAllowlistedImages", NeverAllowlisted},
      {"AlwaysVerify", Always}};
  const auto& policy = from.image_pull_credentials_verification_policy;
  if (!policy.empty()) {
    auto found = std::ranges::find(kPolicies, policy, &std::pair<std::string_view, kubelet::ImageVerification>::first);
    if (found == std::end(kPolicies))
      return wrong(base::cat({"unknown image pull credentials verification policy: ", policy}));
    to.verification = found->second;
  }
  if (!from.preloaded_images_verification_allowlist.empty() && to.verification != NeverAllowlisted)
    return wrong(
        "preloadedImagesVerificationAllowlist: can't set allowlist without NeverVerifyAllowlistedImages policy");
  to.allowlist = from.preloaded_images_verification_allowlist;
  return {};
}

base::Result<void> apply(const Configuration& from, kubelet::KubeletOptions& to) {
  if (from.enable_server) to.serve = *from.enable_server;
  take(from.pod_logs_dir, to.pod_log_directory);
  take(from.address, to.address);
  if (from.port < 0 || from.port > 65535) {
    return base::fail(base::Code::BadRequest,
                      base::cat({"port (", std::to_string(from.port), ") must be between 1 and 65535, inclusive"}));
  }
  if (from.port != 0) to.port = static_cast<uint16_t>(from.port);
  take(from.tls_cert_file, to.certificate_file);
  take(from.tls_private_key_file, to.key_file);
  take(from.authentication.x509.client_ca_file, to.client_ca_file);
  if (from.authentication.anonymous.enabled) to.anonymous_auth = *from.authentication.anonymous.enabled;
  if (!from.authorization.mode.empty()) to.authorize = from.authorization.mode != "AlwaysAllow";
  take(from.cluster_domain, to.cluster_domain);
  if (!from.cluster_dns.empty()) to.cluster_dns = from.cluster_dns;
  if (from.resolv_conf) to.resolv_conf = *from.resolv_conf;
  if (from.max_pods != 0) to.pods_max = from.max_pods;
  if (from.user_namespaces && from.user_namespaces->ids_per_pod) {
    int64_t ids = *from.user_namespaces->ids_per_pod;
    if (ids < 65536 || ids % 65536 != 0 || ids > UINT32_MAX)
      return base::fail(base::Code::BadRequest, base::cat({"invalid configuration: userNamespaces.idsPerPod ",
                                                           std::to_string(ids), " must be a multiple of 65536"}));
    to.user_ids_per_pod = static_cast<uint32_t>(ids);
  }
  to.allowed_unsafe_sysctls = from.allowed_unsafe_sysctls;
  if (from.node_status_report_frequency.ns != 0)
    to.status_update_seconds = from.node_status_report_frequency.ns / 1'000'000'000;
  if (from.node_lease_duration_seconds != 0) to.lease_seconds = from.node_lease_duration_seconds;
  take(from.cgroup_root, to.cgroup_root);
  if (from.cgroups_per_qos) to.cgroups = *from.cgroups_per_qos;
  if (from.register_node) to.register_node = *from.register_node;
  for (const auto& taint : from.register_with_taints)
    to.register_with_taints.emplace_back(taint.key + "=" + taint.value, taint.effect);
  TRY(apply_images(from, to.images));
  if (!from.container_log_max_size.empty()) {
    TRY(auto size, base::Quantity::parse(from.container_log_max_size));
    to.container_log_bytes_max = size.value();
  }
  if (from.container_log_max_files) to.container_log_files_max = *from.container_log_max_files;
  to.configuration = schema::to_json(from);
  return {};
}

}  // namespace

base::Result<void> read_kubelet_configuration(const std::string& path, kubelet::KubeletOptions& options,
                                              KubeletFileOptions& others) {
  TRY(auto from, read_configuration<Configuration>(path, "kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"));
  take(from.container_runtime_endpoint, others.runtime_endpoint);
  take(from.healthz_bind_address, others.healthz_address);
  if (from.healthz_port) others.healthz_port = *from.healthz_port;
  auto& reserved = others.reserved;
  if (!from.system_reserved.empty()) reserved.system = from.system_reserved;
  if (!from.kube_reserved.empty()) reserved.kube = from.kube_reserved;
  take(from.system_reserved_cgroup, reserved.system_group);
  take(from.kube_reserved_cgroup, reserved.kube_group);
  take(from.reserved_system_cpus, reserved.processors);
  if (!from.enforce_node_allocatable.empty()) reserved.enforce = from.enforce_node_allocatable;
  if (from.oom_score_adj) options.oom_score_adj = *from.oom_score_adj;
  if (from.enable_system_log_handler && !*from.enable_system_log_handler) options.node_log_directory.clear();
  others.rotate_certificates = others.rotate_certificates || from.rotate_certificates;
  auto applied = apply(from, options);
  if (applied) applied = take_care_options(from, options, others.thresholds);
  if (applied) applied = take_reserved(others.reserved, options);
  if (!applied) return base::fail(applied.error().with_context(path));
  return {};
}

base::Result<std::pair<std::string, std::string>> parse_taint(std::string_view text) {
  auto colon = text.rfind(':');
  std::string_view effect = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (effect != "NoSchedule" && effect != "PreferNoSchedule" && effect != "NoExecute") {
    return base::fail(base::Code::BadRequest,
                      base::cat({"invalid taint spec: ", text, ", ",
                                 colon == std::string_view::npos ? "" : "unsupported taint effect"}));
  }
  std::string pair(text.substr(0, colon));
  if (pair.find('=') == std::string::npos) pair += '=';
  return std::pair(std::move(pair), std::string(effect));
}

}  // namespace navarch
