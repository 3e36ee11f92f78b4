#include "main/cluster.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <algorithm>
#include <iterator>

#include "apiserver/local.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/loop.h"
#include "io/own_address.h"
#include "main/api_server.h"
#include "main/cluster_dns.h"
#include "main/control_part.h"
#include "main/instance.h"
#include "main/local_transport.h"
#include "main/loop_thread.h"
#include "main/machine.h"
#include "main/node_joining.h"
#include "main/node_part.h"
#include "main/pause_image.h"
#include "main/service_manager.h"
#include "main/signals.h"
#include "pki/cluster.h"
#include "proxy/proxy.h"

namespace navarch {
namespace {

constexpr uint64_t kDnsOffset = 10;  // as kubeadm and most others have it

apiserver::User component(std::string name, std::vector<std::string> groups = {}) {
  apiserver::User user;
  user.name = std::move(name);
  user.groups = std::move(groups);
  user.groups.emplace_back(apiserver::kAuthenticatedGroup);
  return user;
}

// A service account of kube-system.
apiserver::User account_user(std::string_view name) {
  return component(base::cat({"system:serviceaccount:kube-system:", name}),
                   {"system:serviceaccounts", "system:serviceaccounts:kube-system"});
}

ApiServerOptions api_options(const ClusterOptions& options, const pki::Cluster& keys) {
  ApiServerOptions api;
  api.storage_directory = options.data_directory + "/store";
  api.secure_port = static_cast<int>(options.secure_port);
  api.advertise_address = options.advertise_address;
  api.service_cidr = options.service_cidr;
  api.certificate_file = options.data_directory + "/pki/apiserver.crt";
  api.key_file = options.data_directory + "/pki/apiserver.key";
  api.client_ca = keys.authority.certificate_pem;
  api.front_proxy_ca = keys.front_proxy_authority.certificate_pem;
  api.proxy_client_certificate_file = options.data_directory + "/pki/front-proxy-client.crt";
  api.proxy_client_key_file = options.data_directory + "/pki/front-proxy-client.key";
  api.aggregator_routing = true;  // pods are as near as the services' addresses, and there before the proxy's rules
  api.resource_metrics = true;
  api.kubelet_client_certificate = keys.api_server_kubelet_client.certificate_pem;
  api.kubelet_client_key = keys.api_server_kubelet_client.key_pem;
  api.service_account_key = keys.service_account_key_pem;
  api.bootstrap_objects = node_joining_rights();
  if (options.node) std::ranges::move(cluster_dns_rights(), std::back_inserter(api.bootstrap_objects));
  return api;
}

NodePartOptions node_options(const ClusterOptions& options) {
  NodePartOptions node;
  node.runtime = *parse_runtime_kind(options.container_runtime);  // complete() has looked
  node.runtime_endpoint = options.container_runtime_endpoint;
  auto& docker = node.docker;
  if (!options.container_runtime_endpoint.empty()) docker.endpoint = options.container_runtime_endpoint;
  docker.directory = options.data_directory + "/docker";
  docker.sandbox_image = kPauseImage;
  docker.cni.configuration_directory = options.data_directory + "/cni";
  auto& containerd = node.containerd;
  containerd.directory = options.data_directory + "/containerd";
  containerd.state_directory = options.run_directory + "/containerd";
  containerd.log_file = options.log_directory + "/navarch/containerd.log";
  containerd.sandbox_image = kPauseImage;
  containerd.cni_configuration_directory = options.data_directory + "/cni";
  auto& kubelet = node.kubelet;
  kubelet.node_name = options.node_name;
  kubelet.images.pulls_max = 5;
  kubelet.root_directory = options.data_directory + "/kubelet";
  kubelet.pod_log_directory = options.log_directory + "/pods";
  kubelet.container_log_directory = options.log_directory + "/containers";
  kubelet.node_addresses = {options.advertise_address};
  kubelet.cgroup_root = options.cgroup_root;
  kubelet.cluster_dns = {options.cluster_dns};
  kubelet.cluster_domain = options.cluster_domain;
  kubelet.cni_directory = containerd.cni_configuration_directory;
  kubelet.cni.address_directory = options.run_directory + "/cni";
  kubelet.port = static_cast<uint16_t>(options.kubelet_port);
  kubelet.certificate_file = options.data_directory + "/pki/kubelet.crt";
  kubelet.key_file = options.data_directory + "/pki/kubelet.key";
  kubelet.client_ca_file = options.data_directory + "/pki/ca.crt";
  node.proxy.mode = *proxy::parse_mode(options.proxy_mode);  // complete() has looked
  node.proxy.node_name = options.node_name;
  node.proxy.cluster_cidr = options.cluster_cidr;
  node.proxy.pod_routes = true;
  return node;
}

std::string server_url(const ClusterOptions& options) {
  io::Address server{.host = options.advertise_address, .port = static_cast<uint16_t>(options.secure_port)};
  return "https://" + server.text();
}

// What people and separate parts sign on with.
base::Result<void> write_kubeconfigs(const ClusterOptions& options, const pki::Cluster& keys) {
  struct Who {
    const char* file;
    std::string name;
    std::vector<std::string> groups;
  };
  const Who all[] = {{"admin", "kubernetes-admin", {"system:masters"}},
                     {"controller-manager", "system:kube-controller-manager", {}},
                     {"scheduler", "system:kube-scheduler", {}},
                     {"proxy", "system:kube-proxy", {}},
                     {"kubelet", "system:node:" + options.node_name, {"system:nodes"}}};
  auto url = server_url(options);
  for (const auto& who : all) {
    auto path = base::cat({options.data_directory, "/", who.file, ".conf"});
    // Certificates live for a year: made anew with each start that finds them missing or the address changed.
    auto present = base::read_file(path);
    if (present && present->find(url + "\n") != std::string::npos &&
        present->find(base::base64_encode(keys.authority.certificate_pem)) != std::string::npos) {
      continue;
    }
    TRY(auto pair, pki::issue_client(keys.authority, who.name, who.groups, base::system_clock()));
    TRY(base::write_file(path, pki::make_kubeconfig(url, keys.authority.certificate_pem, who.name, pair), 0600));
  }
  return {};
}

// Something that ends on another loop and is waited for on this one.
class Elsewhere {
 public:
  Elsewhere() : home_(io::Loop::current()) {}
  // From any loop.
  void settle(base::Result<void> result) {
    home_.post([this, result = std::move(result)] {
      result_ = result;
      done_.set();
    });
  }
  io::Task<base::Result<void>> wait() {
    co_await done_.wait();
    co_return result_;
  }

