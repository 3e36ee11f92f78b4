#include "kubelet/pods/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubelet/pods/admission.h"
#include "kubelet/pods/credentials.h"
#include "kubelet/pods/expansion.h"
#include "kubelet/pods/resources.h"
#include "kubelet/volume/volumes.h"

namespace kubelet {
namespace {

using testing::ElementsAre;
using testing::Pair;
namespace cri = ::api::cri;

base::Quantity quantity(std::string_view text) {
  return *base::Quantity::parse(text);
}

core::Pod pod(std::string name = "p") {
  core::Pod out;
  out.metadata.name = std::move(name);
  out.metadata.namespace_ = "default";
  out.metadata.uid = "u";
  out.spec.dns_policy = "ClusterFirst";
  out.spec.containers.emplace_back().name = "main";
  return out;
}

std::optional<std::string> known(std::string_view name) {
  if (name == "A") return "x";
  return {};
}

TEST(Expansion, FollowsTheRulesOfKubernetes) {
  struct Row {
    const char *text, *expanded;
  };
  for (auto& row :
       {Row{"$(A)", "x"}, Row{"-$(A)-$(A)", "-x-x"}, Row{"$$(A)", "$(A)"}, Row{"$(B)", "$(B)"}, Row{"$A", "$A"},
        Row{"$(A", "$(A"}, Row{"$", "$"}, Row{"$$", "$"}, Row{"$$$(A)", "$x"}, Row{"", ""}})
    EXPECT_EQ(expand(row.text, known), row.expanded) << row.text;
  EXPECT_FALSE(expand_strictly("$(B)", known));
}

TEST(Resources, ClassOfServiceComesFromRequestsAndLimits) {
  auto p = pod();
  EXPECT_EQ(qos_class(p), QosClass::BestEffort);
  auto& resources = p.spec.containers[0].resources;
  resources.requests["cpu"] = quantity("100m");
  EXPECT_EQ(qos_class(p), QosClass::Burstable);
  resources.limits = {{"cpu", quantity("100m")}, {"memory", quantity("1Gi")}};
  resources.requests["memory"] = quantity("1Gi");
  EXPECT_EQ(qos_class(p), QosClass::Guaranteed);
  EXPECT_EQ(pod_cgroup("/kubepods", p), "/kubepods/podu");
  auto limits = pod_cgroup_limits(p);
  EXPECT_EQ(limits.cpu_shares, 102);
  EXPECT_EQ(limits.cpu_quota_us, 10'000);
  EXPECT_EQ(limits.memory_bytes, int64_t{1} << 30);
  p.spec.containers.emplace_back().name = "second";
  EXPECT_EQ(pod_cgroup("/kubepods", p), "/kubepods/burstable/podu");
  EXPECT_FALSE(pod_cgroup_limits(p).memory_bytes);
}

TEST(Resources, SwapIsForBurstablePodsInProportionToTheirMemory) {
  auto p = pod();
  auto& resources = p.spec.containers[0].resources;
  resources.requests["memory"] = quantity("1Gi");
  ContainerRules rules{.memory_capacity_bytes = int64_t{8} << 30,
                       .swap_capacity_bytes = int64_t{4} << 30,
                       .cgroup_version = 2,
                       .bounds_swap = true,
                       .limited_swap = true};
  auto swap = [&] { return container_resources(p, p.spec.containers[0], rules).unified["memory.swap.max"]; };
  EXPECT_EQ(swap(), "536870912");
  rules.limited_swap = false;
  EXPECT_EQ(swap(), "0");
  rules.limited_swap = true;
  resources.limits["memory"] = quantity("1Gi");
  EXPECT_EQ(swap(), "0");  // it wants exactly that
  resources = {};
  EXPECT_EQ(swap(), "0");  // it asks for none
  resources.requests["memory"] = quantity("1Gi");
  p.spec.priority = 2'000'000'000;
  EXPECT_EQ(swap(), "0");
  rules.bounds_swap = false;
  EXPECT_FALSE(container_resources(p, p.spec.containers[0], rules).unified.contains("memory.swap.max"));
  rules.bounds_swap = true;
  rules.cgroup_version = 1;
  resources.limits["memory"] = quantity("2Gi");
  EXPECT_EQ(container_resources(p, p.spec.containers[0], rules).memory_swap_limit_in_bytes, int64_t{2} << 30);
}

TEST(Resources, NodesRulesAreKept) {
  auto p = pod();
  p.spec.containers[0].resources.limits["cpu"] = quantity("500m");
  ContainerRules rules{.cgroup_version = 2, .cpu_quota = false, .ends_whole_groups = true};
  auto made = container_resources(p, p.spec.containers[0], rules);
  EXPECT_EQ(made.cpu_quota, 0);
  EXPECT_EQ(made.unified["memory.oom.group"], "1");
  EXPECT_TRUE(pod_cgroup_limits(p).cpu_quota_us);
  EXPECT_FALSE(pod_cgroup_limits(p, -1, false).cpu_quota_us);
}

TEST(Resources, AContainerWithoutALimitHasThatOfThePod) {
  auto p = pod();
  p.spec.resources.emplace().limits = {{"cpu", quantity("500m")}, {"memory", quantity("1Gi")}};
  p.spec.containers[0].resources.limits["memory"] = quantity("64Mi");
  auto made = container_resources(p, p.spec.containers[0], {});
  EXPECT_EQ(made.cpu_quota, 50'000);
  EXPECT_EQ(made.memory_limit_in_bytes, 64 << 20);
}

TEST(Resources, InitContainersCountWhenTheyAreGreater) {
  auto p = pod();
  p.spec.containers[0].resources.requests["cpu"] = quantity("1");
  auto& init = p.spec.init_containers.emplace_back();
  init.resources.requests["cpu"] = quantity("3");
  EXPECT_EQ(pod_requests(p)["cpu"].to_string(), "3");
  init.restart_policy = "Always";
  EXPECT_EQ(pod_requests(p)["cpu"].to_string(), "4");
}

TEST(Resources, OutOfMemoryScoreFollowsTheRequest) {
  auto p = pod();
  auto& container = p.spec.containers[0];
  EXPECT_EQ(oom_score_adjustment(p, container, int64_t{8} << 30), 1000);
  container.resources.requests["memory"] = quantity("4Gi");
  EXPECT_EQ(oom_score_adjustment(p, container, int64_t{8} << 30), 500);
  container.resources.requests["memory"] = quantity("8Gi");
  EXPECT_EQ(oom_score_adjustment(p, container, int64_t{8} << 30), 3);
}

std::shared_ptr<const core::Service> service(std::string name, std::string ip, std::string namespace_ = "default") {
  auto out = std::make_shared<core::Service>();
  out->metadata.name = std::move(name);
  out->metadata.namespace_ = std::move(namespace_);
  out->spec.cluster_ip = std::move(ip);
  auto& port = out->spec.ports.emplace_back();
  port.name = "http";
  port.port = 80;
  port.protocol = "TCP";
  return out;
}

TEST(Environment, ServicesAreSeenAsVariables) {
  auto variables = service_variables(
      pod(), {service("my-web", "10.0.0.1"), service("headless", "None"), service("far", "10.0.0.2", "other")});
  EXPECT_THAT(variables,
              ElementsAre(Pair("MY_WEB_PORT", "tcp://10.0.0.1:80"), Pair("MY_WEB_PORT_80_TCP", "tcp://10.0.0.1:80"),
                          Pair("MY_WEB_PORT_80_TCP_ADDR", "10.0.0.1"), Pair("MY_WEB_PORT_80_TCP_PORT", "80"),
                          Pair("MY_WEB_PORT_80_TCP_PROTO", "tcp"), Pair("MY_WEB_SERVICE_HOST", "10.0.0.1"),
                          Pair("MY_WEB_SERVICE_PORT", "80"), Pair("MY_WEB_SERVICE_PORT_HTTP", "80")));
}

TEST(Environment, OrderDecidesWhatIsKnown) {
  auto p = pod();
  auto& env = p.spec.containers[0].env;
  auto add = [&](std::string name, std::string value) {
    auto& one = env.emplace_back();
    one.name = std::move(name);
    one.value = std::move(value);
  };
  add("FIRST", "1");
  add("SECOND", "$(FIRST)$(THIRD)");
  add("THIRD", "3");
  add("FIRST", "again");
  auto& limit = env.emplace_back();
  limit.name = "CPU";
  limit.value_from.emplace().resource_field_ref.emplace().resource = "limits.cpu";
  auto& label = env.emplace_back();
  label.name = "LABEL";
  label.value_from.emplace().field_ref.emplace().field_path = "metadata.labels['app']";
  p.metadata.labels["app"] = "web";
  ResourceList allocatable = {{"cpu", quantity("3500m")}};
  auto made = make_environment({.pod = p,
                                .container = p.spec.containers[0],
                                .services = {},
                                .objects = {},
                                .host_ips = {},
                                .pod_ips = {},
                                .node_allocatable = allocatable});
  ASSERT_TRUE(made);
  EXPECT_THAT(*made, ElementsAre(Pair("FIRST", "again"), Pair("SECOND", "1$(THIRD)"), Pair("THIRD", "3"),
                                 Pair("CPU", "4"), Pair("LABEL", "web")));
}

TEST(Network, ClusterFirstPodAsksTheClustersServer) {
  DnsOptions dns{.cluster_servers = {"10.96.0.10"},
                 .cluster_domain = "cluster.local",
                 .host = parse_resolv_conf("# x\nnameserver 1.1.1.1\nsearch example.com\noptions timeout:1\n")};
  auto p = pod();
  auto made = pod_dns(p, dns).config;
  EXPECT_THAT(made.servers, ElementsAre("10.96.0.10"));
  EXPECT_THAT(made.searches,
              ElementsAre("default.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.com"));
  EXPECT_THAT(made.options, ElementsAre("ndots:5"));
  auto& option = p.spec.dns_config.emplace().options.emplace_back();
  option.name = "ndots";
  option.value = "2";
  EXPECT_THAT(pod_dns(p, dns).config.options, ElementsAre("ndots:2"));
  p.spec.host_network = true;
  EXPECT_THAT(pod_dns(p, dns).config.servers, ElementsAre("1.1.1.1"));
}

TEST(Network, HostsFileNamesThePod) {
  auto p = pod("web-0");
  p.spec.subdomain = "web";
  auto& alias = p.spec.host_aliases.emplace_back();
  alias.ip = "1.2.3.4";
  alias.hostnames = {"a", "b"};
  EXPECT_EQ(hosts_file(p, pod_names(p, "cluster.local"), {"10.0.0.5"}),
            "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
            "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
            "10.0.0.5\tweb-0.web.default.svc.cluster.local\tweb-0\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n");
}

TEST(Network, APodCanShowItsWholeNameAsItsHostname) {
  auto p = pod("web-0");
  p.spec.subdomain = "web";
  p.spec.set_hostname_as_fqdn = true;
  auto names = pod_names(p, "cluster.local");
  EXPECT_EQ(names.shown, "web-0.web.default.svc.cluster.local");
  EXPECT_THAT(hosts_file(p, names, {"10.0.0.5"}),
              testing::HasSubstr("\n10.0.0.5\tweb-0.web.default.svc.cluster.local\tweb-0\n"));
  EXPECT_TRUE(check_names(names));
  p.spec.subdomain = std::string(50, 'w');
  auto refused = check_names(pod_names(p, "cluster.local"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(),
              testing::HasSubstr("is too long (64 characters is the max, 82 characters requested)"));
  p.spec.set_hostname_as_fqdn = false;
  EXPECT_EQ(pod_names(p, "cluster.local").shown, "web-0");
}

TEST(Network, LongNameIsCutToAHostname) {
  EXPECT_EQ(pod_names(pod(std::string(62, 'a') + "-b"), "").hostname, std::string(62, 'a'));
}

struct Config {
  core::Pod pod_ = pod();
  Environment environment;
  VolumePaths volumes;
  std::map<size_t, std::string> sub_paths;
  cri::Image image;
  ContainerRules rules;
  base::Result<cri::ContainerConfig> make() {
    return container_config({.pod = pod_,
                             .container = pod_.spec.containers[0],
                             .attempt = 2,
                             .environment = environment,
                             .volumes = volumes,
                             .sub_paths = sub_paths,
                             .hosts_file = "/h",
                             .termination_message_file = "",
                             .image = image,
                             .extra_groups = {},
                             .rules = rules,
                             .target_id = {},
                             .seccomp_root = {}});
  }
};

TEST(Configuration, ANodeMayHaveAProfileForThoseWhoSayNothing) {
  Config c;
  using Kind = cri::SecurityProfile::ProfileType;
  EXPECT_EQ(c.make()->linux->security_context->seccomp->profile_type, Kind::Unconfined);
  c.rules.seccomp_default = true;
  EXPECT_EQ(c.make()->linux->security_context->seccomp->profile_type, Kind::RuntimeDefault);
  c.pod_.spec.containers[0].security_context.emplace().seccomp_profile.emplace().type = "Unconfined";
  EXPECT_EQ(c.make()->linux->security_context->seccomp->profile_type, Kind::Unconfined);
}

TEST(Configuration, UserThatMustNotBeRootIsChecked) {
  Config c;
  c.pod_.spec.security_context.emplace().run_as_non_root = true;
  EXPECT_EQ(c.make().error().message(),
            "container has runAsNonRoot and image will run as root (pod: \"p_default(u)\", container: main)");
  c.image.username = "web";
  EXPECT_EQ(c.make().error().message(),
            "container has runAsNonRoot and image has non-numeric user (web), cannot verify user "
            "is non-root (pod: \"p_default(u)\", container: main)");
  c.image.uid.emplace().value = 1000;
  EXPECT_EQ(c.make()->linux->security_context->run_as_user->value, 1000);
  c.pod_.spec.containers[0].security_context.emplace().run_as_user = 0;
  EXPECT_FALSE(c.make());
}

TEST(Configuration, CommandLabelsAndLogPath) {
  Config c;
  c.environment = {{"A", "x"}};
  c.pod_.spec.containers[0].command = {"/run", "$(A)"};
  auto made = *c.make();
  EXPECT_THAT(made.command, ElementsAre("/run", "x"));
  EXPECT_EQ(made.log_path, "main/2.log");
  EXPECT_EQ(made.annotations["io.kubernetes.container.restartCount"], "2");
  EXPECT_EQ(made.mounts.back().container_path, "/etc/hosts");
  EXPECT_EQ(made.linux->security_context->seccomp->profile_type, cri::SecurityProfile::ProfileType::Unconfined);
}

TEST(Configuration, UnknownVolumeIsRefused) {
  Config c;
  c.pod_.spec.containers[0].volume_mounts.emplace_back().name = "v";
  EXPECT_FALSE(c.make());
  c.volumes["v"] = "/host/v";
  c.pod_.spec.containers[0].volume_mounts[0].mount_path = "/v";
  EXPECT_EQ(c.make()->mounts.front().host_path, "/host/v");
  c.sub_paths[0] = "/host/sub";
  EXPECT_EQ(c.make()->mounts.front().host_path, "/host/sub");
}

TEST(Credentials, MostSpecificPatternComesFirst) {
  core::Secret secret;
  secret.data[".dockerconfigjson"] =
      R"({"auths":{"https://registry.example/v1/":{"auth":"dTpw"},"registry.example/team":{"username":"t","password":"q"},"*.other":{"username":"o","password":"o"}}})";
  auto all = read_pull_secret(secret);
  auto fitting = credentials_for(all, "registry.example/team/app:v1");
  ASSERT_EQ(fitting.size(), 2U);
  EXPECT_EQ(fitting[0].username, "t");
  EXPECT_EQ(fitting[1].username, "u");
  EXPECT_EQ(fitting[1].password, "p");
  EXPECT_EQ(credentials_for(all, "x.other/app").size(), 1U);
  EXPECT_TRUE(credentials_for(all, "nginx").empty());
}

TEST(Credentials, ImageNamesAreWrittenOut) {
  EXPECT_EQ(*normalized_image("nginx"), "docker.io/library/nginx:latest");
  EXPECT_EQ(*normalized_image("me/app:v1"), "docker.io/me/app:v1");
  EXPECT_EQ(*normalized_image("localhost:5000/app"), "localhost:5000/app:latest");
  EXPECT_EQ(*with_default_tag("app@sha256:abc"), "app@sha256:abc");
  EXPECT_EQ(normalized_image("Nginx").error().message(),
            "couldn't parse image name \"Nginx\": invalid reference format: repository name (library/Nginx) must be "
            "lowercase");
}

TEST(Admission, TakesWhatFitsAndSaysWhyNot) {
  core::Node node;
  node.metadata.name = "n";
  node.metadata.labels["disk"] = "ssd";
  ResourceList allocatable = {{"cpu", quantity("2")}, {"memory", quantity("1Gi")}, {"pods", quantity("2")}};
  auto p = pod();
  EXPECT_FALSE(admit(p, node, allocatable, {}));
  p.spec.containers[0].resources.requests["cpu"] = quantity("1500m");
  auto other = p;
  EXPECT_EQ(admit(p, node, allocatable, {&other})->reason, "OutOfcpu");
  EXPECT_EQ(admit(pod(), node, allocatable, {&other, &other})->reason, "OutOfpods");
  auto wanting = pod();
  wanting.spec.node_selector["disk"] = "hdd";
  EXPECT_EQ(admit(wanting, node, allocatable, {})->reason, "NodeAffinity");
  auto strict = pod();
  strict.spec.security_context.emplace().supplemental_groups_policy = "Strict";
  EXPECT_EQ(admit(strict, node, allocatable, {})->reason, "SupplementalGroupsPolicyNotSupported");
  node.status.features.emplace().supplemental_groups_policy = true;
  EXPECT_FALSE(admit(strict, node, allocatable, {}));
  wanting.spec.node_selector["disk"] = "ssd";
  EXPECT_FALSE(admit(wanting, node, allocatable, {}));
  auto& taint = node.spec.taints.emplace_back();
  taint.key = "gone";
  taint.effect = "NoExecute";
  EXPECT_EQ(admit(wanting, node, allocatable, {})->reason, "TaintToleration");
}

}  // namespace
}  // namespace kubelet
