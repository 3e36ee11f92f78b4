#include "kubelet/kubelet.h"

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "client/cache.h"
#include "client/events.h"
#include "io/own_address.h"
#include "kubelet/alignment/alignment.h"
#include "kubelet/alignment/shared_cpus.h"
#include "kubelet/cgroup/node_groups.h"
#include "kubelet/client_api.h"
#include "kubelet/csi/csi_volumes.h"
#include "kubelet/csi/drivers.h"
#include "kubelet/device_plugins/device_hints.h"
#include "kubelet/device_plugins/device_plugins.h"
#include "kubelet/dra/claims.h"
#include "kubelet/dra/drivers.h"
#include "kubelet/eviction/evictor.h"
#include "kubelet/garbage/collector.h"
#include "kubelet/metrics/measured_runtime.h"
#include "kubelet/node/node_agent.h"
#include "kubelet/plugins/plugin_watcher.h"
#include "kubelet/pod_resources/pod_resources.h"
#include "kubelet/pods/context.h"
#include "kubelet/pods/images.h"
#include "kubelet/pods/pods.h"
#include "kubelet/probe/prober.h"
#include "kubelet/runtime/cni.h"
#include "kubelet/server/access.h"
#include "kubelet/server/cadvisor_metrics.h"
#include "kubelet/server/measure.h"
#include "kubelet/server/node_metrics.h"
#include "kubelet/server/probe_metrics.h"
#include "kubelet/server/resource_metrics.h"
#include "kubelet/server/server.h"
#include "kubelet/server/summary.h"
#include "kubelet/shutdown/graceful_shutdown.h"
#include "kubelet/static/static_pods.h"
#include "kubelet/volume/pod_volumes.h"
#include "pki/certificate.h"

namespace kubelet {
namespace {

KubeletOptions completed(KubeletOptions options) {
  if (options.pods_per_core > 0) {
    int64_t by_cores = options.pods_per_core * read_machine(options.root_directory).cpus;
    options.pods_max = static_cast<int32_t>(std::min<int64_t>(options.pods_max, by_cores));
  }
  if (options.node_addresses.empty()) options.node_addresses = {io::own_address()};
  options.images.root_directory = options.root_directory;
  return options;
}

client::ListOptions on_node(const KubeletOptions& options) {
  return {.field_selector = "spec.nodeName=" + options.node_name};
}

base::Result<std::optional<pki::TrustBundle>> authorities(const KubeletOptions& options) {
  if (options.client_ca_file.empty()) return std::optional<pki::TrustBundle>();
  TRY(auto pem, base::read_file(options.client_ca_file));
  TRY(auto bundle, pki::TrustBundle::from_pem(pem));
  return std::optional(std::move(bundle));
}

// The pods as the server sees them.
class View final : public PodView {
 public:
  View(const Pods& pods, const PodContext& context, const Machine& machine)
      : pods_(pods),
        machine_(machine),
        node_name_(context.options.node_name),
        measurer_(pods, context),
        metrics_(pods, context) {}
  std::vector<std::shared_ptr<const core::Pod>> pods() const override {
    std::vector<std::shared_ptr<const core::Pod>> out;
    for (auto* worker : pods_.workers())
      if (!worker->pod().metadata.name.empty()) out.push_back(std::make_shared<core::Pod>(worker->pod()));
    return out;
  }
  const PodRecord* record(std::string_view namespace_, std::string_view name, std::string_view uid) const override {
    auto* worker = pods_.find(namespace_, name, uid);
    return worker == nullptr ? nullptr : &worker->record();
  }
  const core::Pod* pod(std::string_view namespace_, std::string_view name, std::string_view uid) const override {
    auto* worker = pods_.find(namespace_, name, uid);
    return worker == nullptr ? nullptr : &worker->pod();
  }
  io::Task<std::string> metrics() override { return metrics_.text(); }
  io::Task<std::string> resource_metrics() override {
    co_return kubelet::resource_metrics(co_await measurer_.look(false));
  }
  io::Task<std::string> cadvisor_metrics() override {
    co_return kubelet::cadvisor_metrics(co_await measurer_.look(true), machine_);
  }
  std::string probe_metrics() const override {
    std::vector<ProbedPod> probed;
    for (auto* worker : pods_.workers()) probed.push_back({worker->pod(), worker->probe_counts()});
    return kubelet::probe_metrics(probed);
  }
  io::Task<std::string> summary(bool only_cpu_and_memory) override {
    auto sample = co_await measurer_.look(!only_cpu_and_memory);
    co_return summary_json(sample, {.node_name = node_name_,
                                    .memory_capacity_bytes = static_cast<uint64_t>(machine_.memory_bytes),
                                    .only_cpu_and_memory = only_cpu_and_memory});
  }

