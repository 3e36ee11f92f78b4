#include "controller/resourceclaim/resourceclaim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/resource_k8s_io_v1.h"
#include "client/testing/builders.h"
#include "controller/testing/cluster.h"
#include "device/names.h"

namespace controller {
namespace {

using api::core_v1::Pod;
using api::resource_k8s_io_v1::ResourceClaim;
using api::resource_k8s_io_v1::ResourceClaimTemplate;
using client::testing::pod;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

struct ResourceClaimController : testing::Cluster, ::testing::Test {
  void begin() { run({"resourceclaim-controller"}); }
  void make_template() {
    ResourceClaimTemplate out;
    out.metadata.namespace_ = "default";
    out.metadata.name = "gpu";
    out.spec.metadata.labels["kind"] = "gpu";
    auto& request = out.spec.spec.devices.requests.emplace_back();
    request.name = "one";
    request.exactly.emplace().device_class_name = "any";
    put(out);
    advance(1s);
  }
  Pod user(const std::string& name, bool by_template = true) {
    Pod out = pod(name);
    auto& one = out.spec.resource_claims.emplace_back();
    one.name = "device";
    if (by_template) {
      one.resource_claim_template_name = "gpu";
    } else {
      one.resource_claim_name = "shared";
    }
    auto stored = put(out);
    advance(1s);
    return stored;
  }
  std::string claim_of(const std::string& name) {
    auto now = server.get<Pod>("default", name);
    for (auto& one : now->status.resource_claim_statuses)
      if (one.name == "device") return one.resource_claim_name.value_or("");
    return "";
  }
  std::optional<ResourceClaim> claim(const std::string& name) {
    auto found = server.get<ResourceClaim>("default", name);
    return found ? std::optional(*found) : std::nullopt;
  }
  void allocate(const std::string& name, const std::vector<Pod>& users) {
    edit<ResourceClaim>("default", name, [&](ResourceClaim& claim) {
      claim.metadata.finalizers = {std::string(device::kFinalizer)};
      claim.status.allocation.emplace();
      for (const auto& one : users) claim.status.reserved_for.push_back(device::reference_to(one));
    });
    advance(1s);
  }
};

TEST_F(ResourceClaimController, AClaimIsMadeOfATemplateOnceAndToldOf) {
  begin();
  user("web");
  EXPECT_EQ(claim_of("web"), "");
  EXPECT_THAT(events("web").back(),
              "FailedResourceClaimCreation PodResourceClaim device: resource claim template \"gpu\": "
              "resourceclaimtemplate.resource.k8s.io \"gpu\" not found");
  make_template();
  auto name = claim_of("web");
  ASSERT_TRUE(name.starts_with("web-device-")) << name;
  auto made = claim(name);
  EXPECT_EQ(made->metadata.annotations.at("resource.kubernetes.io/pod-claim-name"), "device");
  EXPECT_EQ(made->metadata.labels.at("kind"), "gpu");
  EXPECT_EQ(made->metadata.owner_references.at(0).name, "web");
  EXPECT_EQ(made->spec.devices.requests.at(0).exactly->device_class_name, "any");
  size_t claims = 0;
  for (auto& write : server.writes()) claims += write.starts_with("POST") && write.ends_with("/resourceclaims") ? 1 : 0;
  EXPECT_EQ(claims, 1U);
}

TEST_F(ResourceClaimController, AClaimOfAPodThatHasEndedGoes) {
  make_template();
  begin();
  auto web = user("web");
  auto name = claim_of("web");
  allocate(name, {web});
  EXPECT_TRUE(claim(name)->status.allocation);
  edit<Pod>("default", "web", [](Pod& pod) { pod.status.phase = "Succeeded"; });
  advance(1s);
  EXPECT_FALSE(claim(name));
}

TEST_F(ResourceClaimController, DevicesAreFreeWhenTheLastUserOfAClaimIsGone) {
  begin();
  ResourceClaim shared;
  shared.metadata.namespace_ = "default";
  shared.metadata.name = "shared";
  put(shared);
  auto a = user("a", false), b = user("b", false);
  allocate("shared", {a, b});
  on_loop([&] { server.erase<Pod>("default", "a"); });
  advance(1s);
  ASSERT_EQ(claim("shared")->status.reserved_for.size(), 1U);
  EXPECT_TRUE(claim("shared")->status.allocation);
  on_loop([&] { server.erase<Pod>("default", "b"); });
  advance(1s);
  EXPECT_THAT(claim("shared")->status.reserved_for, IsEmpty());
  EXPECT_FALSE(claim("shared")->status.allocation);
  EXPECT_THAT(claim("shared")->metadata.finalizers, IsEmpty());
}

TEST_F(ResourceClaimController, APodThatSomebodyBoundByHandMayUseWhatIsAllocated) {
  begin();
  ResourceClaim shared;
  shared.metadata.namespace_ = "default";
  shared.metadata.name = "shared";
  put(shared);
  allocate("shared", {});
  auto bound = user("web", false);
  edit<Pod>("default", "web", [](Pod& pod) { pod.spec.node_name = "node"; });
  advance(1s);
  EXPECT_TRUE(device::is_reserved_for(*claim("shared"), bound.metadata.uid));
}

TEST(ClaimNames, ShowBothPartsWhateverTheirLength) {
  EXPECT_EQ(claim_name_prefix("web", "gpu"), "web-gpu-");
  auto name = claim_name_prefix(std::string(60, 'p'), std::string(60, 'c'));
  EXPECT_LE(name.size(), 58U);
  EXPECT_NE(name.find("-c"), std::string::npos);
}

}  // namespace
}  // namespace controller
