#include "main/part/kubelet_configuration.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"
#include "main/part/kubelet_care.h"
#include "schema/value.h"

namespace navarch {
namespace {

struct KubeletConfigurationTest : testing::Test {
  ~KubeletConfigurationTest() override { unlink(path.c_str()); }

  std::string read(std::string text) {
    EXPECT_TRUE(base::write_file(path, text, 0600));
    auto done = read_kubelet_configuration(path, "", options, others);
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

TEST_F(KubeletConfigurationTest, WhatContainersAreMadeWithIsTaken) {
  ASSERT_EQ(read(head() + "cgroupDriver: systemd\ncpuCFSQuota: false\nmemorySwap: {swapBehavior: LimitedSwap}\n"
                          "singleProcessOOMKill: true\nseccompDefault: true\nkubeletCgroups: /kubelet\n"
                          "crashLoopBackOff: {maxContainerRestartPeriod: 60s}\ncontainerLogMonitorInterval: 5s\n"
                          "registryPullQPS: 0\nregistryBurst: 3\nruntimeRequestTimeout: 30s\n"
                          "imageServiceEndpoint: unix:///images.sock\n"),
            "good");
  EXPECT_EQ(options.cgroup_driver, kubelet::CgroupDriver::Systemd);
  EXPECT_FALSE(options.cpu_quota);
  EXPECT_TRUE(options.limited_swap);
  EXPECT_EQ(options.single_process_oom_kill, std::optional(true));
  EXPECT_TRUE(options.seccomp_default);
  EXPECT_EQ(options.kubelet_group, "/kubelet");
  EXPECT_EQ(options.restart_pause_max_ns, 60'000'000'000);
  EXPECT_EQ(options.container_log_check_ns, 5'000'000'000);
  EXPECT_EQ(options.images.pulls_per_second, 0);
  EXPECT_EQ(options.images.pull_burst, 3);
  EXPECT_EQ(others.runtime_timeout_ns, 30'000'000'000);
  EXPECT_EQ(others.image_endpoint, "unix:///images.sock");
}

TEST_F(KubeletConfigurationTest, WhatTheServerDoesIsTaken) {
  ASSERT_EQ(read(head() + "tlsMinVersion: VersionTLS13\ntlsCipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n"
                          "enableDebuggingHandlers: false\nenableSystemLogQuery: true\nserverTLSBootstrap: true\n"
                          "authentication: {webhook: {enabled: false}}\n"
                          "authorization: {webhook: {cacheAuthorizedTTL: 1s, cacheUnauthorizedTTL: 2s}}\n"),
            "good");
  EXPECT_EQ(options.tls_version_min, 13);
  EXPECT_EQ(options.tls_ciphers, "ECDHE-RSA-AES128-GCM-SHA256");
  EXPECT_FALSE(options.debugging_handlers);
  EXPECT_TRUE(options.log_query);
  EXPECT_TRUE(others.rotate_server_certificates);
  EXPECT_FALSE(options.token_webhook);
  EXPECT_EQ(options.remember_allowed_ns, 1'000'000'000);
  EXPECT_EQ(options.remember_refused_ns, 2'000'000'000);
}

TEST_F(KubeletConfigurationTest, WhatTheNodeShowsAndItsMachineIsLikeIsTaken) {
  ASSERT_EQ(read(head() + "podsPerCore: 10\nproviderID: cloud://1\nnodeStatusMaxImages: -1\nfailSwapOn: false\n"
                          "failCgroupV1: true\nprotectKernelDefaults: true\nmaxOpenFiles: 77\n"
                          "logging: {verbosity: 3}\n"),
            "good");
  EXPECT_EQ(options.pods_per_core, 10);
  EXPECT_EQ(options.provider_id, "cloud://1");
  EXPECT_EQ(options.status_images_max, -1);
  EXPECT_FALSE(others.fail_swap_on);
  EXPECT_TRUE(others.fail_cgroup_v1);
  EXPECT_TRUE(others.protect_kernel_defaults);
  EXPECT_EQ(others.open_files_max, 77);
  EXPECT_EQ(others.verbosity, std::optional(3));
}

TEST_F(KubeletConfigurationTest, WhatIsNotDoneOrOutOfRangeIsRefused) {
  for (auto text : {"readOnlyPort: 10255",
                    "runOnce: true",
                    "systemCgroups: /system",
                    "qosReserved: {memory: 50%}",
                    "cpuCFSQuotaPeriod: 10ms",
                    "enableControllerAttachDetach: false",
                    "tlsCurvePreferences: [29]",
                    "logging: {format: json}",
                    "enableSystemLogQuery: true\nenableSystemLogHandler: false",
                    "tlsMinVersion: TLS12",
                    "tlsCipherSuites: [X]",
                    "cgroupDriver: perhaps",
                    "hairpinMode: perhaps",
                    "memorySwap: {swapBehavior: UnlimitedSwap}",
                    "authorization: {mode: RBAC}",
                    "memoryReservationPolicy: TieredReservation",
                    "podLogsDir: logs",
                    "maxPods: -1",
                    "nodeStatusMaxImages: -2",
                    "oomScoreAdj: 1001",
                    "containerLogMaxWorkers: 0",
                    "containerLogMaxFiles: 1",
                    "containerLogMonitorInterval: 2s",
                    "memoryThrottlingFactor: 1.5",
                    "crashLoopBackOff: {maxContainerRestartPeriod: 301s}",
                    "registryPullQPS: -1",
                    "topologyManagerPolicyOptions: {perhaps: 'true'}"}) {
    options = {};
    others = {};
    auto said = read(head() + text + "\n");
    if (said == "good")
      if (auto checked = check_care_options(options); !checked) said = checked.error().message();
    EXPECT_NE(said, "good") << text;
  }
}

TEST_F(KubeletConfigurationTest, FilesOfTheFolderAreMergedInTheOrderOfTheirNames) {
  auto folder = path + ".d";
  ASSERT_TRUE(base::make_directories(folder + "/20-more", 0755));
  auto drop = [&](const std::string& name, const std::string& text) {
    ASSERT_TRUE(base::write_file(base::cat({folder, "/", name}), head() + text, 0600));
  };
  drop("30-last.conf", "maxPods: 30\nevictionHard: {nodefs.available: 1Gi}\n");
  drop("10-first.conf", "maxPods: 10\npodPidsLimit: 7\nclusterDNS: [10.0.0.2]\n");
  drop("20-more/a.conf", "maxPods: 20\nclusterDomain: more\n");
  drop("40-other.yaml", "maxPods: 40\n");
  ASSERT_TRUE(base::write_file(path, head() + "clusterDNS: [10.0.0.1]\nevictionHard: {memory.available: 1Gi}\n", 0600));
  auto done = read_kubelet_configuration(path, folder, options, others);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(options.pods_max, 30);
  EXPECT_EQ(options.pod_processes_max, 7);
  EXPECT_EQ(options.cluster_domain, "more");
  EXPECT_EQ(options.cluster_dns, std::vector<std::string>{"10.0.0.2"});
  EXPECT_EQ(others.thresholds.hard, (kubelet::Words{{"memory.available", "1Gi"}, {"nodefs.available", "1Gi"}}));
  drop("50-wrong.conf", "maxPod: 5\n");
  EXPECT_FALSE(read_kubelet_configuration(path, folder, options, others));
  EXPECT_TRUE(base::remove_tree(folder));
}

TEST_F(KubeletConfigurationTest, WhatIsShownHasTheDefaultsOfWhatWasNotSaid) {
  ASSERT_EQ(read(head() + "maxPods: 50\n"), "good");
  auto shown = *schema::Value::parse(options.configuration);
  EXPECT_EQ(shown.text_at({"kind"}), "KubeletConfiguration");
  EXPECT_EQ(shown.text_at({"syncFrequency"}), "1m0s");
  EXPECT_NE(options.configuration.find("\"maxPods\":50"), std::string::npos);
}

TEST_F(KubeletConfigurationTest, TaintsAreKeyValueAndEffect) {
  EXPECT_EQ(*parse_taint("a=b:NoExecute"), (std::pair<std::string, std::string>("a=b", "NoExecute")));
  EXPECT_EQ(*parse_taint("a:NoSchedule"), (std::pair<std::string, std::string>("a=", "NoSchedule")));
  EXPECT_FALSE(parse_taint("a=b"));
  EXPECT_FALSE(parse_taint("a=b:Sometimes"));
}

}  // namespace
}  // namespace navarch