 private:
  const Pods& pods_;
  const Machine& machine_;
  const std::string node_name_;
  Measurer measurer_;
  NodeMetrics metrics_;
};

}  // namespace

struct Kubelet::State {
  State(KubeletOptions given, client::Client client, Runtime& given_runtime, io::Pool& pool, base::Random& random)
      : options(completed(std::move(given))),
        client(client),
        runtime(given_runtime, *metrics),
        pool(pool),
        random(random),
        machine(read_machine(options.root_directory)),
        allocatable(
            node_allocatable(node_capacity(machine, options.pods_max), options.reserved, options.eviction.thresholds)),
        events(client, io::Loop::current().clock(), random, "kubelet", options.node_name),
        api(client, events,
            [this](const std::string& namespace_, const std::string& name) { pods.object_changed(namespace_, name); }),
        mirror_api(api),
        images(runtime, api, pool, options.images, metrics.get()),
        prober(make_prober(runtime)),
        agent(client, runtime, options, machine, allocatable, options.node_addresses),
        context{.options = options,
                .api = mirror_api,
                .runtime = runtime,
                .images = images,
                .prober = *prober,
                .pool = pool,
                .random = random,
                .cgroups = {},
                .volumes = Volumes(options.root_directory),
                .host_ips = options.node_addresses,
                .allocatable = allocatable,
                .rules = {.memory_capacity_bytes = machine.memory_bytes,
                          .swap_capacity_bytes = machine.swap_bytes,
                          .cpu_quota = options.cpu_quota,
                          .limited_swap = options.limited_swap,
                          .seccomp_default = options.seccomp_default},
                .dns = {.cluster_servers = options.cluster_dns, .cluster_domain = options.cluster_domain, .host = {}},
                .metrics = metrics},
        drivers(client, options.node_name),
        csi(options.root_directory, options.node_name, client, api, drivers, pool),
        pod_volumes(client, context.volumes, csi, pool),
        device_plugins(options.root_directory),
        dra_drivers(client, options.node_name),
        dra(options.root_directory, client, dra_drivers),
        plugins(options.root_directory + "/plugins_registry", pool),
        pods(context, [this] { return agent.node(); }),
        pod_resources(
            options.root_directory, [this] { return active_pods(); }, device_plugins.inventory(), dra),
        static_pods(options, pool, client, pods, mirror_api, [this] { return agent.node(); }),
        garbage(context, pods,
                [this](std::string_view reason, std::string message) { node_event(reason, std::move(message), true); }),
        evictor(context, pods, machine,
                {.node_warning = [this](std::string_view reason,
                                        std::string message) { node_event(reason, std::move(message), true); },
                 .conditions_changed = [this] { agent.look_now(); },
                 .reclaim_disk = [this] { return garbage.free_all(); }}),
        shutdown(options, pods, make_command_notice(), [this] { agent.look_now(); }),
        view(pods, context, machine),
        pod_cache(client, on_node(options)),
        service_cache(client) {}

