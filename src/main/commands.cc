#include "main/commands.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "cli/flags.h"
#include "main/cluster.h"
#include "main/instance.h"
#include "main/service_manager.h"
#include "main/version.h"

namespace navarch {
namespace {

constexpr int kStopSeconds = 60;

int usage_error(const std::string& message) {
  fprintf(stderr, "navarch: %s\n", message.c_str());
  return 2;
}
int failure(const base::Error& error) {
  fprintf(stderr, "navarch: %s\n", error.message().c_str());
  return 1;
}

void add_places(cli::Flags& flags, ClusterOptions& options) {
  flags.add("data-dir", &options.data_directory, "where the cluster's state, keys and images are kept");
  flags.add("run-dir", &options.run_directory, "where sockets and the pid file are");
  flags.add("log-dir", &options.log_directory, "where the logs of pods and of the cluster are");
  flags.add("cgroup-root", &options.cgroup_root, "the control group that pods live below; the top if empty");
}

// Progress for a person: each step on a line of its own, with the time it took.
class Progress {
 public:
  void step(const std::string& line) {
    finish();
    printf("  %s ... ", line.c_str());
    fflush(stdout);
    open_ = true;
    since_ = std::chrono::steady_clock::now();
  }
  void finish() {
    if (!open_) return;
    auto spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count();
    printf("%.2f s\n", spent);
    open_ = false;
  }

 private:
  bool open_ = false;
  std::chrono::steady_clock::time_point since_;
};

void show_next_steps(const ClusterOptions& options) {
  printf(
      "\nThe cluster is up. Its admin kubeconfig: %s\n\nTry:\n"
      "  export KUBECONFIG=%s\n"
      "  kubectl get nodes -o wide\n"
      "  kubectl apply -f examples/hello.yaml\n"
      "  kubectl get all -o wide\n",
      options.kubeconfig().c_str(), options.kubeconfig().c_str());
}

}  // namespace

int run_up(const Arguments& arguments) {
  ClusterOptions options;
  bool foreground = false, help = false;
  bool no_node = false;
  int64_t verbosity = 0;
  cli::Flags flags;
  add_places(flags, options);
  flags.add("node-name", &options.node_name, "the node's name; the host's if empty");
  flags.add("advertise-address", &options.advertise_address,
            "where the API server is reached; the default route's if empty");
  flags.add("secure-port", &options.secure_port, "the API server's port");
  flags.add("service-cluster-ip-range", &options.service_cidr, "addresses of services");
  flags.add("cluster-cidr", &options.cluster_cidr, "addresses of pods");
  flags.add("cluster-dns", &options.cluster_dns, "where pods ask for names; the tenth address of services if empty");
  flags.add("cluster-domain", &options.cluster_domain, "the domain of services");
  flags.add("container-runtime", &options.container_runtime,
            "what runs containers: remote, which is spoken to over the CRI, or docker, a Docker Engine");
  flags.add("container-runtime-endpoint", &options.container_runtime_endpoint,
            "its socket; if empty, a containerd of our own, or unix:///var/run/docker.sock");
  flags.add("proxy-mode", &options.proxy_mode, "what carries the traffic of services: iptables or nftables");
  flags.add("no-node", &no_node, "run the control plane alone");
  flags.add("foreground", &foreground, "stay in the foreground and log to standard error, as for systemd");
  flags.add("v", &verbosity, "how much to log");
  flags.add("help", &help, "this text");
  flags.add_short('v', "v");
  flags.add_short('h', "help");
  auto rest = flags.parse(arguments);
  if (!rest) return usage_error(rest.error().message());
  if (!rest->empty()) return usage_error("up takes no argument: " + base::quote(rest->front()));
  if (help) {
    printf("navarch up starts a one-node cluster in the background and returns once its node is Ready.\n\nFlags:\n%s",
           flags.help().c_str());
    return 0;
  }
  options.node = !no_node;
  if (geteuid() != 0) return usage_error("a node needs root: run it as root, or with sudo");
  base::set_log_verbosity(static_cast<int>(verbosity));
  if (auto done = complete(options); !done) return failure(done.error());
  Instance instance(options.run_directory);
  if (foreground) {
    if (auto claimed = instance.claim(); !claimed) return failure(claimed.error());
    auto ended = run_cluster(options, ServiceManager::from_environment());
    return ended ? 0 : failure(ended.error());
  }
  if (auto pid = instance.running()) {
    printf("A cluster is running already (process %d).\n", *pid);
    show_next_steps(options);
    return 0;
  }
  Arguments child = {"navarch", "up", "--foreground"};
  child.insert(child.end(), arguments.begin(), arguments.end());
  auto logs = options.log_directory + "/navarch";
  if (auto made = base::make_directories(logs, 0755); !made) return failure(made.error());
  Progress progress;
  auto log = logs + "/navarch.log";
  auto started = instance.start_detached(std::move(child), log, [&](const std::string& line) { progress.step(line); });
  if (!started) {
    printf("failed\n");
    return failure(started.error());
  }
  progress.finish();
  show_next_steps(options);
  return 0;
}

int run_down(const Arguments& arguments) {
  ClusterOptions options;
  bool purge = false, help = false;
  cli::Flags flags;
  add_places(flags, options);
  flags.add("purge", &purge, "remove the cluster's state, images, logs, interfaces and rules too");
  flags.add("help", &help, "this text");
  flags.add_short('h', "help");
  auto rest = flags.parse(arguments);
  if (!rest) return usage_error(rest.error().message());
  if (help) {
    printf("navarch down stops the cluster and its containers.\n\nFlags:\n%s", flags.help().c_str());
    return 0;
  }
  if (geteuid() != 0) return usage_error("this needs root: run it as root, or with sudo");
  Instance instance(options.run_directory);
  if (instance.running()) {
    printf("Stopping the cluster.\n");
    if (auto stopped = instance.stop(kStopSeconds); !stopped) return failure(stopped.error());
  } else {
    printf("No cluster is running.\n");
  }
  if (auto cleaned = clean_up(options, purge); !cleaned) return failure(cleaned.error());
  if (purge) {
    printf("Nothing is left.\n");
  } else {
    printf(
        "Kept: the cluster's state, keys and images in %s, and its logs. `navarch up` goes on with them; `navarch down "
        "--purge` removes them.\n",
        options.data_directory.c_str());
  }
  return 0;
}

int run_version(const Arguments&) {
  printf("navarch %s, serving Kubernetes %s\n", kNavarchVersion, kKubernetesVersion);
  return 0;
}

std::span<const Command> commands() {
  static constexpr Command kList[] = {
      {"up", run_up},
      {"down", run_down},
      {"apiserver", run_apiserver},
      {"controller-manager", run_controller_manager},
      {"scheduler", run_scheduler},
      {"kubelet", run_kubelet},
      {"proxy", run_proxy},
      {"version", run_version},
  };
  return kList;
}

}  // namespace navarch