 private:
  io::Loop& home_;
  base::Result<void> result_;
  io::Event done_;
};

class Cluster {
 public:
  Cluster(const ClusterOptions& options, pki::Cluster keys, const ServiceManager& manager)
      : options_(options), keys_(std::move(keys)), manager_(manager) {}

  io::Task<base::Result<void>> run() {
    Signals signals({SIGTERM, SIGINT});
    auto started = co_await start();
    if (started) {
      report_ready();
      LOG_INFO("Cluster is up", {"node", options_.node_name}, {"kubeconfig", options_.kubeconfig()});
      manager_.ready();
      io::Scope scope;
      scope.spawn(manager_.feed_watchdog(loops()));
      int number = co_await signals.wait();
      manager_.stopping();
      LOG_INFO("Ending", {"signal", number});
    }
    // Those who use the API end before it.
    if (node_thread_)
      node_thread_->run([this] {
        node_scope_.reset();
        node_.reset();
      });
    if (control_thread_) control_thread_->run([this] { control_.reset(); });
    if (api_) co_await api_->close();
    api_.reset();
    co_return started;
  }

 private:
  std::vector<io::Loop*> loops() const {
    std::vector<io::Loop*> out;
    for (const auto& thread : api_threads_) out.push_back(&thread->loop());
    for (const auto* thread : {&control_thread_, &node_thread_})
      if (*thread) out.push_back(&(*thread)->loop());
    return out;
  }

  io::Task<base::Result<void>> start() {
    // The runtime needs no API, so both start at once.
    Elsewhere runtime;
    if (options_.node) {
      CO_TRY(node_thread_, LoopThread::start("node"));
      node_thread_->run([&] {
        node_ = std::make_unique<NodePart>(node_options(options_));
        node_scope_ = std::make_unique<io::Scope>();
        node_scope_->spawn(start_runtime(&runtime));
      });
    }
    report("API server");
    std::vector<io::Loop*> loops;
    for (int i = 0; i < processor_count(); ++i) {
      CO_TRY(auto thread, LoopThread::start("api-" + std::to_string(i)));
      loops.push_back(&thread->loop());
      api_threads_.push_back(std::move(thread));
    }
    auto api = co_await ApiServer::start(api_options(options_, keys_), std::move(loops));
    if (!api) {
      if (options_.node) (void)co_await runtime.wait();
      co_return base::fail(api.error().with_context("API server"));
    }
    api_ = std::move(*api);
    CO_TRY(write_kubeconfigs(options_, keys_));
    client::Client admin = client_as(component("kubernetes-admin", {std::string(apiserver::kMastersGroup)}), "navarch");
    auto told = co_await publish_cluster_info(std::move(admin), server_url(options_), keys_.authority.certificate_pem);
    if (!told) LOG_WARNING("Machines that want to join are not told of the cluster", {"err", told.error().message()});

    report("controllers and scheduler");
    CO_TRY(control_thread_, LoopThread::start("control"));
    control_thread_->run([this] { start_control(); });
    if (!options_.node) co_return {};

    report("container runtime");
    auto runs = co_await runtime.wait();
    if (!runs) co_return base::fail(runs.error().with_context("container runtime"));
    report("node");
    Elsewhere ready;
    node_thread_->run([&] { node_scope_->spawn(start_agents(&ready)); });
    auto is_ready = co_await ready.wait();
    if (!is_ready) co_return base::fail(is_ready.error().with_context("node"));
    co_await mark_control_plane();
    co_return {};
  }

