#include "main/part/kubelet_configuration.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "main/part/kubelet_care.h"

namespace navarch {
namespace {

struct KubeletConfigurationTest : testing::Test {
  ~KubeletConfigurationTest() override { unlink(path.c_str()); }

  std::string read(std::string text) {
    EXPECT_TRUE(base::write_file(path, text, 0600));
    auto done = read_kubelet_configuration(path, options, others);
    return done ? "good" : done.error().message();
  }
  static std::string head() { return "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"; }

  std::string path = testing::TempDir() + "kubelet-" + std::to_string(getpid()) + ".yaml";
  kubelet::KubeletOptions options;
  KubeletFileOptions others;
};

TEST_F(KubeletConfigurationTest, WhatItSaysIsTakenAndTheRestStays) {
  ASSERT_EQ(
      read(head() +
           "port: 10350\nmaxPods: 50\nclusterDNS: [10.0.0.10]\nauthentication: {anonymous: {enabled: true}}\n"
           "authorization: {mode: AlwaysAllow}\nsystemReserved: {cpu: 100m}\nkubeReserved: {cpu: 200m, memory: 1Gi}\n"
           "containerLogMaxSize: 1Mi\nregisterWithTaints: [{key: a, value: b, effect: NoSchedule}]\nhealthzPort: 0\n"),
      "good");
  EXPECT_EQ(options.port, 10350);
  EXPECT_EQ(options.pods_max, 50);
  EXPECT_EQ(options.cluster_dns, std::vector<std::string>{"10.0.0.10"});
  EXPECT_TRUE(options.anonymous_auth);
  EXPECT_FALSE(options.authorize);
  EXPECT_EQ(options.reserved["cpu"].milli_value(), 300);
  EXPECT_EQ(options.container_log_bytes_max, 1 << 20);
  EXPECT_EQ(options.register_with_taints, (std::vector<std::pair<std::string, std::string>>{{"a=b", "NoSchedule"}}));
  EXPECT_EQ(others.healthz_port, 0);
  EXPECT_EQ(options.resolv_conf, "/etc/resolv.conf");
  EXPECT_EQ(options.lease_seconds, 40);
}

TEST_F(KubeletConfigurationTest, WhatIsReservedIsEnforcedAsItSays) {
  using Enforce = kubelet::ReservedOptions::Enforce;
  ASSERT_EQ(read(head() + "systemReserved: {memory: 1Gi}\nsystemReservedCgroup: /system.slice\n"
                          "enforceNodeAllocatable: [pods, system-reserved]\n"),
            "good");
  EXPECT_TRUE(options.reserved_groups.enforce_pods);
  EXPECT_EQ(options.reserved_groups.enforce_system, Enforce::All);
  EXPECT_EQ(options.reserved_groups.enforce_kube, Enforce::No);
  EXPECT_EQ(options.reserved_groups.system_group, "/system.slice");
  others = {};
  ASSERT_EQ(read(head() + "enforceNodeAllocatable: [none]\n"), "good");
  EXPECT_FALSE(options.reserved_groups.enforce_pods);
}

TEST_F(KubeletConfigurationTest, ReservedProcessorsCountInsteadOfAnAmount) {
  ASSERT_EQ(read(head() + "kubeReserved: {cpu: 200m, memory: 1Gi}\nreservedSystemCPUs: 0-2,5\n"), "good");
  EXPECT_EQ(options.reserved["cpu"].value(), 4);
  EXPECT_EQ(options.reserved["memory"].value(), 1 << 30);
}

TEST_F(KubeletConfigurationTest, EnforcementThatMakesNoSenseIsRefused) {
  auto said = [this](std::string text) {
    others = {};
    return read(head() + text).substr(path.size() + 2);
  };
  EXPECT_EQ(
      said("enforceNodeAllocatable: [kube-reserved]\n"),
      "invalid configuration: kubeReservedCgroup (--kube-reserved-cgroup) must be specified when \"kube-reserved\" "
      "contained in enforceNodeAllocatable (--enforce-node-allocatable)");
  EXPECT_EQ(said("enforceNodeAllocatable: [none, pods]\n"),
            "invalid configuration: enforceNodeAllocatable (--enforce-node-allocatable) may not contain additional "
            "enforcements when \"none\" is specified");
  EXPECT_TRUE(said("enforceNodeAllocatable: [perhaps]\n").starts_with("invalid configuration: option \"perhaps\""));
  EXPECT_EQ(said("reservedSystemCPUs: '0'\nsystemReservedCgroup: /s\n"),
            "invalid configuration: can't use reservedSystemCPUs (--reserved-cpus) with systemReservedCgroup "
            "(--system-reserved-cgroup) or kubeReservedCgroup (--kube-reserved-cgroup)");
  EXPECT_TRUE(said("reservedSystemCPUs: '3-1'\n").starts_with("invalid configuration: unable to parse"));
}

TEST_F(KubeletConfigurationTest, NonsenseIsRefusedWithTheFileAndTheReason) {
  EXPECT_EQ(read("kind: KubeletConfiguration\napiVersion: v1\n"),
            path + ": no kind \"KubeletConfiguration\" is registered for version \"v1\"");
  EXPECT_EQ(read(head() + "maxPod: 5\n"), path + ": strict decoding error: unknown field \"maxPod\"");
  EXPECT_NE(read(head() + "maxPods: many\n"), "good");
  EXPECT_NE(read(head() + "systemReserved: {cpu: x}\n"), "good");
  EXPECT_EQ(read(head() + "systemReserved: {gpu: '1'}\n"), path + ": cannot reserve \"gpu\" resource");
  EXPECT_NE(read("[1, 2"), "good");
}

TEST_F(KubeletConfigurationTest, ImagesComeOneByOneUnlessItSaysOtherwise) {
  EXPECT_EQ(read(head()), "good");
  EXPECT_EQ(options.images.pulls_max, 1);
  EXPECT_EQ(read(head() + "maxParallelImagePulls: 3\n"), "good");
  EXPECT_EQ(options.images.pulls_max, 3);
  EXPECT_EQ(read(head() + "serializeImagePulls: false\n"), "good");
  EXPECT_EQ(options.images.pulls_max, 0);
  EXPECT_NE(read(head() + "serializeImagePulls: true\nmaxParallelImagePulls: 3\n"), "good");
  EXPECT_NE(read(head() + "maxParallelImagePulls: 0\n"), "good");
}

TEST_F(KubeletConfigurationTest, ItSaysWhoMayUseImagesThatAreThere) {
  EXPECT_EQ(read(head() + "imagePullCredentialsVerificationPolicy: AlwaysVerify\n"), "good");
  EXPECT_EQ(options.images.verification, kubelet::ImageVerification::Always);
  EXPECT_EQ(read(head() + "imagePullCredentialsVerificationPolicy: NeverVerifyAllowlistedImages\n"
                          "preloadedImagesVerificationAllowlist: [registry.test/a]\n"),
            "good");
  EXPECT_EQ(options.images.allowlist, std::vector<std::string>{"registry.test/a"});
  EXPECT_NE(read(head() + "imagePullCredentialsVerificationPolicy: Perhaps\n"), "good");
  EXPECT_NE(read(head() + "imagePullCredentialsVerificationPolicy: AlwaysVerify\n"
                          "preloadedImagesVerificationAllowlist: [registry.test/a]\n"),
            "good");
}

TEST_F(KubeletConfigurationTest, HardThresholdsReplaceTheDefaultsUnlessTheyAreMerged) {
  ASSERT_EQ(read(head() + "evictionHard: {memory.available: 1Gi}\n"), "good");
  EXPECT_EQ(others.thresholds.hard, (kubelet::Words{{"memory.available", "1Gi"}}));
  others = {};
  ASSERT_EQ(read(head() + "evictionHard: {memory.available: 1Gi}\nmergeDefaultEvictionSettings: true\n"), "good");
  EXPECT_EQ(others.thresholds.hard.size(), 5U);
  EXPECT_EQ(others.thresholds.hard["memory.available"], "1Gi");
  EXPECT_EQ(others.thresholds.hard["nodefs.available"], "10%");
}

TEST_F(KubeletConfigurationTest, ShutdownPeriodsBecomeThoseOfPriorities) {
  ASSERT_EQ(read(head() + "shutdownGracePeriod: 30s\nshutdownGracePeriodCriticalPods: 10s\n"), "good");
  ASSERT_EQ(options.shutdown.size(), 2U);
  EXPECT_EQ(options.shutdown[0].seconds, 20);
  EXPECT_EQ(options.shutdown[1].priority, 2'000'000'000);
  EXPECT_EQ(options.shutdown[1].seconds, 10);
  EXPECT_EQ(
      read(head() + "shutdownGracePeriod: 5s\nshutdownGracePeriodCriticalPods: 10s\n"),
      path + ": invalid configuration: shutdownGracePeriodCriticalPods {10s} must be <= shutdownGracePeriod {5s}");
  EXPECT_NE(read(head() + "shutdownGracePeriod: 500ms\n"), "good");
}

TEST_F(KubeletConfigurationTest, ThresholdsOfImagesHaveToBeInOrder) {
  ASSERT_EQ(read(head() + "imageGCHighThresholdPercent: 70\nimageMinimumGCAge: 1m\npodPidsLimit: 99\n"), "good");
  EXPECT_EQ(options.image_garbage.minimum_age_ns, 60'000'000'000);
  EXPECT_EQ(options.pod_processes_max, 99);
  EXPECT_EQ(check_care_options(options).error().message(),
            "invalid configuration: imageGCLowThresholdPercent (--image-gc-low-threshold) 80 must be less than "
            "imageGCHighThresholdPercent (--image-gc-high-threshold) 70");
}

TEST_F(KubeletConfigurationTest, TaintsAreKeyValueAndEffect) {
  EXPECT_EQ(*parse_taint("a=b:NoExecute"), (std::pair<std::string, std::string>("a=b", "NoExecute")));
  EXPECT_EQ(*parse_taint("a:NoSchedule"), (std::pair<std::string, std::string>("a=", "NoSchedule")));
  EXPECT_FALSE(parse_taint("a=b"));
  EXPECT_FALSE(parse_taint("a=b:Sometimes"));
}

}  // namespace
}  // namespace navarch
