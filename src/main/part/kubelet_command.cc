// `navarch kubelet`: the node agent alone, with the flags and the configuration file of the kubelet.
#include "base/contains.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/own_address.h"
#include "io/tls_names.h"
#include "main/commands.h"
#include "main/machine.h"
#include "main/node_part.h"
#include "main/part/credential_provider_configuration.h"
#include "main/part/kubelet_bootstrap.h"
#include "main/part/kubelet_care.h"
#include "main/part/kubelet_configuration.h"
#include "main/part/kubelet_machine.h"
#include "main/part/part.h"
#include "main/part/part_server.h"
#include "main/pause_image.h"
#include "main/service_manager.h"

namespace navarch {
namespace {

struct Given {
  std::string config_file, config_folder;
  ConnectionOptions connection;
  BootstrapOptions bootstrap;
  std::string container_runtime = "remote";
  KubeletFileOptions others;
  NodePartOptions node{.docker = {.sandbox_image = kPauseImage}};
  std::string node_ip, authorization_mode, credential_provider_config;
  std::vector<std::string> taints;
  int64_t port = 10250, pods_max = 110;
  bool private_containerd = false;
  std::string eviction_hard, eviction_soft;  // "memory.available<100Mi"
  int64_t image_high = 85, image_low = 80;
  int64_t pods_per_core = 0, status_images = 50, log_files = 5;
  int64_t pulls_per_second = 5, pull_burst = 10;
  std::string log_size = "10Mi";
  std::string cgroup_driver = "cgroupfs";
  std::string tls_version;
  std::vector<std::string> tls_ciphers;
  bool serial_pulls = true;
  int64_t oom_score = -999;
  int64_t dead_per_container = 1, dead_max = -1;
};

void add_care_flags(cli::Flags& flags, Given& given) {
  auto& kubelet = given.node.kubelet;
  auto& thresholds = given.others.thresholds;
  flags.add("eviction-hard", &given.eviction_hard,
            "when pods are ended at once because the node runs low: memory.available<100Mi,nodefs.available<10%");
  flags.add("eviction-soft", &given.eviction_soft, "when they are ended after a grace period");
  flags.add("eviction-soft-grace-period", &thresholds.soft_grace_period, "that period: memory.available=1m30s");
  flags.add("eviction-minimum-reclaim", &thresholds.minimum_reclaim,
            "how much more is got back than the threshold: nodefs.available=500Mi");
  flags.add("eviction-max-pod-grace-period", &kubelet.eviction.pod_grace_seconds_max,
            "seconds that a pod gets at most in a soft eviction");
  flags.add_duration("eviction-pressure-transition-period", &kubelet.eviction.transition_ns,
                     "how long a pressure condition holds after it was last seen");
  flags.add("local-storage-capacity-isolation", &kubelet.eviction.local_storage,
            "end pods that pass their limits of local storage");
  flags.add("image-gc-high-threshold", &given.image_high, "percent of the disk in use from which images are removed");
  flags.add("image-gc-low-threshold", &given.image_low, "percent down to which they are");
  flags.add_duration("minimum-image-ttl-duration", &kubelet.image_garbage.minimum_age_ns,
                     "how long an unused image is kept at least");
  flags.add("pod-manifest-path", &kubelet.static_pods.path, "a manifest, or a folder of them, of static pods");
  flags.add("manifest-url", &kubelet.static_pods.url, "where manifests of static pods are fetched");
  flags.add_duration("file-check-frequency", &kubelet.static_pods.file_check_ns,
                     "how often manifests are looked at although nothing was heard of a change");
  flags.add_duration("http-check-frequency", &kubelet.static_pods.url_check_ns, "how often the URL is asked");
  flags.add("maximum-dead-containers", &given.dead_max, "containers that have ended and are kept; -1: no bound");
  flags.add("maximum-dead-containers-per-container", &given.dead_per_container, "and of each container");
  flags.add_duration("minimum-container-ttl-duration", &kubelet.dead_container_age_ns,
                     "how long one that has ended is kept at the least");
  auto& alignment = kubelet.alignment;
  flags.add("cpu-manager-policy", &alignment.cpu_policy, "none, or static: whole processors for guaranteed pods alone");
  flags.add("cpu-manager-policy-options", &alignment.cpu_policy_options,
            "of the static policy: full-pcpus-only=true,strict-cpu-reservation=true");
  flags.add("memory-manager-policy", &alignment.memory_policy,
            "None, or Static: memory of certain nodes for guaranteed pods");
  flags.add("topology-manager-policy", &alignment.topology_policy,
            "none, best-effort, restricted or single-numa-node: whether resources come from one part of the machine");
  flags.add("topology-manager-policy-options", &alignment.topology_policy_options,
            "of that policy: max-allowable-numa-nodes=16");
  flags.add("topology-manager-scope", &alignment.topology_scope, "container or pod: what is brought together");
  flags.add("pod-max-pids", &kubelet.pod_processes_max, "processes of a pod at most; -1: no bound");
}

void add_container_flags(cli::Flags& flags, Given& given) {
  auto& kubelet = given.node.kubelet;
  flags.add("cgroup-driver", &given.cgroup_driver,
            "who makes control groups, cgroupfs or systemd, if the runtime does not tell");
  flags.add("kubelet-cgroups", &kubelet.kubelet_group, "the control group that this process goes into");
  flags.add("cpu-cfs-quota", &kubelet.cpu_quota, "limits of processor time hold");
  flags.add("seccomp-default", &kubelet.seccomp_default, "RuntimeDefault for containers that name no seccomp profile");
  flags.add("serialize-image-pulls", &given.serial_pulls, "pull one image at a time");
  flags.add("registry-qps", &given.pulls_per_second, "pulls that may begin in a second; 0: any number");
  flags.add("registry-burst", &given.pull_burst, "and at once");
  flags.add("container-log-max-size", &given.log_size, "from which size a container's log is set aside");
  flags.add("container-log-max-files", &given.log_files, "logs of a container that are kept");
  flags.add_duration("runtime-request-timeout", &given.others.runtime_timeout_ns,
                     "how long the runtime may take to answer");
  flags.add("image-service-endpoint", &given.others.image_endpoint, "who keeps the images; the runtime if empty");
}

void add_machine_flags(cli::Flags& flags, Given& given) {
  auto& kubelet = given.node.kubelet;
  auto& others = given.others;
  flags.add("provider-id", &kubelet.provider_id, "this machine's id at the cloud that it is from");
  flags.add("pods-per-core", &given.pods_per_core, "how many pods a processor carries; 0: only --max-pods counts");
  flags.add("node-status-max-images", &given.status_images, "images that the Node shows; -1: all");
  flags.add("fail-swap-on", &others.fail_swap_on, "do not start on a machine with swap");
  flags.add("fail-cgroupv1", &others.fail_cgroup_v1, "nor on one with control groups of version 1");
  flags.add("protect-kernel-defaults", &others.protect_kernel_defaults,
            "nor on one whose kernel's tunables are not as pods need them");
  flags.add("max-open-files", &others.open_files_max, "files that this process may open");
}

void add_flags(cli::Flags& flags, Given& given) {
  auto& kubelet = given.node.kubelet;
  flags.add("config-dir", &given.config_folder,
            "a folder of files that end with .conf and are merged over --config, in the order of their names");
  flags.add("config", &given.config_file, "a file with a KubeletConfiguration (kubelet.config.k8s.io/v1beta1)");
  flags.add("kubeconfig", &given.connection.kubeconfig, "how to reach the API, and as whom");
  flags.add("bootstrap-kubeconfig", &given.bootstrap.bootstrap_kubeconfig,
            "how to ask for a client certificate when --kubeconfig is not there yet");
  flags.add("cert-dir", &given.bootstrap.certificate_directory, "where certificates that were asked for are kept");
  flags.add("rotate-certificates", &given.others.rotate_certificates,
            "ask for a new client certificate before the old one expires");
  flags.add("hostname-override", &kubelet.node_name, "the node's name; the host's if empty");
  flags.add("node-ip", &given.node_ip, "the node's address, or two, by comma; that of the default route if empty");
  flags.add("node-labels", &kubelet.node_labels, "labels for the node when it registers");
  flags.add("register-node", &kubelet.register_node, "make the node in the API if it is not there");
  flags.add("register-with-taints", &given.taints, "taints for the node when it registers: key=value:effect");
  flags.add("container-runtime", &given.container_runtime,
            "what runs containers: remote, which is spoken to over the CRI, or docker, a Docker Engine");
  flags.add("container-runtime-endpoint", &given.others.runtime_endpoint,
            "its socket; containerd's if empty, or unix:///var/run/docker.sock");
  flags.add("pod-infra-container-image", &given.node.docker.sandbox_image,
            "with docker, the image that holds a pod's namespaces");
  flags.add("cni-conf-dir", &given.node.docker.cni.configuration_directory,
            "with docker, where the network's configuration is");
  flags.add("cni-bin-dir", &given.node.docker.cni.binary_directory, "with docker, where the network's plugins are");
  flags.add("private-containerd", &given.private_containerd,
            "run a containerd of our own below --root-dir instead, and write its network configuration");
  flags.add("root-dir", &kubelet.root_directory, "where the volumes of pods and the like are");
  flags.add("pod-log-dir", &kubelet.pod_log_directory, "where the logs of pods are");
  flags.add("container-log-dir", &kubelet.container_log_directory, "where links to them by name are; none if empty");
  flags.add("cgroup-root", &kubelet.cgroup_root, "the control group that pods live below; the top if empty");
  flags.add("cgroups-per-qos", &kubelet.cgroups, "give pods control groups of their own");
  flags.add("cluster-dns", &kubelet.cluster_dns, "name servers of pods");
  flags.add("cluster-domain", &kubelet.cluster_domain, "the domain of services");
  flags.add("resolv-conf", &kubelet.resolv_conf, "the resolver file that pods' ones are made from");
  flags.add("allowed-unsafe-sysctls", &kubelet.allowed_unsafe_sysctls,
            "kernel parameters that pods may set beside the safe ones; net.* for all that begin so");
  flags.add("image-credential-provider-config", &given.credential_provider_config,
            "a file with a CredentialProviderConfig, or a folder of them: programs that know passwords of registries");
  flags.add("image-credential-provider-bin-dir", &kubelet.images.provider_directory, "the folder of those programs");
  flags.add("max-pods", &given.pods_max, "how many pods the node carries");
  auto& reserved = given.others.reserved;
  flags.add("system-reserved", &reserved.system, "kept back from pods for the system: cpu=100m,memory=200Mi");
  flags.add("kube-reserved", &reserved.kube, "and for Kubernetes");
  flags.add("system-reserved-cgroup", &reserved.system_group, "the control group of the system, which is there");
  flags.add("kube-reserved-cgroup", &reserved.kube_group, "and that of Kubernetes");
  flags.add("reserved-cpus", &reserved.processors,
            "processors that are kept back (0-1,4), instead of an amount of them");
  flags.add("enforce-node-allocatable", &reserved.enforce,
            "whom the kernel bounds: pods (the default), system-reserved, kube-reserved, or none");
  flags.add("oom-score-adj", &given.oom_score, "of this process: from -1000, ended last, to 1000");
  flags.add("enable-server", &kubelet.serve, "serve logs, exec, metrics and the like");
  flags.add("address", &kubelet.address, "the address of that server");
  flags.add("port", &given.port, "and its port");
  flags.add("tls-cert-file", &kubelet.certificate_file, "its certificate; one made on the spot if empty");
  flags.add("tls-private-key-file", &kubelet.key_file, "and its key");
  flags.add("client-ca-file", &kubelet.client_ca_file, "whose client certificates are believed");
  flags.add("anonymous-auth", &kubelet.anonymous_auth,
            "who shows nothing is system:anonymous, instead of being refused");
  flags.add("authorization-mode", &given.authorization_mode,
            "Webhook, the default: the cluster decides; or AlwaysAllow");
  flags.add("rotate-server-certificates", &given.others.rotate_server_certificates,
            "have the cluster sign what the server shows, and anew before it expires");
  flags.add("tls-min-version", &given.tls_version, "VersionTLS12 or VersionTLS13");
  flags.add("tls-cipher-suites", &given.tls_ciphers, "suites for TLS 1.2, by Go's names");
  flags.add("authentication-token-webhook", &kubelet.token_webhook, "ask the cluster whose a bearer token is");
  flags.add_duration("authorization-webhook-cache-authorized-ttl", &kubelet.remember_allowed_ns,
                     "how long it is remembered that somebody may do something");
  flags.add_duration("authorization-webhook-cache-unauthorized-ttl", &kubelet.remember_refused_ns,
                     "and that somebody may not");
  flags.add("enable-debugging-handlers", &kubelet.debugging_handlers, "serve exec, attach, logs and the like");
  add_container_flags(flags, given);
  add_machine_flags(flags, given);
  add_care_flags(flags, given);
  flags.add("healthz-bind-address", &given.others.healthz_address, "where /healthz is asked for without a credential");
  flags.add("healthz-port", &given.others.healthz_port, "and its port; 0 for none");
}

base::Result<void> complete_care(Given& given) {
  auto& kubelet = given.node.kubelet;
  auto& thresholds = given.others.thresholds;
  if (!given.eviction_hard.empty()) {
    TRY(thresholds.hard, kubelet::parse_threshold_flag(given.eviction_hard));
  }
  if (!given.eviction_soft.empty()) {
    TRY(thresholds.soft, kubelet::parse_threshold_flag(given.eviction_soft));
  }
  if (const auto& enforce = given.others.reserved.enforce; !enforce.empty())
    thresholds.enforce_pods = base::contains(enforce, "pods");
  TRY(kubelet.eviction.thresholds, kubelet::parse_thresholds(thresholds));
  kubelet.image_garbage.high_percent = static_cast<int32_t>(given.image_high);
  kubelet.image_garbage.low_percent = static_cast<int32_t>(given.image_low);
  return check_care_options(kubelet);
}

base::Result<void> complete_containers(const Given& given, kubelet::KubeletOptions& kubelet) {
  if (given.cgroup_driver != "cgroupfs" && given.cgroup_driver != "systemd")
    return base::fail(base::Code::BadRequest, base::cat({"unknown cgroup driver ", base::quote(given.cgroup_driver),
                                                         ", must be cgroupfs or systemd"}));
  kubelet.cgroup_driver =
      given.cgroup_driver == "systemd" ? kubelet::CgroupDriver::Systemd : kubelet::CgroupDriver::Cgroupfs;
  auto size = base::Quantity::parse(given.log_size);
  if (!size) return base::fail(size.error().with_context("--container-log-max-size"));
  kubelet.container_log_bytes_max = size->value();
  kubelet.container_log_files_max = static_cast<int>(given.log_files);
  if (given.serial_pulls) {
    kubelet.images.pulls_max = 1;
  } else if (kubelet.images.pulls_max == 1) {
    kubelet.images.pulls_max = 0;
  }
  kubelet.images.pulls_per_second = static_cast<int32_t>(given.pulls_per_second);
  kubelet.images.pull_burst = static_cast<int32_t>(given.pull_burst);
  return {};
}

// What the file said, where flags are that may say otherwise.
void follow_file(Given& given) {
  const auto& kubelet = given.node.kubelet;
  if (kubelet.port != 0) given.port = kubelet.port;
  given.pods_max = kubelet.pods_max;
  given.pods_per_core = kubelet.pods_per_core;
  given.status_images = kubelet.status_images_max;
  given.oom_score = kubelet.oom_score_adj.value_or(given.oom_score);
  given.image_high = kubelet.image_garbage.high_percent;
  given.image_low = kubelet.image_garbage.low_percent;
  given.log_size = std::to_string(kubelet.container_log_bytes_max);
  given.log_files = kubelet.container_log_files_max;
  given.serial_pulls = kubelet.images.pulls_max == 1;
  given.pulls_per_second = kubelet.images.pulls_per_second;
  given.pull_burst = kubelet.images.pull_burst;
  given.cgroup_driver = kubelet.cgroup_driver == kubelet::CgroupDriver::Systemd ? "systemd" : "cgroupfs";
}

base::Result<void> complete(Given& given) {
  auto& kubelet = given.node.kubelet;
  TRY(complete_containers(given, kubelet));
  if (!given.tls_version.empty()) {
    TRY(kubelet.tls_version_min, io::tls_version(given.tls_version));
  }
  if (!given.tls_ciphers.empty()) {
    TRY(kubelet.tls_ciphers, io::tls_ciphers(given.tls_ciphers));
  }
  kubelet.pods_per_core = static_cast<int32_t>(given.pods_per_core);
  kubelet.status_images_max = static_cast<int32_t>(given.status_images);
  if (given.port < 1 || given.port > 65535) {
    return base::fail(base::Code::BadRequest,
                      base::cat({"--port ", std::to_string(given.port), " must be between 1 and 65535, inclusive"}));
  }
  TRY(complete_care(given));
  kubelet.port = static_cast<uint16_t>(given.port);
  kubelet.pods_max = static_cast<int32_t>(given.pods_max);
  if (kubelet.node_name.empty()) kubelet.node_name = host_name();
  for (auto address : base::split(given.node_ip, ',')) {
    if (!address.empty()) kubelet.node_addresses.emplace_back(address);
  }
  for (const auto& text : given.taints) {
    TRY(auto taint, parse_taint(text));
    kubelet.register_with_taints.push_back(std::move(taint));
  }
  TRY(take_reserved(given.others.reserved, kubelet));
  kubelet.oom_score_adj = given.oom_score;
  kubelet.dead_containers_per_container = static_cast<int32_t>(given.dead_per_container);
  kubelet.dead_containers_max = static_cast<int32_t>(given.dead_max);
  if (given.authorization_mode == "AlwaysAllow" || given.authorization_mode == "Webhook") {
    kubelet.authorize = given.authorization_mode == "Webhook";
  } else if (!given.authorization_mode.empty()) {
    return base::fail(base::Code::BadRequest, base::cat({"unknown authorization mode ", given.authorization_mode}));
  }
  if (!given.credential_provider_config.empty() || !kubelet.images.provider_directory.empty()) {
    TRY(kubelet.images.providers,
        read_credential_provider_configuration(given.credential_provider_config, kubelet.images.provider_directory));
  }
  if (given.private_containerd) {
    auto& containerd = given.node.containerd;
    containerd.directory = kubelet.root_directory + "/containerd";
    containerd.state_directory = kubelet.root_directory + "/containerd/run";
    containerd.log_file = kubelet.root_directory + "/containerd/containerd.log";
    containerd.sandbox_image = kPauseImage;
    containerd.cni_configuration_directory = kubelet.root_directory + "/cni";
    kubelet.cni_directory = containerd.cni_configuration_directory;
    kubelet.cni.address_directory = kubelet.root_directory + "/cni/addresses";
  } else {
    given.node.runtime_endpoint = given.others.runtime_endpoint.empty() ? "unix:///run/containerd/containerd.sock"
                                                                        : given.others.runtime_endpoint;
  }
  TRY(given.node.runtime, parse_runtime_kind(given.container_runtime));
  auto& docker = given.node.docker;
  if (!given.others.runtime_endpoint.empty()) docker.endpoint = given.others.runtime_endpoint;
  docker.directory = kubelet.root_directory + "/docker";
  given.node.image_endpoint = given.others.image_endpoint;
  given.node.runtime_timeout_ns = given.others.runtime_timeout_ns;
  given.bootstrap.kubeconfig = given.connection.kubeconfig;
  given.bootstrap.node_name = kubelet.node_name;
  return {};
}

io::Task<base::Result<void>> work(const Given* given, const ServiceManager* manager) {
  Pages pages;
  std::unique_ptr<io::HttpServer> health;
  if (given->others.healthz_port != 0) {
    CO_TRY(health, serve_plainly({.host = given->others.healthz_address,
                                  .port = static_cast<uint16_t>(given->others.healthz_port)},
                                 pages));
  }
  CO_TRY(co_await ensure_kubelet_identity(given->bootstrap, base::system_clock()));
  CO_TRY(auto client, connect(given->connection, "kubelet"));
  auto options = given->node;
  bool asks_for_server = given->others.rotate_server_certificates && options.kubelet.certificate_file.empty();
  if (asks_for_server) {
    if (options.kubelet.node_addresses.empty()) options.kubelet.node_addresses = {io::own_address()};
    CO_TRY(begin_server_certificate(given->bootstrap, options.kubelet.node_addresses, base::system_clock()));
    options.kubelet.certificate_file = options.kubelet.key_file = given->bootstrap.current_of_server();
  }
  NodePart node(options);
  CO_TRY(co_await node.start_runtime());
  io::Scope scope;
  if (asks_for_server)
    scope.spawn(
        rotate_server_certificate(given->bootstrap, client, options.kubelet.node_addresses, base::system_clock()));
  if (given->others.rotate_certificates)
    scope.spawn(rotate_kubelet_certificate(given->bootstrap, base::system_clock()));
  manager->ready();
  scope.spawn(manager->feed_watchdog({}));
  CO_TRY(co_await node.start_kubelet(std::move(client)));
  LOG_INFO("Node is ready", {"node", given->node.kubelet.node_name});
  io::Event never;
  co_await never.wait();
  co_return {};
}

}  // namespace

int run_kubelet(const Arguments& arguments) {
  Given given;
  PartFlags line("kubelet", cli::Component::Kubelet, "runs the pods of this node");
  add_flags(line.flags(), given);
  if (auto ended = line.parse(arguments)) return *ended;
  if (!given.config_file.empty() || !given.config_folder.empty()) {
    auto& kubelet = given.node.kubelet;
    kubelet.port = 0;
    auto read = read_kubelet_configuration(given.config_file, given.config_folder, kubelet, given.others);
    if (!read) return part_failure(read.error().with_context("failed to load kubelet config file"));
    follow_file(given);
    if (given.others.verbosity && !line.flags().given("v")) base::set_log_verbosity(*given.others.verbosity);
    line.parse_again();
  }
  given.node.flags = line.flags().values();
  if (auto usable = complete(given); !usable) return part_failure(usable.error());
  if (auto usable = prepare_machine(given.others); !usable) return part_failure(usable.error());
  auto manager = ServiceManager::from_environment();
  return run_part([&] { return work(&given, &manager); });
}

}  // namespace navarch
