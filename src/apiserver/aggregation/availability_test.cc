#include "apiserver/aggregation/availability.h"

#include <gtest/gtest.h>

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "apiserver/aggregation/inquiry.h"
#include "apiserver/aggregation/pass_on.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using Slice = api::discovery_k8s_io_v1::EndpointSlice;
using Reference = api::apiregistration_k8s_io_v1::ServiceReference;

core::Service service(int32_t port, std::string type = "ClusterIP") {
  core::Service made;
  made.metadata.namespace_ = "kube-system";
  made.metadata.name = "metrics";
  made.spec.type = std::move(type);
  made.spec.cluster_ip = "10.96.0.9";
  auto& only = made.spec.ports.emplace_back();
  only.name = "https";
  only.port = port;
  return made;
}

Slice slice(std::string port_name, bool ready) {
  Slice made;
  made.metadata.namespace_ = "kube-system";
  made.metadata.labels = {{"kubernetes.io/service-name", "metrics"}};
  auto& port = made.ports.emplace_back();
  port.name = std::move(port_name);
  port.port = 4443;
  auto& endpoint = made.endpoints.emplace_back();
  endpoint.addresses = {"10.0.0.7"};
  endpoint.conditions.ready = ready;
  return made;
}

Reference to(int32_t port) {
  return {.namespace_ = "kube-system", .name = "metrics", .port = port};
}

TEST(Availability, TellsWhatIsMissingInTheStore) {
  auto there = service(443);
  struct Case {
    const core::Service* service;
    std::vector<Slice> slices;
    int32_t port;
    std::string reason, message;
  } cases[] = {
      {nullptr, {}, 443, "ServiceNotFound", R"(service/metrics in "kube-system" is not present)"},
      {&there, {}, 444, "ServicePortError", R"(service/metrics in "kube-system" is not listening on port 444)"},
      {&there, {}, 443, "EndpointsNotFound", R"(cannot find endpointslices for service/metrics in "kube-system")"},
      {&there,
       {slice("https", false)},
       443,
       "MissingEndpoints",
       R"(endpointslices for service/metrics in "kube-system" have no addresses with port name "https")"},
      {&there,
       {slice("other", true)},
       443,
       "MissingEndpoints",
       R"(endpointslices for service/metrics in "kube-system" have no addresses with port name "https")"},
  };
  for (const auto& one : cases) {
    auto told = judge(to(one.port), one.service, one.slices);
    ASSERT_TRUE(told) << one.reason;
    EXPECT_EQ(*told, (Availability{"False", one.reason, one.message}));
  }
}

TEST(Availability, AServerThatCouldAnswerHasToBeAsked) {
  auto there = service(443);
  auto elsewhere = service(443, "ExternalName");
  EXPECT_FALSE(judge(to(443), &there, {slice("https", true)}));
  EXPECT_FALSE(judge(to(443), &elsewhere, {}));
}

TEST(Availability, PlacesAreTheServicesAddressOrItsReadyEndpoints) {
  auto places = places_of(service(443), {slice("https", true)}, 443, Routing::ClusterAddress);
  ASSERT_TRUE(places);
  EXPECT_EQ(places->at(0).text(), "10.96.0.9:443");
  places = places_of(service(443), {slice("https", true), slice("https", false)}, 443, Routing::Endpoints);
  ASSERT_TRUE(places);
  ASSERT_EQ(places->size(), 1u);
  EXPECT_EQ(places->at(0).text(), "10.0.0.7:4443");
  auto headless = service(443);
  headless.spec.cluster_ip = "None";
  EXPECT_FALSE(places_of(headless, {}, 443, Routing::ClusterAddress));
}

TEST(Availability, ConditionKeepsItsTimeWhileTheStatusStays) {
  api::apiregistration_k8s_io_v1::APIService one;
  auto early = base::Time::from_ns(100), late = base::Time::from_ns(5'000'000'000);
  EXPECT_TRUE(set_available(one, {"False", "A", "a"}, early));
  EXPECT_TRUE(set_available(one, {"False", "B", "b"}, late));
  EXPECT_EQ(one.status.conditions[0].last_transition_time, early.truncated_to_seconds());
  EXPECT_FALSE(set_available(one, {"False", "B", "b"}, late));
  EXPECT_TRUE(set_available(one, Availability::passed(), late));
  EXPECT_EQ(one.status.conditions[0].last_transition_time, late);
}

TEST(RemoteOfPath, IsFoundForTheVersionAndAllBelow) {
  RemoteVersions remote{{"x.io/v1", std::make_shared<const RemoteVersion>()}};
  for (auto path : {"/apis/x.io/v1", "/apis/x.io/v1/", "/apis/x.io/v1/things/a"})
    EXPECT_TRUE(remote_of_path(remote, path)) << path;
  for (auto path : {"/apis/x.io", "/apis/x.io/v11", "/api/x.io/v1", "/apis//x.io/v1", ""})
    EXPECT_FALSE(remote_of_path(remote, path)) << path;
}

TEST(Identity, IsToldInHeadersAndCannotSmuggleOthers) {
  User user{.name = "jane", .uid = "7", .groups = {"dev", "ops"}, .extra = {{"Acme.io/Team", {"a", "b"}}}};
  auto headers = identity_headers(user);
  ASSERT_TRUE(headers);
  EXPECT_EQ(headers->get("x-remote-user"), "jane");
  EXPECT_EQ(headers->get("x-remote-uid"), "7");
  EXPECT_EQ(headers->all("x-remote-group").size(), 2u);
  EXPECT_EQ(headers->all("x-remote-extra-acme.io%2fteam").size(), 2u);
  EXPECT_FALSE(identity_headers({.name = "jane\r\nx-remote-group: system:masters"}));
}

}  // namespace
}  // namespace apiserver
