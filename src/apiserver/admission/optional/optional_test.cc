// The steps that are off until asked for, and what the admission control file tells them.
#include "apiserver/admission/optional/optional.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "apiserver/admission/list.h"
#include "apiserver/testing_server.h"
#include "base/file.h"
#include "base/strings.h"

namespace apiserver {
namespace {

std::function<void(ServerOptions&)> with(std::string step, std::string document = "") {
  return [=](ServerOptions& options) {
    options.admission_enabled = {step};
    if (!document.empty()) options.admission_settings.documents[step] = document;
  };
}

std::string pod(std::string_view name, std::string_view spec = "") {
  return base::cat({R"({"metadata":{"name":")", name,
                    R"("},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"i"}])",
                    spec.empty() ? "" : ",", spec, "}}"});
}

void put_account(TestServer& server, std::string namespace_ = "default") {
  server.send("POST", "/api/v1/namespaces/" + namespace_ + "/serviceaccounts", R"({"metadata":{"name":"default"}})");
}

TEST(AdmissionNames, UnknownAndContradictoryOnesAreRefusedInUpstreamsWords) {
  auto refusal = [](std::vector<std::string> enabled, std::vector<std::string> disabled) {
    auto checked = check_admission_names(enabled, disabled);
    return checked ? "" : checked.error().message();
  };
  EXPECT_EQ(refusal({"Nonsense"}, {}), "enable-admission-plugins plugin \"Nonsense\" is unknown");
  EXPECT_EQ(refusal({}, {"Nonsense"}), "disable-admission-plugins plugin \"Nonsense\" is unknown");
  EXPECT_EQ(refusal({"Priority"}, {"Priority"}),
            "\"Priority\" in enable-admission-plugins and disable-admission-plugins overlapped");
  EXPECT_EQ(refusal({"EventRateLimit", "ImagePolicyWebhook"}, {"PodResizeValidator"}), "");
}

TEST(NamespaceAutoProvision, MakesTheNamespaceThatIsMissing) {
  TestServer server(with("NamespaceAutoProvision"));
  EXPECT_EQ(server.send("POST", "/api/v1/namespaces/fresh/configmaps", R"({"metadata":{"name":"a"}})").status, 201);
  auto made = server.send("GET", "/api/v1/namespaces/fresh");
  EXPECT_EQ(made.status, 200);
  EXPECT_TRUE(made.says("Active"));
  EXPECT_EQ(server.send("POST", "/api/v1/namespaces/dry/configmaps?dryRun=All", R"({"metadata":{"name":"a"}})").status,
            404);
  EXPECT_EQ(TestServer().send("POST", "/api/v1/namespaces/fresh/configmaps", R"({"metadata":{"name":"a"}})").status,
            404);
}

TEST(PodTolerationRestriction, GivesTheDefaultsAndBoundsThePod) {
  TestServer server(
      with("PodTolerationRestriction",
           R"({"default":[{"key":"mine","operator":"Exists"}],"whitelist":[{"key":"mine","operator":"Exists"},)"
           R"({"key":"node.kubernetes.io/not-ready","operator":"Exists"},)"
           R"({"key":"node.kubernetes.io/unreachable","operator":"Exists"}]})"));
  put_account(server);
  auto made = server.send("POST", "/api/v1/namespaces/default/pods", pod("a"));
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_TRUE(made.says("mine"));
  auto refused = server.send("POST", "/api/v1/namespaces/default/pods",
                             pod("b", R"("tolerations":[{"key":"other","operator":"Exists"}])"));
  EXPECT_EQ(refused.status, 500);
  EXPECT_TRUE(refused.says("conflict with its namespace whitelist"));
  // What the namespace says goes before what the cluster says.
  server.send(
      "POST", "/api/v1/namespaces",
      R"({"metadata":{"name":"open","annotations":{"scheduler.alpha.kubernetes.io/tolerationsWhitelist":"",)"
      R"("scheduler.alpha.kubernetes.io/defaultTolerations":"[{\"key\":\"theirs\",\"operator\":\"Exists\"}]"}}})");
  put_account(server, "open");
  auto other = server.send("POST", "/api/v1/namespaces/open/pods",
                           pod("b", R"("tolerations":[{"key":"other","operator":"Exists"}])"));
  EXPECT_EQ(other.status, 201) << other.body;
  EXPECT_TRUE(other.says("theirs"));
}

