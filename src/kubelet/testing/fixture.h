// A pod's worker with everything round it made of memory, in virtual time. A test is a few lines:
//
//   start(pod("web").container("main", "app:v1"));
//   pass(1s);
//   EXPECT_EQ(status().phase, "Running");
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "base/strings.h"
#include "kubelet/pods/context.h"
#include "kubelet/pods/images.h"
#include "kubelet/pods/pods.h"
#include "kubelet/testing/fake_runtime.h"

namespace kubelet {

struct PodBuilder {
  core::Pod pod;

  explicit PodBuilder(std::string name) {
    pod.metadata.name = std::move(name);
    pod.metadata.namespace_ = "default";
    pod.metadata.uid = "uid-" + pod.metadata.name;
    pod.metadata.generation = 1;
    pod.spec.restart_policy = "Always";
    pod.spec.dns_policy = "ClusterFirst";
    pod.spec.termination_grace_period_seconds = 30;
    pod.spec.node_name = "node";
  }
  static core::Container make(std::string name, std::string image) {
    core::Container out;
    out.name = std::move(name);
    out.image = std::move(image);
    out.image_pull_policy = "IfNotPresent";
    return out;
  }
  PodBuilder& container(std::string name, std::string image = "app:v1") {
    pod.spec.containers.push_back(make(std::move(name), std::move(image)));
    return *this;
  }
  PodBuilder& init(std::string name) {
    pod.spec.init_containers.push_back(make(std::move(name), "init:v1"));
    return *this;
  }
  PodBuilder& sidecar(std::string name) {
    pod.spec.init_containers.push_back(make(std::move(name), "side:v1"));
    pod.spec.init_containers.back().restart_policy = "Always";
    return *this;
  }
  PodBuilder& restart(std::string policy) {
    pod.spec.restart_policy = std::move(policy);
    return *this;
  }
  // The last container's exit with `code` makes all of them run anew.
  PodBuilder& restarting_all_on(int32_t code) {
    auto& rule = last().restart_policy_rules.emplace_back();
    rule.action = "RestartAllContainers";
    rule.exit_codes.emplace().operator_ = "In";
    rule.exit_codes->values = {code};
    return *this;
  }
  core::Container& last() { return pod.spec.containers.back(); }
  operator core::Pod() const { return pod; }  // NOLINT
};

struct FakeApi final : Api {
  std::vector<std::string> events;  // "Normal Pulled Container image ..."
  std::vector<core::PodStatus> statuses;
  std::vector<std::string> deleted;
  std::map<std::string, std::shared_ptr<const core::ConfigMap>> config_maps;
  std::map<std::string, std::shared_ptr<const core::Secret>> secrets;
  bool away = false;

  io::Task<base::Result<std::string>> write_status(core::Pod pod) override {
    if (away) co_return base::fail(base::Code::Unavailable, "away");
    statuses.push_back(pod.status);
    co_return std::to_string(100 + statuses.size());
  }
  io::Task<base::Result<void>> finish_deletion(std::string, std::string name, std::string) override {
    if (away) co_return base::fail(base::Code::Unavailable, "away");
    deleted.push_back(name);
    co_return {};
  }
  io::Task<base::Result<std::shared_ptr<const core::ConfigMap>>> config_map(std::string, std::string name) override {
    co_return config_maps[name];
  }
  io::Task<base::Result<std::shared_ptr<const core::Secret>>> secret(std::string, std::string name) override {
    co_return secrets[name];
  }
  io::Task<base::Result<core::ServiceAccount>> service_account(std::string namespace_, std::string name) override {
    core::ServiceAccount account;
    account.metadata.namespace_ = std::move(namespace_);
    account.metadata.name = std::move(name);
    account.metadata.uid = "uid-" + account.metadata.name;
    account.metadata.annotations = {{"role", "puller"}};
    co_return account;
  }
  std::map<std::string, std::string> runtime_classes;
  io::Task<base::Result<std::string>> runtime_handler(std::string name) override {
    auto found = runtime_classes.find(name);
    if (found == runtime_classes.end())
      co_return base::fail(base::Code::NotFound, "runtimeclass.node.k8s.io \"" + name + "\" not found");
    co_return found->second;
  }
  io::Task<base::Result<IssuedToken>> token(core::Pod, std::string, int64_t expiration) override {
    co_return IssuedToken{"token", io::Loop::current().clock().wall_ns() + expiration * 1'000'000'000};
  }
  void event(const core::Pod&, bool warning, std::string_view reason, std::string message, std::string) override {
    events.push_back(std::string(warning ? "Warning " : "Normal ") + std::string(reason) + " " + message);
  }
  void event_with(const core::Pod& pod, bool warning, std::string_view reason, std::string message,
                  std::map<std::string, std::string, std::less<>>) override {
    event(pod, warning, reason, std::move(message), "");
  }
  void claim_event(const core::PersistentVolumeClaim& claim, bool warning, std::string_view reason,
                   std::string message) override {
    events.push_back(base::cat({claim.metadata.name, warning ? " Warning " : " Normal ", reason, " ", message}));
  }
  std::shared_ptr<void> hold(const std::string&, const std::vector<std::string>&,
                             const std::vector<std::string>&) override {
    return nullptr;
  }
};

struct FakeProber final : Prober {
  std::map<std::string, ProbeAnswer> answers;  // by container name; Success when absent
  std::vector<std::string> hooks;
  io::Duration hook_time{0};

