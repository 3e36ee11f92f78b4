#include "main/part/part.h"

#include <signal.h>
#include <sys/utsname.h>

#include <cstdio>

#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "client/kubeconfig.h"
#include "client/remote_transport.h"
#include "io/loop.h"
#include "main/machine.h"
#include "main/signals.h"
#include "main/version.h"

namespace navarch {
namespace {

io::Task<void> settle(io::Task<base::Result<void>> work, base::Result<void>* result, io::Event* ended) {
  *result = co_await std::move(work);
  ended->set();
}

io::Task<void> wait_for_signal(io::Event* ended) {
  Signals signals({SIGTERM, SIGINT});
  int number = co_await signals.wait();
  LOG_INFO("Ending", {"signal", number});
  ended->set();
}

io::Task<base::Result<void>> until_told(std::function<io::Task<base::Result<void>>()> work) {
  io::Event ended;
  base::Result<void> result;
  io::Scope scope;
  scope.spawn(wait_for_signal(&ended));
  scope.spawn(settle(work(), &result, &ended));
  co_await ended.wait();
  co_return result;
}

}  // namespace

base::Result<client::Client> connect(const ConnectionOptions& options, const std::string& component) {
  client::Access access;
  if (!options.kubeconfig.empty()) {
    TRY(access, client::load_kubeconfig(options.kubeconfig));
  } else if (options.master.empty()) {
    auto inside = client::in_cluster_access();
    if (!inside)
      return base::fail(base::Code::BadRequest,
                        "neither --kubeconfig nor --master is given, and this is not a pod: name a kubeconfig");
    access = std::move(*inside);
  }
  if (!options.master.empty()) access.server = options.master;
  TRY(auto transport,
      client::make_remote_transport(
          std::move(access), base::cat({component, "/", kKubernetesVersion, " (linux) navarch/", kNavarchVersion})));
  return client::Client(std::move(transport), component);
}

PartFlags::PartFlags(std::string name, cli::Component component, std::string purpose)
    : name_(std::move(name)), component_(component), purpose_(std::move(purpose)) {}

std::optional<int> PartFlags::parse(const std::vector<std::string>& arguments) {
  flags_.add("v", &verbosity_, "how much to log: 0 little, 4 much");
  flags_.add("help", &help_, "this text");
  flags_.add("version", &version_, "what this is");
  flags_.add_short('v', "v");
  flags_.add_short('h', "help");
  flags_.ignore_others(cli::upstream_flags(component_));
  arguments_ = arguments;
  auto rest = flags_.parse(arguments_);
  if (!rest) return part_failure(rest.error());
  if (!rest->empty())
    return part_failure(base::Error(base::Code::BadRequest, base::cat({"unknown command ", base::quote(rest->front()),
                                                                       " for ", base::quote(name_)})));
  if (help_) {
    printf(
        "navarch %s: %s\n\nUsage: navarch %s [flags]\n\nFlags:\n%s\nEvery other flag of upstream's component is "
        "accepted and does nothing here.\n",
        name_.c_str(), purpose_.c_str(), name_.c_str(), flags_.help().c_str());
    return 0;
  }
  if (version_) {
    printf("Kubernetes %s\n", kKubernetesVersion);
    return 0;
  }
  base::set_log_verbosity(static_cast<int>(verbosity_));
  return std::nullopt;
}

void PartFlags::parse_again() {
  flags_.begin_again();
  auto rest = flags_.parse(arguments_);
  static_cast<void>(rest);  // it was read well before
}

void add_common_metrics(base::Metrics& metrics) {
  metrics.add_process();
  utsname machine{};
  uname(&machine);
  std::string processor = machine.machine;
  if (processor == "x86_64") processor = "amd64";
  if (processor == "aarch64") processor = "arm64";
  metrics
      .gauges({"kubernetes_build_info",
               "A metric with a constant '1' value labeled by what this program is built from and runs on.",
               base::Stability::Beta,
               {"build_date", "compiler", "git_commit", "git_tree_state", "git_version", "go_version", "major", "minor",
                "platform"}})
      .with({"", "clang", "", "", kKubernetesVersion, "", "1", "36", "linux/" + processor})
      .set(1);
}

void add_leader_metric(base::Metrics& metrics, const std::string& name, const bool* leads) {
  auto& status = metrics
                     .gauges({"leader_election_master_status",
                              "Whether this process holds the lease: 1 when it does.",
                              base::Stability::Alpha,
                              {"name"}})
                     .with({name});
  metrics.on_collect([&status, leads] { status.set(*leads ? 1 : 0); });
}

int run_part(std::function<io::Task<base::Result<void>>()> work) {
  Signals::block({SIGTERM, SIGINT});
  auto loop = io::Loop::create();
  if (!loop) return part_failure(loop.error());
  auto ended = (*loop)->run_task(until_told(std::move(work)));
  return ended ? 0 : part_failure(ended.error());
}

int part_failure(const base::Error& error) {
  fprintf(stderr, "Error: %s\n", error.message().c_str());
  return 1;
}

void ElectionFlags::add_to(cli::Flags& flags) {
  flags.add("leader-elect", &elect, "work only while this process holds the lease, so that several can run");
  flags.add("leader-elect-resource-name", &resource_name, "the name of the lease");
  flags.add("leader-elect-resource-namespace", &resource_namespace, "and its namespace");
  flags.add_duration("leader-elect-lease-duration", &lease_duration_ns,
                     "how long others wait after the last renewal that they saw");
  flags.add_duration("leader-elect-renew-deadline", &renew_deadline_ns,
                     "how long a leader tries to renew before it gives up");
  flags.add_duration("leader-elect-retry-period", &retry_period_ns, "the time between tries");
}

base::Result<void> ElectionFlags::check() const {
  auto wrong = [](std::string text) { return base::fail(base::Code::BadRequest, std::move(text)); };
  if (!elect) return {};
  if (lease_duration_ns <= renew_deadline_ns)
    return wrong("leaderElection.leaseDuration: Invalid value: LeaseDuration must be greater than RenewDeadline");
  if (static_cast<double>(renew_deadline_ns) <= 1.2 * static_cast<double>(retry_period_ns)) {
    return wrong("leaderElection.renewDeadline: Invalid value: RenewDeadline must be greater than RetryPeriod*1.2");
  }
  if (retry_period_ns <= 0) return wrong("leaderElection.retryPeriod: Invalid value: must be greater than zero");
  if (resource_name.empty()) return wrong("leaderElection.resourceName: Required value");
  if (resource_namespace.empty()) return wrong("leaderElection.resourceNamespace: Required value");
  return {};
}

io::Task<base::Result<void>> run_as_leader(ElectionFlags election, client::Client client, bool* leads,
                                           std::function<io::Task<void>()> lead) {
  auto mark = [leads, lead = std::move(lead)] {
    *leads = true;
    return lead();
  };
  if (!election.elect) {
    co_await mark();
    co_return {};
  }
  client::ElectionOptions options;
  options.name = election.resource_name;
  options.namespace_ = election.resource_namespace;
  options.identity = base::cat({host_name(), "_", base::system_random().uuid()});
  options.lease_duration = io::Duration(election.lease_duration_ns);
  options.renew_deadline = io::Duration(election.renew_deadline_ns);
  options.retry_period = io::Duration(election.retry_period_ns);
  co_await client::lead_while_elected(std::move(client), base::system_clock(), base::system_random(),
                                      std::move(options), mark);
  *leads = false;
  co_return base::fail(base::Code::Unavailable, "leaderelection lost");
}

}  // namespace navarch