TEST(EventRateLimit, RefusesWhatIsBeyondTheBurst) {
  TestServer server(with("EventRateLimit", R"({"limits":[{"type":"Namespace","qps":1,"burst":2}]})"));
  server.send("POST", "/api/v1/namespaces", R"({"metadata":{"name":"other"}})");
  auto event = [&](std::string namespace_, std::string name) {
    return server.send("POST", "/api/v1/namespaces/" + namespace_ + "/events",
                       base::cat({R"({"metadata":{"name":")", name, R"("},"involvedObject":{"namespace":")", namespace_,
                                  R"("},"reason":"R"})"}));
  };
  EXPECT_EQ(event("default", "a").status, 201);
  EXPECT_EQ(event("default", "b").status, 201);
  auto refused = event("default", "c");
  // One a second is let through all the same, should this be that slow.
  for (int i = 0; refused.status == 201 && i < 1000; ++i) refused = event("default", "d" + std::to_string(i));
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.says("limit reached on type Namespace for key default"));
  EXPECT_EQ(event("other", "a").status, 201);
}

class AdmissionSettingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "admission-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(std::string name, std::string_view text) {
    ASSERT_TRUE(base::write_file(folder_ + "/" + name, text, 0600));
  }
  base::Result<AdmissionSettings> read(std::string_view plugins) {
    write("admission.yaml",
          base::cat({"apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n", plugins}));
    return read_admission_settings(folder_ + "/admission.yaml");
  }
  std::string folder_;
};

TEST_F(AdmissionSettingsTest, DocumentsStandInTheFileOrBesideIt) {
  write("limits.yaml",
        "apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\n"
        "limits: [{type: Server, qps: 5, burst: 10}]\n");
  auto settings = read(
      "- {name: EventRateLimit, path: limits.yaml}\n"
      "- name: PodSecurity\n"
      "  configuration:\n"
      "    apiVersion: pod-security.admission.config.k8s.io/v1\n"
      "    kind: PodSecurityConfiguration\n"
      "    defaults: {enforce: baseline, warn: restricted, warn-version: v1.30}\n"
      "    exemptions: {namespaces: [kube-system], usernames: [ann]}\n");
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_NE(settings->document("EventRateLimit").find("\"burst\":10"), std::string_view::npos);
  EXPECT_EQ(settings->pod_security.defaults.enforce.to_string(), "baseline:latest");
  EXPECT_EQ(settings->pod_security.defaults.warn.to_string(), "restricted:v1.30");
  EXPECT_EQ(settings->pod_security.exempt_namespaces, std::vector<std::string>{"kube-system"});
}

TEST_F(AdmissionSettingsTest, WhatCannotBeReadIsRefused) {
  auto refusal = [&](std::string_view plugins) {
    auto settings = read(plugins);
    return settings ? "" : settings.error().message();
  };
  EXPECT_EQ(refusal("- {name: Nonsense}\n"), "admission plugin \"Nonsense\": plugin \"Nonsense\" is unknown");
  EXPECT_NE(refusal("- {name: EventRateLimit, configuration: {limits: [{type: All, qps: 1, burst: 1}]}}\n")
                .find("Unsupported value: \"All\""),
            std::string::npos);
  EXPECT_NE(refusal("- {name: EventRateLimit, configuration: {limits: [{type: User, qps: 0, burst: 1}]}}\n")
                .find("must be positive"),
            std::string::npos);
  EXPECT_NE(refusal("- {name: ImagePolicyWebhook, configuration: {imagePolicy: {kubeConfigFile: /none}}}\n"), "");
  EXPECT_NE(refusal("- {name: PodSecurity, path: missing.yaml}\n"), "");
}

TEST_F(AdmissionSettingsTest, TheDefaultOfPodSecurityHoldsPodsAlsoWhenTheyAreChanged) {
  TestServer server([](ServerOptions& options) {
    options.admission_settings.pod_security.defaults.enforce.level = pod_security::Level::Baseline;
  });
  put_account(server);
  auto refused = server.send("POST", "/api/v1/namespaces/default/pods", pod("a", R"("hostNetwork":true)"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(refused.says("violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"));
  ASSERT_EQ(server.send("POST", "/api/v1/namespaces/default/pods", pod("b")).status, 201);
  // By no other door.
  auto later = server.send(
      "PATCH", "/api/v1/namespaces/default/pods/b/ephemeralcontainers",
      R"({"spec":{"ephemeralContainers":[{"name":"e","image":"i","securityContext":{"privileged":true}}]}})",
      "application/strategic-merge-patch+json");
  EXPECT_EQ(later.status, 403) << later.body;
  EXPECT_TRUE(later.says("privileged"));
}

}  // namespace
}  // namespace apiserver
