// Who may use an image, where passwords come from, and what is said when a pull fails.

#include "kubelet/pods/images.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/testing/fixture.h"
#include "kubelet/volume/mount.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kImage = "registry.test/team/app:v1";

struct ImagesTest : PodTest {
  ImagesTest() {
    runtime.images.clear();
    runtime.pullable = {kImage};
  }
  // A new kubelet with these options over the same folders and runtime.
  void restart_images() {
    scope_.cancel();
    pods_.reset();
    images_ = std::make_unique<Images>(runtime, api, pool_, image_options_);
    context_ = std::make_unique<PodContext>(PodContext{.options = options_,
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
                                                       .dns = {}});
    pods_ = make_pods();
    follow();
    api.events.clear();
    runtime.calls.clear();
  }
  void secret(const std::string& name, const std::string& password) {
    auto made = std::make_shared<core::Secret>();
    made->metadata.name = name;
    made->metadata.namespace_ = "default";
    made->metadata.uid = "uid-" + name;
    made->data[".dockerconfigjson"] =
        base::cat({R"({"auths":{"https://registry.test/v1/":{"username":"u","password":")", password, "\"}}}"});
    api.secrets[name] = made;
  }
  core::Pod pod(const std::string& name, const std::string& secret = "", const std::string& policy = "IfNotPresent") {
    core::Pod made = PodBuilder(name).container("main");
    made.spec.service_account_name = "robot";
    made.spec.containers[0].image = kImage;
    made.spec.containers[0].image_pull_policy = policy;
    if (!secret.empty()) made.spec.image_pull_secrets.emplace_back().name = secret;
    return made;
  }
  // Starts it and gives it time to pull. What it waits for, or "" when it runs.
  std::string outcome(core::Pod made) {
    start(std::move(made));
    pass(3s);
    auto& waiting = container_status("main").state.waiting;
    return waiting ? waiting->reason + ": " + waiting->message : "";
  }
  // The pod started last leaves the API.
  void gone() {
    pods_->removed(pod_.metadata.uid);
    loop_->run_until_idle();
  }
  size_t pulls() const { return static_cast<size_t>(std::ranges::count(runtime.calls, base::cat({"pull ", kImage}))); }
  std::vector<std::string> files(const std::string& folder) const {
    auto names = base::list_directory(options_.root_directory + "/image_manager/" + folder);
    return names ? *names : std::vector<std::string>();
  }
  // A provider that counts its calls in a file and answers with `password`.
  void provider(const std::string& password, const std::string& response_more, bool with_account) {
    std::string directory = directory_ + "/plugins";
    ASSERT_TRUE(base::make_directories(directory, 0755));
    std::string program = directory + "/known";
    ASSERT_TRUE(base::write_file(
        program,
        base::cat({"#!/bin/sh\ncat >> ", directory_, "/asked\necho \"$1 $COLOR\" >> ", directory_, "/asked\n",
                   R"(echo '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1",)",
                   response_more, R"("auth":{"registry.test":{"username":"u","password":")", password, "\"}}}'\n"}),
        0755));
    auto config = std::make_shared<CredentialProviderConfig>();
    auto& one = config->providers.emplace_back();
    one.name = "known";
    one.api_version = "credentialprovider.kubelet.k8s.io/v1";
    one.match_images = {"*.test"};
    one.default_cache_duration.emplace().ns = 60'000'000'000;
    one.args = {"get"};
    one.env.push_back({"COLOR", "green"});
    if (with_account) {
      auto& token = one.token_attributes.emplace();
      token.service_account_token_audience = "registry";
      token.cache_type = "ServiceAccount";
      token.require_service_account = true;
      token.required_service_account_annotation_keys = {"role"};
    }
    ASSERT_TRUE(check_credential_providers(*config, directory));
    image_options_.providers = config;
    image_options_.provider_directory = directory;
  }
  // A program runs in real time, whatever the simulated clock says.
  void let_program_run() {
    for (int i = 0; i < 2000 && container_waits(); ++i) {
      usleep(1000);
      pass(10ms);
    }
  }
  bool container_waits() { return container_status("main").state.waiting.has_value(); }
  std::string asked() const { return base::read_file(directory_ + "/asked").value_or(""); }
};