  KubeletOptions options;
  client::Client client;
  std::shared_ptr<KubeletMetrics> metrics = std::make_shared<KubeletMetrics>();
  MeasuredRuntime runtime;
  io::Pool& pool;
  base::Random& random;
  Machine machine;
  ResourceList allocatable;
  client::EventRecorder events;
  ClientApi api;
  MirrorApi mirror_api;
  Images images;
  std::unique_ptr<Prober> prober;
  NodeAgent agent;
  std::optional<IdRanges> id_ranges;
  std::vector<NodeGroupNote> group_notes;  // of prepare(), to be told
  PodContext context;
  CsiDrivers drivers;
  CsiVolumes csi;
  PodVolumes pod_volumes;
  std::unique_ptr<Alignment> alignment;  // once prepared
  DevicePlugins device_plugins;
  DraDrivers dra_drivers;
  DraClaims dra;
  PluginWatcher plugins;
  Pods pods;
  PodResources pod_resources;
  std::optional<SharedCpus> shared_cpus;
  StaticPods static_pods;
  GarbageCollector garbage;
  Evictor evictor;
  GracefulShutdown shutdown;
  View view;
  client::Cache<core::Pod> pod_cache;
  client::Cache<core::Service> service_cache;
  std::unique_ptr<Access> access;
  std::unique_ptr<Server> server;
  io::Scope scope;

  // The runtime's own, else what we were told: both have to be the same.
  io::Task<CgroupDriver> find_cgroup_driver() {
    constexpr int kTries = 60;
    constexpr auto kPause = std::chrono::milliseconds(500);
    for (int tries = 1;; ++tries) {
      auto told = co_await runtime.cgroup_driver();
      if (told) co_return told->value_or(options.cgroup_driver);
      if (tries == kTries) {
        LOG_WARNING("The runtime does not tell its cgroup driver", {"error", told.error().message()});
        co_return options.cgroup_driver;
      }
      co_await io::sleep(kPause);
    }
  }

  base::Result<void> prepare() {
    if (options.oom_score_adj) {
      FILE* file = fopen("/proc/self/oom_score_adj", "we");
      bool written = file != nullptr && fputs(std::to_string(*options.oom_score_adj).c_str(), file) >= 0;
      if (file != nullptr) written = fclose(file) == 0 && written;
      if (!written) LOG_WARNING("Cannot set this process's OOM score", {"score", *options.oom_score_adj});
    }
    TRY(check_reserved(node_capacity(machine, options.pods_max), options));
    TRY(base::make_directories(options.root_directory, 0750));
    TRY(base::make_directories(options.root_directory + "/pods", 0750));
    TRY(base::make_directories(options.pod_log_directory, 0755));
    TRY(dra.load());
    AlignmentOptions aligned = options.alignment;
    if (auto cpu = options.reserved.find("cpu"); cpu != options.reserved.end())
      aligned.reserved_milli_cpu = cpu->second.milli_value();
    TRY(alignment, Alignment::create(std::move(aligned), options.root_directory, machine.memory_bytes));
    if (auto text = base::read_file(options.resolv_conf)) context.dns.host = parse_resolv_conf(*text);
    auto text_of = [](const char* path) { return base::read_file(path).value_or(""); };
    TRY(auto id_options, id_range_options(text_of("/etc/passwd"), text_of("/etc/subuid"), text_of("/etc/subgid"),
                                          options.user_ids_per_pod, options.pods_max));
    id_ranges.emplace(options.root_directory, id_options);
    context.id_ranges = &*id_ranges;
    if (options.cgroups) {
      auto cgroups = Cgroups::detect(options.cgroup_driver);
      if (!cgroups) {
        LOG_WARNING("Pods run without control groups of their own", {"error", cgroups.error().message()});
      } else {
        context.cgroups = std::move(*cgroups);
        auto& rules = context.rules;
        rules.cgroup_version = context.cgroups->version();
        rules.bounds_swap = context.cgroups->bounds_swap();
        rules.ends_whole_groups = !options.single_process_oom_kill.value_or(rules.cgroup_version == 1);
        if (!options.kubelet_group.empty()) TRY(context.cgroups->enter(options.kubelet_group));
        TRY(set_up_node_groups(*context.cgroups, context.cgroup_base(), machine, options, group_notes));
      }
    }
    return {};
  }

  std::vector<const core::Pod*> active_pods() const {
    std::vector<const core::Pod*> out;
    for (auto* worker : pods.workers())
      if (worker->is_active()) out.push_back(&worker->pod());
    return out;
  }
  bool is_here(const std::string& uid) const {
    return std::ranges::any_of(pods.workers(), [&](auto* worker) { return worker->pod().metadata.uid == uid; });
  }

