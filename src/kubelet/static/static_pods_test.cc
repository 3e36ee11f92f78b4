#include "kubelet/static/static_pods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/testing/fake_server.h"
#include "kubelet/client_api.h"
#include "kubelet/static/manifest_source.h"
#include "kubelet/testing/fixture.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kManifest =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec:\n  hostNetwork: true\n"
    "  containers: [{name: main, image: app:v1}]\n";

base::Result<std::vector<core::Pod>> read(std::string_view text, std::string kind = "file") {
  return read_manifest(text,
                       {.kind = std::move(kind), .place = "/etc/pods/web.yaml", .node_name = "Node", .now_ns = 1});
}
std::string refusal(std::string_view text) {
  auto pods = read(text);
  return pods ? "good" : pods.error().message();
}

TEST(Manifest, PodGetsANameUidAndAnnotationsOfThisNode) {
  auto pods = *read(kManifest);
  ASSERT_EQ(pods.size(), 1U);
  auto& pod = pods[0];
  EXPECT_EQ(pod.metadata.name, "web-node");
  EXPECT_EQ(pod.metadata.namespace_, "default");
  EXPECT_EQ(pod.spec.node_name, "Node");
  EXPECT_EQ(pod.spec.restart_policy, "Always");
  EXPECT_EQ(pod.spec.tolerations.back().effect, "NoExecute");
  EXPECT_EQ(pod.metadata.uid.size(), 32U);
  EXPECT_EQ(pod.metadata.annotations["kubernetes.io/config.hash"], pod.metadata.uid);
  EXPECT_EQ(pod.metadata.annotations["kubernetes.io/config.source"], "file");
  EXPECT_TRUE(is_static(pod));
  EXPECT_EQ((*read(kManifest))[0].metadata.uid, pod.metadata.uid);
  std::string other(kManifest);
  other.replace(other.find("app:v1"), 6, "app:v2");
  EXPECT_NE((*read(other))[0].metadata.uid, pod.metadata.uid);
}

TEST(Manifest, WhatCannotRunIsRefused) {
  EXPECT_THAT(*read(""), IsEmpty());
  EXPECT_EQ(refusal("apiVersion: v1\nkind: Service\n"), "invalid pod: it is of kind \"Service\" in version \"v1\"");
  EXPECT_EQ(refusal("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"),
            "invalid pod: spec.containers: Required value");
  EXPECT_EQ(refusal("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {serviceAccountName: x, containers: [{name: "
                    "a, image: b}]}\n"),
            "static pods may not reference serviceaccounts");
  EXPECT_EQ(refusal("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b, envFrom: "
                    "[{secretRef: {name: s}}]}]}\n"),
            "static pods may not reference secrets");
  EXPECT_NE(refusal("{"), "good");
}

TEST(Manifest, UrlMayGiveAList) {
  std::string list = R"({"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"a"},"spec":{"containers":[
    {"name":"a","image":"b"}]}}]})";
  EXPECT_EQ((*read(list, "http"))[0].metadata.name, "a-node");
  EXPECT_FALSE(read(list));
}

class StaticPodsTest : public PodTest {
 protected:
  StaticPodsTest()
      : server_(clock_, random_),
        client_(server_.transport()),
        events_(client_, clock_, random_, "kubelet", "node"),
        client_api_(client_, events_, [](const std::string&, const std::string&) {}),
        mirror_api_(client_api_),
        own_context_{.options = options_,
                     .api = mirror_api_,
                     .runtime = runtime,
                     .images = *images_,
                     .prober = prober,
                     .pool = pool_,
                     .random = random_,
                     .volumes = Volumes(options_.root_directory),
                     .host_ips = {"192.168.0.9"}},
        own_pods_(own_context_, [] { return std::shared_ptr<const core::Node>(); }),
        cache_(client_) {
    core::Namespace space;
    space.metadata.name = "default";
    server_.put(space);
    node_.metadata.name = "node";
    node_.metadata.uid = "node-uid";
    options_.static_pods.path = directory_ + "/manifests";
    EXPECT_TRUE(base::make_directories(options_.static_pods.path, 0755));
    static_ = std::make_unique<StaticPods>(options_, pool_, client_, own_pods_, mirror_api_,
                                           [this] { return std::make_shared<core::Node>(node_); });
    own_pods_.on_gone([this](const std::string& uid) { static_->worker_gone(uid); });
    cache_.add_listener(
        [this](const client::Key& key, const core::Pod*, const core::Pod* now) { static_->mirror_changed(key, now); });
    mine_.spawn(own_pods_.follow_runtime());
  }
  ~StaticPodsTest() override { mine_.cancel(); }