  io::Task<ProbeAnswer> probe(core::Probe, ProbeTarget target) override {
    auto found = answers.find(target.container.name);
    if (found == answers.end()) co_return ProbeAnswer{.verdict = ProbeAnswer::Verdict::Success, .output = {}};
    co_return found->second;
  }
  io::Task<base::Result<void>> run_hook(core::LifecycleHandler, ProbeTarget target, int64_t) override {
    hooks.push_back(target.container.name);
    co_await io::sleep(hook_time);
    co_return {};
  }
};

class PodTest : public testing::Test {
 protected:
  PodTest()
      : clock_(1'700'000'000'000'000'000),
        loop_(io::Loop::create_simulated(clock_)),
        entered_(*loop_),
        pool_(1),
        random_(1) {
    char path[] = "/tmp/navarch-kubelet-XXXXXX";
    directory_ = mkdtemp(path);
    options_.node_name = "node";
    options_.root_directory = directory_ + "/kubelet";
    options_.pod_log_directory = directory_ + "/pods";
    options_.container_log_directory = "";
    options_.cgroups = false;
    image_options_.pulls_max = 2;
    image_options_.root_directory = options_.root_directory;
    images_ = std::make_unique<Images>(runtime, api, pool_, image_options_);
    context_ = std::make_unique<PodContext>(
        PodContext{.options = options_,
                   .api = api,
                   .runtime = runtime,
                   .images = *images_,
                   .prober = prober,
                   .pool = pool_,
                   .random = random_,
                   .cgroups = {},
                   .volumes = Volumes(options_.root_directory),
                   .host_ips = {"192.168.0.9"},
                   .allocatable = {},
                   .dns = {.cluster_servers = {"10.96.0.10"}, .cluster_domain = "cluster.local", .host = {}}});
    pods_ = make_pods();
    follow();
  }
  ~PodTest() override {
    scope_.cancel();
    pods_.reset();
    images_.reset();
    (void)base::remove_tree(directory_);
  }

  std::unique_ptr<Pods> make_pods() {
    return std::make_unique<Pods>(*context_, [] { return std::shared_ptr<const core::Node>(); });
  }
  void follow() { scope_.spawn(pods_->follow_runtime()); }

  void start(core::Pod pod) {
    pod_ = std::move(pod);
    pods_->updated(pod_);
    loop_->run_until_idle();
  }
  void pass(io::Duration span) { loop_->advance(span); }
  void exit(const std::string& name, int32_t code, std::string reason = "") {
    runtime.exit(name, code, std::move(reason));
    loop_->run_until_idle();
  }
  void remove(int64_t grace) {
    pod_.metadata.deletion_timestamp = base::Time::from_ns(clock_.wall_ns());
    pod_.metadata.deletion_grace_period_seconds = grace;
    pods_->updated(pod_);
    loop_->run_until_idle();
  }
  // The kubelet dies and comes back; containers do not notice.
  void restart_kubelet() {
    scope_.cancel();
    pods_.reset();
    auto status = this->status();
    pods_ = make_pods();
    follow();
    pod_.status = status;
    pods_->updated(pod_);
    loop_->run_until_idle();
  }
  core::PodStatus status() const { return api.statuses.empty() ? core::PodStatus() : api.statuses.back(); }
  const core::ContainerStatus& container_status(const std::string& name) {
    shown_ = status();
    return *find_status(shown_, name);
  }
  std::string condition(const std::string& type) {
    shown_ = status();
    auto* found = find_condition(shown_, type);
    return found == nullptr ? "" : found->status;
  }
  size_t count_events(const std::string& beginning) const {
    return static_cast<size_t>(
        std::ranges::count_if(api.events, [&](auto& event) { return event.starts_with(beginning); }));
  }

  FakeRuntime runtime;
  FakeApi api;
  FakeProber prober;
  base::FakeClock clock_;
  std::unique_ptr<io::Loop> loop_;
  io::Loop::Entered entered_;
  io::Pool pool_;
  base::SeededRandom random_;
  KubeletOptions options_;
  std::string directory_;
  ImageOptions image_options_;
  std::unique_ptr<Images> images_;
  std::unique_ptr<PodContext> context_;
  std::unique_ptr<Pods> pods_;
  core::Pod pod_;
  core::PodStatus shown_;
  io::Scope scope_;
};

}  // namespace kubelet