  void write_network(const core::Node& node) {
    if (options.cni_directory.empty() || node.spec.pod_cidrs.empty()) return;
    CniOptions cni = options.cni;
    cni.pod_cidrs = node.spec.pod_cidrs;
    if (auto written = write_cni_configuration(options.cni_directory, cni); !written)
      LOG_ERROR("Cannot write the network's configuration", {"error", written.error().message()});
    agent.look_now();
  }

  void node_event(std::string_view reason, std::string message, bool warning = false) {
    core::ObjectReference about;
    about.kind = "Node";
    about.name = options.node_name;
    about.uid = options.node_name;
    events.record(about, warning ? client::EventType::Warning : client::EventType::Normal, reason, std::move(message));
  }

  void listen() {
    agent.on_condition([this](const std::string& event) {
      node_event(event, "Node " + options.node_name + " status is now: " + event);
    });
    agent.on_reboot([this] {
      node_event("Rebooted", "Node " + options.node_name + " has been rebooted, boot id: " + machine.info.boot_id,
                 true);
    });
    agent.on_runtime([this](const RuntimeInfo& told) {
      context.handlers = told.handlers;
      double now = static_cast<double>(io::Loop::current().clock().wall_ns()) / 1e9;
      if (double before = metrics->relist_last_seen.value(); before > 0) metrics->relist_interval.observe(now - before);
      metrics->relist_last_seen.set(now);
    });
    agent.ask_shutting_down([this] { return shutdown.shutting_down(); });
    context.gates.emplace_back([this](const core::Pod& pod) { return shutdown.refuses(pod); });
    agent.ask_pressures([this] { return evictor.conditions(); });
    context.gates.emplace_back([this](const core::Pod& pod) { return evictor.refuses(pod); });
    agent.on_change([this](const core::Node& node) {
      write_network(node);
      csi.node_changed(node);
    });
    context.pod_volumes = &pod_volumes;
    csi.on_change([this] { pods.volumes_changed(); });
    plugins.handle("CSIPlugin", drivers.handler());
    drivers.on_ready([this](const std::string& name) {
      pods.volumes_changed();
      scope.spawn(csi.sweep(name));
    });
    context.device_plugins = &device_plugins;
    context.gates.emplace_back([this](const core::Pod& pod) -> std::optional<PodFailure> {
      auto possible = device_plugins.check(pod);
      if (possible) return std::nullopt;
      return unexpected_admission_error(possible.error());
    });
    device_plugins.on_change([this] {
      agent.look_now();
      pods.devices_changed();
    });
    agent.ask_devices([this] { return DeviceAmounts{device_plugins.capacity(), device_plugins.allocatable()}; });
    context.alignment = alignment.get();
    alignment->ask_devices([this](const core::Pod& pod, const core::Container& container) {
      return device_hints(device_plugins.inventory(), pod, container);
    });
    device_plugins.ask_nodes(
        [this](const std::string& uid, const std::string& container) { return alignment->nodes_of(uid, container); });
    context.gates.emplace_back([this](const core::Pod& pod) -> std::optional<PodFailure> {
      auto refused = alignment->admit(pod);
      if (!refused) return std::nullopt;
      return PodFailure{.reason = std::move(refused->reason), .message = std::move(refused->message)};
    });
    shared_cpus.emplace(*alignment, pods, runtime);
    pod_resources.show(*alignment);
    context.dra = &dra;
    plugins.handle("DRAPlugin", dra_drivers.handler());
    dra_drivers.on_ready([this] { pods.volumes_changed(); });
    context.services = [this] { return service_cache.list(); };
    pods.on_gone([this](const std::string& uid) { static_pods.worker_gone(uid); });
    pod_cache.add_listener([this](const client::Key& key, const core::Pod* before, const core::Pod* now) {
      if (const auto* either = now != nullptr ? now : before; either != nullptr && is_mirror(*either))
        return static_pods.mirror_changed(key, now);
      if (before != nullptr && (now == nullptr || now->metadata.uid != before->metadata.uid))
        pods.removed(before->metadata.uid);
      if (now != nullptr) pods.updated(*now);
    });
  }