TEST_F(ImagesTest, AnImageThatWasPulledWithAPasswordIsForThoseWhoHaveIt) {
  runtime.passwords[kImage] = "secret";
  secret("mine", "secret");
  secret("wrong", "guess");
  EXPECT_EQ(outcome(pod("a", "mine")), "");
  EXPECT_EQ(pulls(), 1u);
  EXPECT_EQ(outcome(pod("b", "mine")), "");
  EXPECT_EQ(pulls(), 1u) << "the password is known to fit";
  EXPECT_EQ(outcome(pod("c", "wrong")), "ErrImagePull: no basic auth credentials");
  EXPECT_EQ(pulls(), 2u);
  gone();
  EXPECT_EQ(outcome(pod("d")), "ErrImagePull: no basic auth credentials");
  gone();
  EXPECT_EQ(outcome(pod("e", "wrong", "Never")), base::cat({"ErrImageNeverPull: Container image \"", kImage,
                                                            "\" is not present with pull policy of Never"}));
}

TEST_F(ImagesTest, WhoMayUseAnImageIsRememberedAcrossARestart) {
  runtime.passwords[kImage] = "secret";
  secret("mine", "secret");
  ASSERT_EQ(outcome(pod("a", "mine")), "");
  EXPECT_THAT(files("pulled"), SizeIs(1));
  EXPECT_THAT(files("pulling"), IsEmpty());
  restart_images();
  secret("copy", "secret");  // another secret with the same password
  EXPECT_EQ(outcome(pod("b", "copy")), "");
  EXPECT_EQ(pulls(), 0u);
  secret("copy", "new");  // the same secret with another password
  EXPECT_EQ(outcome(pod("c", "copy")), "");
  EXPECT_EQ(pulls(), 0u);
  EXPECT_EQ(outcome(pod("d")), "ErrImagePull: no basic auth credentials");
}

TEST_F(ImagesTest, AnImageThatNeedsNoPasswordIsForEverybody) {
  EXPECT_EQ(outcome(pod("a")), "");
  EXPECT_EQ(outcome(pod("b")), "");
  EXPECT_EQ(pulls(), 1u);
}

TEST_F(ImagesTest, ImagesThatWereAlwaysHereAreForEverybodyUnlessThePolicySaysOtherwise) {
  runtime.images = {kImage};
  runtime.passwords[kImage] = "secret";
  EXPECT_EQ(outcome(pod("a")), "");
  EXPECT_EQ(pulls(), 0u);
  image_options_.verification = ImageVerification::Always;
  restart_images();
  EXPECT_EQ(outcome(pod("b")), "ErrImagePull: no basic auth credentials");
  image_options_.verification = ImageVerification::NeverAllowlisted;
  image_options_.allowlist = {"registry.test/team/*"};
  restart_images();
  EXPECT_EQ(outcome(pod("c")), "");
  image_options_.allowlist = {"registry.test/other/*", "registry.test/tea"};
  restart_images();
  EXPECT_EQ(outcome(pod("d")), "ErrImagePull: no basic auth credentials");
  image_options_.verification = ImageVerification::Never;
  restart_images();
  EXPECT_EQ(outcome(pod("e")), "");
}

TEST_F(ImagesTest, AnImageWhosePullWasCutShortIsNotTakenForOneThatWasAlwaysHere) {
  runtime.passwords[kImage] = "secret";
  secret("mine", "secret");
  start(pod("a", "mine"));
  EXPECT_THAT(files("pulling"), SizeIs(1));
  runtime.images.insert(kImage);  // the runtime goes on without us
  restart_images();
  EXPECT_EQ(outcome(pod("b")), "ErrImagePull: no basic auth credentials");
  EXPECT_THAT(files("pulling"), IsEmpty());
}

TEST_F(ImagesTest, RecordsOfImagesThatAreGoneAreDropped) {
  ASSERT_EQ(outcome(pod("a")), "");
  EXPECT_THAT(files("pulled"), SizeIs(1));
  runtime.images.clear();
  restart_images();
  runtime.pullable.clear();
  outcome(pod("b"));
  EXPECT_THAT(files("pulled"), IsEmpty());
}