  void write(std::string_view image) {
    std::string text(kManifest);
    text.replace(text.find("app:v1"), 6, image);
    ASSERT_TRUE(base::write_file(options_.static_pods.path + "/web.yaml", text, 0644));
  }
  void begin() {
    mine_.spawn(static_->begin(mine_));
    pass(1s);
  }
  void api_comes() {
    mine_.spawn(cache_.run());
    pass(1s);
    static_->api_synced();
    pass(5s);
  }
  std::optional<core::Pod> mirror() { return server_.get<core::Pod>("default", "web-node"); }

  client::FakeServer server_;
  client::Client client_;
  client::EventRecorder events_;
  ClientApi client_api_;
  MirrorApi mirror_api_;
  PodContext own_context_;
  Pods own_pods_;
  client::Cache<core::Pod> cache_;
  core::Node node_;
  std::unique_ptr<StaticPods> static_;
  io::Scope mine_;
};

TEST_F(StaticPodsTest, PodRunsWithoutAnApiAndIsShownOnceThereIsOne) {
  write("app:v1");
  begin();
  EXPECT_THAT(runtime.running(), ElementsAre("main"));
  EXPECT_FALSE(mirror());
  api_comes();
  ASSERT_TRUE(mirror());
  EXPECT_EQ(mirror()->status.phase, "Running");
  EXPECT_EQ(mirror()->metadata.annotations["kubernetes.io/config.mirror"],
            mirror()->metadata.annotations["kubernetes.io/config.hash"]);
  EXPECT_EQ(mirror()->metadata.owner_references[0].uid, "node-uid");
}

TEST_F(StaticPodsTest, DeletedMirrorIsMadeAgainAndThePodGoesOn) {
  write("app:v1");
  begin();
  api_comes();
  auto uid = mirror()->metadata.uid;
  auto container = runtime.containers.begin()->first;
  server_.erase<core::Pod>("default", "web-node");
  pass(5s);
  ASSERT_TRUE(mirror());
  EXPECT_NE(mirror()->metadata.uid, uid);
  EXPECT_EQ(mirror()->status.phase, "Running");
  EXPECT_EQ(runtime.containers.begin()->first, container);
  EXPECT_THAT(runtime.running(), ElementsAre("main"));
}

TEST_F(StaticPodsTest, ChangedManifestReplacesThePodAfterTheOldOneHasEnded) {
  write("app:v1");
  begin();
  api_comes();
  auto hash = mirror()->metadata.annotations["kubernetes.io/config.hash"];
  runtime.images.insert("app:v2");
  runtime.ignore_stop.insert("main");
  write("app:v2");
  pass(21s);  // virtual time: inotify does not live in it
  EXPECT_EQ(runtime.containers.size(), 1U);
  pass(60s);
  ASSERT_THAT(runtime.running(), ElementsAre("main"));
  EXPECT_EQ(runtime.newest("main")->config.image->user_specified_image, "app:v2");
  EXPECT_NE(mirror()->metadata.annotations["kubernetes.io/config.hash"], hash);
  EXPECT_EQ(mirror()->status.phase, "Running");
}

TEST_F(StaticPodsTest, RemovedManifestEndsThePodAndItsMirror) {
  write("app:v1");
  begin();
  api_comes();
  unlink((options_.static_pods.path + "/web.yaml").c_str());
  pass(60s);
  EXPECT_THAT(runtime.running(), IsEmpty());
  EXPECT_FALSE(mirror());
  EXPECT_EQ(own_pods_.size(), 0U);
}

TEST_F(StaticPodsTest, MirrorOfNoPodIsRemoved) {
  core::Pod stale;
  stale.metadata.name = "old-node";
  stale.metadata.namespace_ = "default";
  stale.metadata.annotations["kubernetes.io/config.mirror"] = "x";
  server_.put(stale);
  begin();
  api_comes();
  EXPECT_FALSE(server_.get<core::Pod>("default", "old-node"));
}

}  // namespace
}  // namespace kubelet
