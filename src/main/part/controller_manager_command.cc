// `navarch controller-manager`: the controllers alone, with the flags of kube-controller-manager.
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "client/account_transport.h"
#include "client/kubeconfig.h"
#include "controller/list.h"
#include "main/commands.h"
#include "main/part/part.h"
#include "main/part/part_server.h"

namespace navarch {
namespace {

constexpr const char* kName = "kube-controller-manager";

struct Given {
  apiserver::FlagValues flags;  // as they were given, for /flagz
  ConnectionOptions connection;
  ServingOptions serving{.port = 10257};
  ElectionFlags election{.resource_name = kName};
  controller::Options controllers;
  std::vector<std::string> chosen = {"*"};
  std::string root_ca_file, signing_certificate_file, signing_key_file, account_key_file;
  bool own_accounts = false;
  int64_t mask_ipv4 = 0, mask_ipv6 = 0, gc_threshold = 12500, endpoints_per_slice = 100, workers = 5;
  int64_t grace_ns = 50'000'000'000, startup_ns = 60'000'000'000, signing_ns = 365 * 24 * 3600 * int64_t{1'000'000'000};
  int64_t autoscaler_sync_ns = 15'000'000'000, downscale_ns = 300'000'000'000;
  int64_t cpu_initialization_ns = 300'000'000'000, readiness_delay_ns = 30'000'000'000;
  std::string eviction_rate = "0.1", secondary_eviction_rate = "0.01", unhealthy_threshold = "0.55",
              autoscaler_tolerance = "0.1";
};

void add_flags(cli::Flags& flags, Given& given) {
  auto& options = given.controllers;
  flags.add("kubeconfig", &given.connection.kubeconfig, "how to reach the API, and as whom");
  flags.add("master", &given.connection.master, "the API server's address, instead of the kubeconfig's");
  flags.add("controllers", &given.chosen, "which controllers run: * for all, foo for one more, -foo for one less");
  flags.add("use-service-account-credentials", &given.own_accounts,
            "each controller acts as a service account of its own");
  flags.add("cluster-name", &options.cluster_name, "the cluster's name");
  flags.add("cluster-cidr", &options.cluster_cidr, "the addresses of pods");
  flags.add("allocate-node-cidrs", &options.allocate_node_cidrs, "give each node a range of --cluster-cidr");
  flags.add("node-cidr-mask-size", &given.mask_ipv4, "how large a node's range is; 24 if 0");
  flags.add("node-cidr-mask-size-ipv4", &given.mask_ipv4, "the same for IPv4");
  flags.add("node-cidr-mask-size-ipv6", &given.mask_ipv6, "the same for IPv6; 64 if 0");
  flags.add("root-ca-file", &given.root_ca_file, "the authority that pods are told to trust, in kube-root-ca.crt");
  flags.add("cluster-signing-cert-file", &given.signing_certificate_file,
            "the authority that signs certificate requests");
  flags.add("cluster-signing-key-file", &given.signing_key_file, "and its key");
  flags.add("service-account-private-key-file", &given.account_key_file,
            "signs the tokens of secrets that ask for one of a service account");
  flags.add_duration("cluster-signing-duration", &given.signing_ns, "the longest life of a certificate signed");
  flags.add_duration("node-monitor-grace-period", &given.grace_ns,
                     "how long a node may be silent before it is unknown");
  flags.add_duration("node-startup-grace-period", &given.startup_ns, "the same for one that has just come");
  flags.add("node-eviction-rate", &given.eviction_rate,
            "nodes a second that are emptied when they fail, in a healthy zone");
  flags.add("secondary-node-eviction-rate", &given.secondary_eviction_rate,
            "the same in a large zone that is unhealthy; none in others");
  flags.add("unhealthy-zone-threshold", &given.unhealthy_threshold,
            "the share of nodes that are not ready which makes a zone unhealthy");
  flags.add("large-cluster-size-threshold", &options.large_cluster_size, "of how many nodes on a zone is large");
  flags.add("terminated-pod-gc-threshold", &given.gc_threshold, "how many pods that ended may stay");
  flags.add("max-endpoints-per-slice", &given.endpoints_per_slice, "addresses in one endpoint slice");
  flags.add_duration("horizontal-pod-autoscaler-sync-period", &given.autoscaler_sync_ns,
                     "how often autoscalers look at their metrics");
  flags.add_duration("horizontal-pod-autoscaler-downscale-stabilization", &given.downscale_ns,
                     "for how long the largest size asked for is kept");
  flags.add_duration("horizontal-pod-autoscaler-cpu-initialization-period", &given.cpu_initialization_ns,
                     "for how long a new pod's processor time may be that of its start");
  flags.add_duration("horizontal-pod-autoscaler-initial-readiness-delay", &given.readiness_delay_ns,
                     "for how long a new pod may become unready without having been ready");
  flags.add("horizontal-pod-autoscaler-tolerance", &given.autoscaler_tolerance,
            "how far use may be from its target, as a share of it");
  given.election.add_to(flags);
  given.serving.add_flags(flags);
}

base::Result<double> number(std::string_view flag, const std::string& text) {
  char* end = nullptr;
  double value = strtod(text.c_str(), &end);
  if (!text.empty() && *end == 0) return value;
  return base::fail(base::Code::BadRequest,
                    base::cat({"invalid argument ", base::quote(text), " for \"--", flag, "\" flag"}));
}

base::Result<void> complete(Given& given) {
  auto& options = given.controllers;
  if (given.mask_ipv4 != 0) options.node_cidr_mask_size_ipv4 = static_cast<int>(given.mask_ipv4);
  if (given.mask_ipv6 != 0) options.node_cidr_mask_size_ipv6 = static_cast<int>(given.mask_ipv6);
  options.node_monitor_grace_period = given.grace_ns / 1'000'000'000;
  options.node_startup_grace_period = given.startup_ns / 1'000'000'000;
  options.signing_seconds_max = given.signing_ns / 1'000'000'000;
  options.terminated_pod_gc_threshold = static_cast<int>(given.gc_threshold);
  options.endpoints_per_slice = static_cast<int>(given.endpoints_per_slice);
  TRY(options.node_eviction_rate, number("node-eviction-rate", given.eviction_rate));
  TRY(options.secondary_node_eviction_rate, number("secondary-node-eviction-rate", given.secondary_eviction_rate));
  TRY(options.unhealthy_zone_threshold, number("unhealthy-zone-threshold", given.unhealthy_threshold));
  TRY(options.autoscaler.tolerance, number("horizontal-pod-autoscaler-tolerance", given.autoscaler_tolerance));
  options.autoscaler.sync_period_seconds = std::max<int64_t>(1, given.autoscaler_sync_ns / 1'000'000'000);
  options.autoscaler.downscale_stabilization_seconds = given.downscale_ns / 1'000'000'000;
  options.autoscaler.cpu_initialization_seconds = given.cpu_initialization_ns / 1'000'000'000;
  options.autoscaler.readiness_delay_seconds = given.readiness_delay_ns / 1'000'000'000;
  for (std::string_view word : given.chosen) {
    if (word.starts_with('-')) word.remove_prefix(1);
    auto known = controller::controllers();
    bool found = word == "*" || std::ranges::any_of(known, [&](const auto& row) { return row.is_called(word); });
    // Controllers of upstream's that are not here yet are known by the form of their name.
    if (!found && !word.ends_with("-controller")) {
      return base::fail(base::Code::BadRequest,
                        base::cat({base::quote(word), " is not in the list of known controllers"}));
    }
  }
  if (!given.root_ca_file.empty()) {
    TRY(options.root_ca, base::read_file(given.root_ca_file));
  }
  if (given.signing_certificate_file.empty() != given.signing_key_file.empty()) {
    return base::fail(base::Code::BadRequest, "--cluster-signing-cert-file and --cluster-signing-key-file go together");
  }
  if (!given.account_key_file.empty()) {
    TRY(options.service_account_key, base::read_file(given.account_key_file));
  }
  if (!given.signing_key_file.empty()) {
    TRY(options.signing_authority.certificate_pem, base::read_file(given.signing_certificate_file));
    TRY(options.signing_authority.key_pem, base::read_file(given.signing_key_file));
  }
  return given.election.check();
}

io::Task<base::Result<void>> work(const Given* given) {
  CO_TRY(auto client, connect(given->connection, kName));
  bool leads = false;
  Pages pages;
  pages.add_check("leaderElection", [] { return base::Result<void>(); });
  pages.add_configuration("kubecontrollermanager.config.k8s.io",
                          base::cat({"{\"Generic\":{\"LeaderElection\":{\"LeaderElect\":",
                                     given->election.elect ? "true" : "false", "}}}"}));
  base::Metrics metrics;
  add_common_metrics(metrics);
  add_leader_metric(metrics, kName, &leads);
  pages.add_metrics(metrics);
  pages.add_debug_pages(kName, given->flags);
  std::unique_ptr<io::HttpServer> server;
  if (given->serving.port != 0) {
    CO_TRY(server, co_await serve_securely(given->serving, kName, pages, client));
  }
  controller::ClientFor client_for = [client](std::string_view) { return client; };
  if (given->own_accounts) {
    CO_TRY(auto access, client::load_kubeconfig(given->connection.kubeconfig));
    client_for = [client, access](std::string_view account) {
      return client::Client(
          client::make_account_transport(client, access, "kube-system", std::string(account), base::system_clock()),
          kName);
    };
  }
  co_return co_await run_as_leader(given->election, client, &leads, [=] {
    return controller::run_controllers(client, client_for, base::system_clock(), base::system_random(),
                                       given->controllers, given->chosen);
  });
}

}  // namespace

int run_controller_manager(const Arguments& arguments) {
  Given given;
  PartFlags line("controller-manager", cli::Component::ControllerManager,
                 "runs the controllers, which make what is asked for so");
  add_flags(line.flags(), given);
  if (auto ended = line.parse(arguments)) return *ended;
  if (auto usable = complete(given); !usable) return part_failure(usable.error());
  given.flags = line.flags().values();
  return run_part([&] { return work(&given); });
}

}  // namespace navarch