TEST_F(ImagesTest, WhatTheRuntimeKnowsOfAFailureIsItsReason) {
  runtime.pullable.clear();
  runtime.pull_error = "RegistryUnavailable: connection refused";
  EXPECT_EQ(outcome(pod("a")), base::cat({"RegistryUnavailable: image pull failed for ", kImage,
                                          " because the registry is unavailable: connection refused"}));
  EXPECT_THAT(api.events, Contains("Warning Failed Error: RegistryUnavailable"));
  pass(4s);
  EXPECT_EQ(container_status("main").state.waiting->message,
            base::cat({"Back-off pulling image \"", kImage, "\": RegistryUnavailable: image pull failed for ", kImage,
                       " because the registry is unavailable: connection refused"}));
  gone();
  runtime.pull_error = "SignatureValidationFailed: not signed";
  EXPECT_EQ(outcome(pod("b")), base::cat({"SignatureValidationFailed: image pull failed for ", kImage,
                                          " because the signature validation failed: not signed"}));
}

TEST_F(ImagesTest, TheNodesOwnPasswordsServeAllPods) {
  runtime.passwords[kImage] = "secret";
  ASSERT_TRUE(base::make_directories(options_.root_directory, 0755));
  ASSERT_TRUE(base::write_file(options_.root_directory + "/config.json",
                               R"({"auths":{"registry.test":{"auth":"dTpzZWNyZXQ="}}})", 0600));
  EXPECT_EQ(outcome(pod("a")), "");
  EXPECT_EQ(outcome(pod("b")), "");
  EXPECT_EQ(pulls(), 1u);
}

TEST_F(ImagesTest, AProgramIsAskedForPasswordsAndItsAnswerIsKept) {
  runtime.passwords[kImage] = "secret";
  provider("secret", R"("cacheKeyType":"Registry",)", false);
  restart_images();
  start(pod("a", "", "Always"));
  let_program_run();
  EXPECT_FALSE(container_waits());
  EXPECT_THAT(
      asked(),
      HasSubstr(
          R"("kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"registry.test/team/app")"));
  EXPECT_THAT(asked(), HasSubstr("get green\n"));
  auto before = asked();
  EXPECT_EQ(outcome(pod("b", "", "Always")), "");
  EXPECT_EQ(asked(), before);
  pass(61s);
  start(pod("c", "", "Always"));
  let_program_run();
  EXPECT_GT(asked().size(), before.size());
}

TEST_F(ImagesTest, AProgramIsToldOfTheServiceAccountAndItsAnswerIsForThatAccount) {
  runtime.passwords[kImage] = "secret";
  provider("secret", R"("cacheKeyType":"Image","cacheDuration":"1h",)", true);
  restart_images();
  start(pod("a"));
  let_program_run();
  EXPECT_FALSE(container_waits());
  EXPECT_THAT(asked(), HasSubstr(R"("serviceAccountToken":"token","serviceAccountAnnotations":{"role":"puller"})"));
  EXPECT_EQ(outcome(pod("b")), "");
  EXPECT_EQ(pulls(), 1u) << "the account is known to have pulled it";
  auto other = pod("c");
  other.spec.service_account_name = "stranger";
  start(other);
  let_program_run();
  EXPECT_EQ(pulls(), 2u);
}

TEST_F(ImagesTest, AnImageCanBeAVolume) {
  runtime.pullable.insert("registry.test/models:v2");
  auto made = pod("a");
  auto& volume = made.spec.volumes.emplace_back();
  volume.name = "model";
  volume.image.emplace().reference = "registry.test/models:v2";
  volume.image->pull_policy = "IfNotPresent";
  auto& mount = made.spec.containers[0].volume_mounts.emplace_back();
  mount.name = "model";
  mount.mount_path = "/model";
  mount.sub_path = "weights";
  start(made);
  pass(3s);
  EXPECT_FALSE(container_waits());
  EXPECT_THAT(runtime.calls, Contains("pull registry.test/models:v2"));
  ASSERT_THAT(runtime.containers, SizeIs(1));
  const auto& mounts = runtime.containers.begin()->second.config.mounts;
  auto found = std::ranges::find(mounts, "/model", &cri::Mount::container_path);
  ASSERT_NE(found, mounts.end());
  EXPECT_EQ(found->image->image, "sha256:registry.test/models:v2");
  EXPECT_EQ(found->image_sub_path, "weights");
  EXPECT_EQ(found->host_path, "");
  EXPECT_TRUE(found->readonly);
}

TEST_F(ImagesTest, WhereTheRuntimeCannotTheImageIsMountedOnTheHost) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can mount";
  auto made = pod("a");
  auto& volume = made.spec.volumes.emplace_back();
  volume.name = "model";
  runtime.images.insert("side:v1");
  volume.image.emplace().reference = "side:v1";
  volume.image->pull_policy = "IfNotPresent";
  auto& mount = made.spec.containers[0].volume_mounts.emplace_back();
  mount.name = "model";
  mount.mount_path = "/model";
  ASSERT_TRUE(base::make_directories(directory_ + "/layer", 0755));
  ASSERT_TRUE(base::write_file(directory_ + "/layer/weights", "1 2 3", 0644));
  runtime.host_mount = HostMount{.type = "bind", .source = directory_ + "/layer", .options = {"ro", "rbind"}};
  start(made);
  pass(3s);
  ASSERT_THAT(runtime.containers, SizeIs(1));
  const auto& mounts = runtime.containers.begin()->second.config.mounts;
  auto found = std::ranges::find(mounts, "/model", &cri::Mount::container_path);
  ASSERT_NE(found, mounts.end());
  EXPECT_FALSE(found->image);
  auto seen = base::read_file(found->host_path + "/weights");
  EXPECT_EQ(seen ? *seen : "", "1 2 3");
  EXPECT_FALSE(base::write_file(found->host_path + "/other", "x", 0644));
  EXPECT_TRUE(unmount_below(directory_));
}

