#include "controller/resource_quota/resource_quota.h"

#include <gtest/gtest.h>

#include "client/testing/builders.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;
using api::core_v1::ResourceQuota;
using api::core_v1::Secret;
using api::core_v1::Service;
using base::Quantity;
using testing::Cluster;
using namespace std::chrono_literals;

Quantity amount(std::string_view text) {
  return *Quantity::parse(text);
}

ResourceQuota quota_of(std::map<std::string, std::string> hard) {
  ResourceQuota quota;
  quota.metadata.name = "q";
  quota.metadata.namespace_ = "default";
  for (const auto& [name, text] : hard) quota.spec.hard[name] = amount(text);
  return quota;
}

std::string shown(const std::map<std::string, Quantity, std::less<>>& amounts) {
  std::string text;
  for (const auto& [name, one] : amounts) text += (text.empty() ? "" : " ") + name + "=" + one.to_string();
  return text;
}

Pod pod_with(std::string name, std::string cpu) {
  Pod pod = client::testing::pod(std::move(name));
  pod.spec.containers[0].resources.requests["cpu"] = amount(cpu);
  return pod;
}

std::string used(const ResourceQuota& quota, std::vector<Pod> pods, base::Time now = base::Time{1000, 0}) {
  resource_quota::Inventory inventory;
  for (auto& pod : pods) inventory.pods.push_back(std::make_shared<const Pod>(std::move(pod)));
  return shown(resource_quota::status_of(quota, inventory, now).used);
}

TEST(ResourceQuotaStatus, PodsThatHaveEndedUseTheirPlaceAlone) {
  auto quota = quota_of({{"pods", "5"}, {"count/pods", "5"}, {"requests.cpu", "4"}, {"cpu", "4"}});
  Pod done = pod_with("done", "2");
  done.status.phase = "Succeeded";
  EXPECT_EQ(used(quota, {pod_with("a", "500m"), done}), "count/pods=2 cpu=500m pods=1 requests.cpu=500m");
  EXPECT_EQ(used(quota, {}), "count/pods=0 cpu=0 pods=0 requests.cpu=0");
}

TEST(ResourceQuotaStatus, APodWhoseTimeToEndIsOverUsesNothing) {
  auto quota = quota_of({{"pods", "5"}});
  Pod ending = pod_with("a", "1");
  ending.metadata.deletion_timestamp = base::Time{1000, 0};
  ending.metadata.deletion_grace_period_seconds = 30;
  EXPECT_EQ(used(quota, {ending}, base::Time{1029, 0}), "pods=1");
  EXPECT_EQ(used(quota, {ending}, base::Time{1030, 0}), "pods=0");
}

TEST(ResourceQuotaStatus, ScopesChooseThePods) {
  Pod plain = client::testing::pod("plain");
  Pod busy = pod_with("busy", "1");
  Pod limited = pod_with("limited", "1");
  limited.spec.active_deadline_seconds = 10;
  Pod important = pod_with("important", "1");
  important.spec.priority_class_name = "high";
  std::vector<Pod> all = {plain, busy, limited, important};
  auto with_scope = [&](std::string scope) {
    auto quota = quota_of({{"pods", "9"}});
    quota.spec.scopes = {std::move(scope)};
    return used(quota, all);
  };
  EXPECT_EQ(with_scope("BestEffort"), "pods=1");
  EXPECT_EQ(with_scope("NotBestEffort"), "pods=3");
  EXPECT_EQ(with_scope("Terminating"), "pods=1");
  EXPECT_EQ(with_scope("NotTerminating"), "pods=3");
  auto quota = quota_of({{"pods", "9"}});
  auto& term = quota.spec.scope_selector.ensure().match_expressions.emplace_back();
  term.scope_name = "PriorityClass";
  term.operator_ = "In";
  term.values = {"high"};
  EXPECT_EQ(used(quota, all), "pods=1");
}

