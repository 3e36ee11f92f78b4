#include "main/part/kubelet_configuration.h"

#include <algorithm>
#include <utility>

#include "api/core_v1.h"
#include "api/kubelet_config_k8s_io_v1beta1.h"
#include "api/tracing_v1.h"
#include "base/log.h"
#include "io/tls_names.h"
#include "main/part/configuration_file.h"
#include "main/part/kubelet_care.h"
#include "main/part/kubelet_defaults.h"
#include "main/part/kubelet_limits.h"
#include "schema/patch.h"

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
  if (from.registry_pull_qps) to.pulls_per_second = *from.registry_pull_qps;
  if (from.registry_burst != 0) to.pull_burst = from.registry_burst;
  return {};
}

void apply_containers(const Configuration& from, kubelet::KubeletOptions& to) {
  if (!from.cgroup_driver.empty())
    to.cgroup_driver =
        from.cgroup_driver == "systemd" ? kubelet::CgroupDriver::Systemd : kubelet::CgroupDriver::Cgroupfs;
  take(from.kubelet_cgroups, to.kubelet_group);
  if (from.cpu_cfs_quota) to.cpu_quota = *from.cpu_cfs_quota;
  if (!from.memory_swap.swap_behavior.empty()) to.limited_swap = from.memory_swap.swap_behavior == "LimitedSwap";
  if (from.single_process_oom_kill) to.single_process_oom_kill = from.single_process_oom_kill;
  if (from.seccomp_default) to.seccomp_default = *from.seccomp_default;
  if (const auto& pause = from.crash_loop_back_off.max_container_restart_period) to.restart_pause_max_ns = pause->ns;
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
  if (from.authentication.webhook.enabled) to.token_webhook = *from.authentication.webhook.enabled;
  if (int64_t span = from.authorization.webhook.cache_authorized_ttl.ns; span != 0) to.remember_allowed_ns = span;
  if (int64_t span = from.authorization.webhook.cache_unauthorized_ttl.ns; span != 0) to.remember_refused_ns = span;
  TRY(to.tls_version_min, io::tls_version(from.tls_min_version));
  TRY(to.tls_ciphers, io::tls_ciphers(from.tls_cipher_suites));
  if (from.enable_debugging_handlers) to.debugging_handlers = *from.enable_debugging_handlers;
  if (from.enable_system_log_query) to.log_query = *from.enable_system_log_query;
  take(from.cluster_domain, to.cluster_domain);
  if (!from.cluster_dns.empty()) to.cluster_dns = from.cluster_dns;
  if (from.resolv_conf) to.resolv_conf = *from.resolv_conf;
  if (from.max_pods != 0) to.pods_max = from.max_pods;
  if (from.pods_per_core != 0) to.pods_per_core = from.pods_per_core;
  take(from.provider_id, to.provider_id);
  if (from.node_status_max_images) to.status_images_max = *from.node_status_max_images;
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
  apply_containers(from, to);
  if (from.register_node) to.register_node = *from.register_node;
  for (const auto& taint : from.register_with_taints)
    to.register_with_taints.emplace_back(taint.key + "=" + taint.value, taint.effect);
  TRY(apply_images(from, to.images));
  if (!from.container_log_max_size.empty()) {
    TRY(auto size, base::Quantity::parse(from.container_log_max_size));
    to.container_log_bytes_max = size.value();
  }
  if (from.container_log_max_files) to.container_log_files_max = *from.container_log_max_files;
  if (from.container_log_monitor_interval) to.container_log_check_ns = from.container_log_monitor_interval->ns;
  return {};
}

void apply_machine(const Configuration& from, KubeletFileOptions& to) {
  take(from.image_service_endpoint, to.image_endpoint);
  if (from.runtime_request_timeout.ns != 0) to.runtime_timeout_ns = from.runtime_request_timeout.ns;
  to.rotate_server_certificates = to.rotate_server_certificates || from.server_tls_bootstrap;
  if (from.fail_swap_on) to.fail_swap_on = *from.fail_swap_on;
  if (from.fail_cgroup_v1) to.fail_cgroup_v1 = *from.fail_cgroup_v1;
  to.protect_kernel_defaults = to.protect_kernel_defaults || from.protect_kernel_defaults;
  if (from.max_open_files != 0) to.open_files_max = from.max_open_files;
  if (from.logging.verbosity != 0) to.verbosity = static_cast<int>(from.logging.verbosity);
}

// The files of a folder and those inside it, in the order of their paths.
base::Result<std::vector<std::string>> drop_in_files(const std::string& folder) {
  std::vector<std::string> out;
  TRY(auto names, base::list_directory(folder));
  std::ranges::sort(names);
  for (const auto& name : names) {
    auto path = base::cat({folder, "/", name});
    if (base::list_directory(path)) {
      TRY(auto inside, drop_in_files(path));
      out.insert(out.end(), inside.begin(), inside.end());
    } else if (name.ends_with(".conf")) {
      out.push_back(std::move(path));
    }
  }
  return out;
}

// Objects merge, everything else of a later file replaces what was there.
base::Result<schema::Value> read_all(const std::string& path, const std::string& drop_ins) {
  constexpr std::string_view kVersion = "kubelet.config.k8s.io/v1beta1", kKind = "KubeletConfiguration";
  schema::Value out = schema::Value::object({});
  if (!path.empty()) {
    TRY(out, read_configuration_tree<Configuration>(path, kVersion, kKind));
  }
  if (drop_ins.empty()) return out;
  TRY(auto files, drop_in_files(drop_ins));
  for (const auto& file : files) {
    TRY(auto one, read_configuration_tree<Configuration>(file, kVersion, kKind));
    schema::merge(out, one);
  }
  return out;
}

}  // namespace

base::Result<void> read_kubelet_configuration(const std::string& path, const std::string& drop_ins,
                                              kubelet::KubeletOptions& options, KubeletFileOptions& others) {
  TRY(auto tree, read_all(path, drop_ins));
  TRY(auto from, schema::from_json<Configuration>(tree.to_json()));
  auto checked = check_kubelet_limits(from);
  if (!checked) return base::fail(checked.error().with_context(path));
  for (const auto& [field, why] : unused_kubelet_fields(from))
    LOG_WARNING("A field of the configuration changes nothing here", {"field", field}, {"why", why});
  TRY(auto whole, schema::Value::parse(kKubeletDefaults));
  schema::merge(whole, tree);
  options.configuration = whole.to_json();
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
  apply_machine(from, others);
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