TEST_F(ImagesTest, AVolumesImageThatIsNotThereKeepsTheContainerWaiting) {
  auto made = pod("a");
  made.spec.volumes.emplace_back().name = "model";
  made.spec.volumes[0].image.emplace().reference = "registry.test/none:v2";
  auto& mount = made.spec.containers[0].volume_mounts.emplace_back();
  mount.name = "model";
  mount.mount_path = "/model";
  start(made);
  pass(4s);
  EXPECT_EQ(container_status("main").state.waiting->reason, "ErrImagePull");
  EXPECT_EQ(container_status("main").state.waiting->message, "no such image");
}

TEST_F(PodTest, ARuntimeClassNamesTheHandlerOfTheSandbox) {
  api.runtime_classes["sandboxed"] = "gvisor";
  core::Pod made = PodBuilder("a").container("main");
  made.spec.runtime_class_name = "sandboxed";
  start(made);
  EXPECT_THAT(runtime.handlers, ElementsAre("gvisor"));
  made = PodBuilder("b").container("main");
  made.spec.runtime_class_name = "unknown";
  start(made);
  EXPECT_THAT(runtime.handlers, SizeIs(1));
  EXPECT_THAT(api.events, Contains("Warning FailedCreatePodSandBox Failed to create pod sandbox: "
                                   "runtimeclass.node.k8s.io \"unknown\" not found"));
}

TEST(CredentialProviderConfiguration, MistakesAreTold) {
  CredentialProviderConfig config;
  auto complaint = [&] {
    auto checked = check_credential_providers(config, "/usr/bin");
    return checked ? "" : checked.error().message();
  };
  EXPECT_THAT(complaint(), HasSubstr("at least 1 item in plugins is required"));
  auto& one = config.providers.emplace_back();
  EXPECT_THAT(complaint(), HasSubstr("provider name is required"));
  one.name = "../env";
  EXPECT_THAT(complaint(), HasSubstr("provider name cannot contain '/'"));
  one.name = "env";
  EXPECT_THAT(complaint(), HasSubstr("apiVersion is required"));
  one.api_version = "v1";
  EXPECT_THAT(complaint(), HasSubstr("Unsupported value: \"v1\""));
  one.api_version = "credentialprovider.kubelet.k8s.io/v1";
  EXPECT_THAT(complaint(), HasSubstr("at least 1 item in matchImages is required"));
  one.match_images = {"*"};
  EXPECT_THAT(complaint(), HasSubstr("defaultCacheDuration"));
  one.default_cache_duration.emplace();
  EXPECT_EQ(complaint(), "");
  one.name = "no-such-program";
  EXPECT_EQ(complaint(), "plugin binary executable /usr/bin/no-such-program did not exist");
}

}  // namespace
}  // namespace kubelet
