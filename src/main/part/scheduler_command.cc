// `navarch scheduler`: the scheduler alone, with the flags and the configuration file of kube-scheduler.
#include "api/core_v1.h"
#include "api/kubescheduler_config_k8s_io_v1.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "main/commands.h"
#include "main/part/configuration_file.h"
#include "main/part/part.h"
#include "main/part/part_server.h"
#include "main/part/scheduler_options.h"
#include "scheduler/scheduler.h"

namespace navarch {
namespace {

using Configuration = api::kubescheduler_config_k8s_io_v1::KubeSchedulerConfiguration;

constexpr const char* kName = "kube-scheduler";

struct Given {
  apiserver::FlagValues flags;  // as they were given, for /flagz
  std::string config_file;
  ConnectionOptions connection;
  ServingOptions serving{.port = 10259};
  ElectionFlags election{.resource_name = kName};
  scheduler::SchedulerOptions scheduler;
  Configuration configuration;
};

void add_flags(cli::Flags& flags, Given& given) {
  flags.add("config", &given.config_file, "a file with a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1)");
  flags.add("kubeconfig", &given.connection.kubeconfig, "how to reach the API, and as whom");
  flags.add("master", &given.connection.master, "the API server's address, instead of the kubeconfig's");
  given.election.add_to(flags);
  given.serving.add_flags(flags);
}

base::Result<void> apply(const Configuration& from, Given& given) {
  const auto& election = from.leader_election;
  auto& to = given.election;
  if (election.leader_elect) to.elect = *election.leader_elect;
  if (!election.resource_name.empty()) to.resource_name = election.resource_name;
  if (!election.resource_namespace.empty()) to.resource_namespace = election.resource_namespace;
  if (election.lease_duration.ns != 0) to.lease_duration_ns = election.lease_duration.ns;
  if (election.renew_deadline.ns != 0) to.renew_deadline_ns = election.renew_deadline.ns;
  if (election.retry_period.ns != 0) to.retry_period_ns = election.retry_period.ns;
  if (!from.client_connection.kubeconfig.empty()) given.connection.kubeconfig = from.client_connection.kubeconfig;
  TRY(given.scheduler, read_scheduler_options(from));
  return {};
}

io::Task<void> schedule(const Given* given, client::Client client) {
  client::Cache<api::core_v1::Pod> pods(client);
  client::Cache<api::core_v1::Node> nodes(client);
  scheduler::Scheduler scheduler(given->scheduler, client, pods, nodes, base::system_clock(), base::system_random());
  io::Scope scope;
  scope.spawn(pods.run());
  scope.spawn(nodes.run());
  co_await scheduler.run();
}

io::Task<base::Result<void>> work(const Given* given) {
  CO_TRY(auto client, connect(given->connection, kName));
  bool leads = false;
  Pages pages;
  pages.add_configuration("componentconfig", schema::to_json(given->configuration));
  base::Metrics metrics;
  add_common_metrics(metrics);
  add_leader_metric(metrics, kName, &leads);
  pages.add_metrics(metrics);
  pages.add_debug_pages(kName, given->flags);
  std::unique_ptr<io::HttpServer> server;
  if (given->serving.port != 0) {
    CO_TRY(server, co_await serve_securely(given->serving, kName, pages, client));
  }
  co_return co_await run_as_leader(given->election, client, &leads, [=] { return schedule(given, client); });
}

}  // namespace

int run_scheduler(const Arguments& arguments) {
  Given given;
  PartFlags line("scheduler", cli::Component::Scheduler, "gives pods their nodes");
  add_flags(line.flags(), given);
  if (auto ended = line.parse(arguments)) return *ended;
  if (!given.config_file.empty()) {
    auto read = read_configuration<Configuration>(given.config_file, "kubescheduler.config.k8s.io/v1",
                                                  "KubeSchedulerConfiguration");
    if (!read) return part_failure(read.error());
    if (auto applied = apply(*read, given); !applied) return part_failure(applied.error());
    given.configuration = std::move(*read);
    line.parse_again();
  }
  if (auto usable = given.election.check(); !usable) return part_failure(usable.error());
  given.flags = line.flags().values();
  return run_part([&] { return work(&given); });
}

}  // namespace navarch
