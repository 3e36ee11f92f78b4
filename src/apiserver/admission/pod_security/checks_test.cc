#include "apiserver/admission/pod_security/checks.h"

#include <gtest/gtest.h>

#include "schema/json.h"

namespace apiserver::pod_security {
namespace {

namespace core = api::core_v1;

// A pod with one container `c`; `pod` and `container` are further members, as JSON.
core::Pod pod(const std::string& container, const std::string& pod_members = "") {
  std::string comma = container.empty() ? "" : ",";
  auto made = schema::from_json<core::Pod>(R"({"spec":{)" + pod_members + (pod_members.empty() ? "" : ",") +
                                           R"("containers":[{"name":"c")" + comma + container + "}]}}");
  EXPECT_TRUE(made) << made.error().message();
  return std::move(*made);
}

std::string told(const core::Pod& pod, Level level, int minor = Version::kLatest) {
  return details(violations({level, {minor}}, {pod.metadata, pod.spec}));
}

constexpr char kSafe[] =
    R"("securityContext":{"allowPrivilegeEscalation":false,"runAsNonRoot":true,"capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"}})";

TEST(PodSecurityChecks, EachRuleOfTheBaselineSaysWhatIsWrong) {
  struct Case {
    const char* container;
    const char* pod;
    const char* expected;
  } cases[] = {
      {"", "", ""},
      {R"("securityContext":{"privileged":true})", "",
       R"(privileged (container "c" must not set securityContext.privileged=true))"},
      {"", R"("hostNetwork":true,"hostIPC":true)", "host namespaces (hostNetwork=true, hostIPC=true)"},
      {R"("ports":[{"containerPort":1,"hostPort":90},{"containerPort":2,"hostPort":80}])", "",
       R"(hostPort (container "c" uses hostPorts 80, 90))"},
      {R"("securityContext":{"procMount":"Unmasked"})", "",
       R"(procMount (container "c" must not set securityContext.procMount to "Unmasked"))"},
      {R"("securityContext":{"procMount":"Unmasked"})", R"("hostUsers":false)", ""},
      {"", R"("securityContext":{"sysctls":[{"name":"kernel.msgmax"},{"name":"net.ipv4.tcp_rmem"}]})",
       "forbidden sysctls (kernel.msgmax)"},
      {"", R"("securityContext":{"seLinuxOptions":{"type":"container_engine_t","role":"r"}})",
       "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: role may not be set)"},
      {R"("securityContext":{"windowsOptions":{"hostProcess":true}})", "",
       R"(hostProcess (container "c" must not set securityContext.windowsOptions.hostProcess=true))"},
      {R"("lifecycle":{"preStop":{"tcpSocket":{"host":"h","port":1}}})", "",
       R"(probe or lifecycle host (container "c" uses probe or lifecycle host "h"))"},
      {R"("securityContext":{"seccompProfile":{"type":"Unconfined"}})",
       R"("securityContext":{"seccompProfile":{"type":"Unconfined"}})",
       R"(seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined"))"},
  };
  for (const auto& one : cases) EXPECT_EQ(told(pod(one.container, one.pod), Level::Baseline), one.expected);
}

TEST(PodSecurityChecks, EachRuleOfTheRestrictedLevelSaysWhatIsWrong) {
  EXPECT_EQ(told(pod(kSafe), Level::Restricted), "");
  EXPECT_EQ(told(pod(kSafe, R"("volumes":[{"name":"a","nfs":{}},{"name":"b","hostPath":{}},{"name":"c","secret":{}}])"),
                 Level::Restricted),
            R"(restricted volume types (volumes "a", "b" use restricted volume types "hostPath", "nfs"))");
  EXPECT_EQ(told(pod(kSafe, R"("securityContext":{"runAsUser":0})"), Level::Restricted),
            "runAsUser=0 (pod must not set runAsUser=0)");
  EXPECT_EQ(told(pod(kSafe, R"("securityContext":{"runAsNonRoot":false})"), Level::Restricted),
            "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)");
}

TEST(PodSecurityChecks, WindowsPodsNeedNotSayWhatWindowsDoesNotKnow) {
  EXPECT_EQ(told(pod(R"("securityContext":{"runAsNonRoot":true})", R"("os":{"name":"windows"})"), Level::Restricted),
            "");
}

TEST(PodSecurityChecks, AnOlderVersionHasTheRulesOfItsTime) {
  EXPECT_EQ(told(pod("", R"("securityContext":{"sysctls":[{"name":"net.ipv4.tcp_rmem"}]})"), Level::Baseline, 31),
            "forbidden sysctls (net.ipv4.tcp_rmem)");
  EXPECT_EQ(told(pod(R"("securityContext":{"runAsNonRoot":true})"), Level::Restricted, 7), "");
  EXPECT_EQ(told(pod(R"("livenessProbe":{"httpGet":{"host":"h","port":1}})"), Level::Baseline, 33), "");
}

TEST(PodSecurityPolicy, LabelsThatCannotBeReadRestrict) {
  schema::FieldErrors errors;
  Policy policy = read_policy(
      {{"pod-security.kubernetes.io/enforce", "none"}, {"pod-security.kubernetes.io/warn-version", "1.2"}}, {}, errors);
  EXPECT_EQ(policy.enforce.to_string(), "restricted:latest");
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(
      errors[1].to_string(),
      R"(metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.2": must be "latest" or "v1.x")");
}

}  // namespace
}  // namespace apiserver::pod_security