TEST(ResourceQuotaStatus, ServicesAndClaimsByKindAndClass) {
  auto quota = quota_of({{"services", "9"},
                         {"services.nodeports", "9"},
                         {"services.loadbalancers", "9"},
                         {"persistentvolumeclaims", "9"},
                         {"requests.storage", "9Gi"},
                         {"gold.storageclass.storage.k8s.io/requests.storage", "9Gi"},
                         {"silver.storageclass.storage.k8s.io/persistentvolumeclaims", "9"}});
  Service service;
  service.spec.type = "LoadBalancer";
  service.spec.ports.resize(2);
  PersistentVolumeClaim claim;
  claim.spec.storage_class_name = "gold";
  claim.spec.resources.requests["storage"] = amount("2Gi");
  resource_quota::Inventory inventory;
  inventory.services.push_back(std::make_shared<const Service>(service));
  inventory.claims.push_back(std::make_shared<const PersistentVolumeClaim>(claim));
  EXPECT_EQ(shown(resource_quota::status_of(quota, inventory, {}).used),
            "gold.storageclass.storage.k8s.io/requests.storage=2Gi persistentvolumeclaims=1 requests.storage=2Gi "
            "services=1 services.loadbalancers=1 services.nodeports=2 "
            "silver.storageclass.storage.k8s.io/persistentvolumeclaims=0");
}

class ResourceQuotaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(10ms);
    cluster_.run({"resourcequota-controller"});
  }
  void TearDown() override { cluster_.scope.cancel(); }
  std::string status() {
    auto status = cluster_.server.get<ResourceQuota>("default", "q")->status;
    return shown(status.used) + " of " + shown(status.hard);
  }
  void put_secret(std::string name) {
    Secret secret;
    secret.metadata.name = std::move(name);
    secret.metadata.namespace_ = "default";
    cluster_.put(secret);
  }
  Cluster cluster_;
};

TEST_F(ResourceQuotaTest, ANewQuotaIsCountedAndAChangedOneAgain) {
  cluster_.put(pod_with("a", "1"));
  cluster_.put(quota_of({{"pods", "5"}}));
  cluster_.advance(2s);
  EXPECT_EQ(status(), "pods=1 of pods=5");
  cluster_.edit<ResourceQuota>("default", "q", [](ResourceQuota& quota) { quota.spec.hard["cpu"] = amount("3"); });
  cluster_.advance(2s);
  EXPECT_EQ(status(), "cpu=1 pods=1 of cpu=3 pods=5");
}

TEST_F(ResourceQuotaTest, WhatIsDeletedOrEndsIsGivenBackSoon) {
  cluster_.put(pod_with("a", "1"));
  cluster_.put(pod_with("b", "1"));
  cluster_.put(quota_of({{"pods", "5"}}));
  cluster_.advance(2s);
  ASSERT_EQ(status(), "pods=2 of pods=5");
  cluster_.edit<Pod>("default", "a", [](Pod& pod) { pod.status.phase = "Failed"; });
  cluster_.advance(2s);
  EXPECT_EQ(status(), "pods=1 of pods=5");
}

TEST_F(ResourceQuotaTest, ObjectsOfAnyResourceAreCountedOnceAQuotaNamesThem) {
  put_secret("a");
  put_secret("b");
  cluster_.put(quota_of({{"count/secrets", "5"}, {"secrets", "5"}, {"count/deployments.apps", "2"}}));
  cluster_.put(testing::deployment("web", 1));
  cluster_.advance(2s);
  EXPECT_EQ(status(),
            "count/deployments.apps=1 count/secrets=2 secrets=2 of count/deployments.apps=2 count/secrets=5 secrets=5");
}

TEST_F(ResourceQuotaTest, WhatAdmissionChargedInVainIsMendedInTime) {
  cluster_.put(quota_of({{"pods", "5"}}));
  cluster_.advance(2s);
  cluster_.edit<ResourceQuota>("default", "q", [](ResourceQuota& quota) { quota.status.used["pods"] = amount("3"); });
  cluster_.advance(2s);
  EXPECT_EQ(status(), "pods=3 of pods=5");
  cluster_.advance(301s);
  EXPECT_EQ(status(), "pods=0 of pods=5");
}

}  // namespace
}  // namespace controller