  io::Task<void> follow_plugins() {
    if (auto made = co_await drivers.ensure_node(); !made)
      LOG_WARNING("Cannot make this node's CSINode", {"error", made.error().message()});
    co_await csi.adopt();
    if (auto ended = co_await plugins.run(); !ended)
      LOG_ERROR("Plugins cannot be watched for", {"error", ended.error().message()});
  }

  // Pods begin when the runtime answers and the services they may see are known.
  io::Task<void> run_pods() {
    for (auto pause = std::chrono::milliseconds(50);; pause = std::min(pause * 2, std::chrono::milliseconds(2000))) {
      auto info = co_await runtime.info();
      if (info && info->runtime_ready) {
        context.runtime_name = info->name;
        context.handlers = std::move(info->handlers);
        break;
      }
      co_await io::sleep(pause);
    }
    scope.spawn(pods.follow_runtime());
    scope.spawn(pods.rotate_logs());
    // The node's own pods wait for nobody.
    co_await static_pods.begin(scope);
    scope.spawn(service_cache.run());
    co_await service_cache.wait_synced();
    while (agent.node() == nullptr && options.register_node) co_await io::sleep(std::chrono::milliseconds(50));
    scope.spawn(follow_plugins());
    scope.spawn(pods.look_after_volumes());
    scope.spawn(dra_drivers.run());
    scope.spawn(evictor.run());
    scope.spawn(shutdown.run());
    scope.spawn(garbage.run());
    scope.spawn(pod_cache.run());
    co_await pod_cache.wait_synced();
    static_pods.api_synced();
    co_await static_pods.wait_all_read();
    while (true) {
      auto adopted = co_await pods.adopt_left_overs();
      if (adopted) break;
      LOG_WARNING("Cannot list what the runtime holds", {"error", adopted.error().message()});
      co_await io::sleep(std::chrono::seconds(1));
    }
    alignment->keep_only([this](const std::string& uid) { return is_here(uid); });
    scope.spawn(shared_cpus->run());
    device_plugins.keep_only([this](const std::string& uid) { return is_here(uid); });
    scope.spawn(dra.sweep([this](const std::string& uid) { return is_here(uid); }));
  }
};

Kubelet::Kubelet(KubeletOptions options, client::Client client, Runtime& runtime, io::Pool& pool, base::Random& random)
    : state_(std::make_unique<State>(std::move(options), std::move(client), runtime, pool, random)) {}
Kubelet::~Kubelet() = default;

io::Task<base::Result<void>> Kubelet::run() {
  State& it = *state_;
  if (it.options.cgroups) it.options.cgroup_driver = co_await it.find_cgroup_driver();
  auto prepared = co_await it.pool.run([&it] { return it.prepare(); });
  for (const auto& note : it.group_notes) it.node_event(note.reason, note.message, note.warning);
  CO_TRY(prepared);
  for (const auto& [name, bytes] : it.machine.hugepages) it.context.rules.page_sizes.push_back(name.substr(10));
  if (it.options.serve) {
    CO_TRY(auto trusted, authorities(it.options));
    it.access = std::make_unique<Access>(it.options, std::move(trusted), it.client, io::Loop::current().clock());
    CO_TRY(it.server, Server::create(it.options, it.view, it.runtime, *it.access, *it.metrics));
  }
  it.listen();
  // Pods without devices can do without.
  for (auto started : {it.device_plugins.start(), it.pod_resources.start()})
    if (!started) LOG_ERROR("Device plugins cannot be served", {"error", started.error().message()});
  it.scope.spawn(it.events.run());
  it.node_event("Starting", "Starting kubelet.");
  it.scope.spawn(it.run_pods());
  co_await it.agent.run();
  co_return {};
}

bool Kubelet::node_ready() const {
  return state_->agent.ready();
}

io::Task<void> Kubelet::wait_node_ready() {
  while (!node_ready()) co_await io::sleep(std::chrono::milliseconds(20));
}

uint16_t Kubelet::port() const {
  return state_->server == nullptr ? 0 : state_->server->address().port;
}

}  // namespace kubelet