  // A kubelet may not say this of its own node.
  io::Task<void> mark_control_plane() {
    apiserver::Local admin(api_->server(), component("kubernetes-admin", {std::string(apiserver::kMastersGroup)}),
                           "navarch");
    auto reply =
        co_await admin.call("PATCH", "/api/v1/nodes/" + options_.node_name, "application/merge-patch+json",
                            base::Bytes(R"({"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}})"));
    if (reply.status != 200)
      LOG_WARNING("Node cannot be marked as one of the control plane", {"status", std::to_string(reply.status)});
  }

  client::Client client_as(apiserver::User user, std::string field_manager) {
    return client::Client(make_local_transport(api_->server(), std::move(user)), std::move(field_manager));
  }

  void start_control() {
    controller::Options controllers;
    controllers.cluster_cidr = options_.cluster_cidr;
    controllers.allocate_node_cidrs = true;
    controllers.root_ca = keys_.authority.certificate_pem;
    controllers.signing_authority = keys_.authority;
    controllers.service_account_key = keys_.service_account_key_pem;
    control_ = std::make_unique<ControlPart>(
        std::move(controllers), client_as(component("system:kube-controller-manager"), "kube-controller-manager"),
        [this](std::string_view account) { return client_as(account_user(account), "kube-controller-manager"); },
        client_as(component("system:kube-scheduler"), "kube-scheduler"));
  }

  io::Task<void> start_runtime(Elsewhere* done) { done->settle(co_await node_->start_runtime()); }
  io::Task<void> start_agents(Elsewhere* done) {
    auto kubelet = client_as(component("system:node:" + options_.node_name, {"system:nodes"}), "kubelet");
    auto proxy = client_as(component("system:kube-proxy"), "kube-proxy");
    ClusterDnsOptions dns{.service_address = options_.cluster_dns,
                          .node_address = options_.advertise_address,
                          .domain = options_.cluster_domain};
    node_scope_->spawn(run_cluster_dns(std::move(dns), proxy, client_as(component(kClusterDnsUser), "navarch")));
    node_->start_proxy(std::move(proxy));
    done->settle(co_await node_->start_kubelet(std::move(kubelet)));
  }

  const ClusterOptions& options_;
  const pki::Cluster keys_;
  const ServiceManager& manager_;
  std::vector<std::unique_ptr<LoopThread>> api_threads_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<LoopThread> control_thread_;
  std::unique_ptr<ControlPart> control_;  // lives on control_thread_
  std::unique_ptr<LoopThread> node_thread_;
  std::unique_ptr<NodePart> node_;  // lives on node_thread_, as does
  std::unique_ptr<io::Scope> node_scope_;
};

base::Result<pki::Cluster> make_keys(const ClusterOptions& options) {
  TRY(auto kubernetes, ApiServer::service_address(options.service_cidr, 1));
  return pki::ensure_cluster({.directory = options.data_directory + "/pki",
                              .node_name = options.node_name,
                              .server_names = {options.node_name},
                              .server_addresses = {options.advertise_address, kubernetes, "127.0.0.1"},
                              .node_addresses = {options.advertise_address, "127.0.0.1"}},
                             base::system_clock());
}

}  // namespace

base::Result<void> complete(ClusterOptions& options) {
  if (options.node_name.empty()) options.node_name = host_name();
  if (options.advertise_address.empty()) options.advertise_address = io::own_address();
  if (options.cluster_dns.empty()) {
    TRY(options.cluster_dns, ApiServer::service_address(options.service_cidr, kDnsOffset));
  }
  for (auto* path : {&options.data_directory, &options.run_directory, &options.log_directory}) {
    if (path->empty() || path->front() != '/') {
      return base::fail(base::Code::BadRequest, base::cat({"not an absolute path: ", base::quote(*path)}));
    }
  }
  TRY(parse_runtime_kind(options.container_runtime));
  TRY(proxy::parse_mode(options.proxy_mode));
  if (options.secure_port < 1 || options.secure_port > 65535) {
    return base::fail(base::Code::BadRequest, base::cat({"--secure-port ", std::to_string(options.secure_port),
                                                         " must be between 1 and 65535, inclusive"}));
  }
  return {};
}

base::Result<void> run_cluster(const ClusterOptions& options, const ServiceManager& manager) {
  Signals::block({SIGTERM, SIGINT});
  prctl(PR_SET_NAME, "navarch");  // started as /proc/self/exe, it would be called "exe"
  report("keys and certificates");
  TRY(base::make_directories(options.data_directory, 0755));
  TRY(base::make_directories(options.log_directory + "/navarch", 0755));
  TRY(auto keys, make_keys(options));
  TRY(auto loop, io::Loop::create());
  Cluster cluster(options, std::move(keys), manager);
  return loop->run_task(cluster.run());
}

}  // namespace navarch
