// Claims of devices, from the scheduler's point of view: over a fake server in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/testing/builders.h"
#include "device/names.h"
#include "scheduler/testing.h"

namespace scheduler {
namespace {

namespace core = api::core_v1;
namespace resource = api::resource_k8s_io_v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;

struct DynamicResources : SchedulerFixture {
  void node(const std::string& name) {
    core::Node out;
    out.metadata.name = name;
    out.status.allocatable = {{"cpu", amount("4")}, {"memory", amount("8Gi")}, {"pods", amount("110")}};
    put(out);
  }
  void device_class(const std::string& name, const std::string& expression, const std::string& extended = "") {
    resource::DeviceClass out;
    out.metadata.name = name;
    out.spec.selectors.emplace_back().cel.emplace().expression = expression;
    if (!extended.empty()) out.spec.extended_resource_name = extended;
    put(out);
  }
  static resource::ResourceSlice slice_of(const std::string& node, const std::vector<std::string>& devices) {
    resource::ResourceSlice out;
    out.metadata.name = node + "-slice";
    out.spec.driver = "gpu.example.com";
    out.spec.node_name = node;
    out.spec.pool.name = node;
    out.spec.pool.generation = 1;
    out.spec.pool.resource_slice_count = 1;
    for (const auto& name : devices) {
      auto& device = out.spec.devices.emplace_back();
      device.name = name;
      device.attributes["model"].string = name.starts_with("big") ? "big" : "small";
      device.attributes["driverVersion"].version = "1.2.3";
      device.capacity["memory"].value = amount(name.starts_with("big") ? "80Gi" : "10Gi");
    }
    return out;
  }
  static resource::ResourceClaim claim_of(const std::string& name, const std::string& device_class, int64_t count = 1) {
    resource::ResourceClaim out;
    out.metadata.namespace_ = "default";
    out.metadata.name = name;
    auto& request = out.spec.devices.requests.emplace_back();
    request.name = "gpu";
    auto& exactly = request.exactly.emplace();
    exactly.device_class_name = device_class;
    exactly.allocation_mode = count == 0 ? "All" : "ExactCount";
    exactly.count = count;
    return out;
  }
  static core::Pod make_user(const std::string& name, const std::string& claim) {
    core::Pod pod = client::testing::pod(name);
    pod.metadata.uid = name + "-uid";
    pod.spec.scheduler_name = "default-scheduler";
    auto& one = pod.spec.resource_claims.emplace_back();
    one.name = "gpu";
    one.resource_claim_name = claim;
    return pod;
  }
  void user(const std::string& name, const std::string& claim) {
    put(make_user(name, claim));
    world.advance(1s);
  }

  std::string node_of(const std::string& pod) { return world.server.get<core::Pod>("default", pod)->spec.node_name; }
  std::string why_not(const std::string& pod) {
    auto now = *world.server.get<core::Pod>("default", pod);
    for (auto& one : now.status.conditions)
      if (one.type == "PodScheduled") return one.message;
    return "";
  }
  resource::ResourceClaim claim(const std::string& name) {
    return *world.server.get<resource::ResourceClaim>("default", name);
  }
  std::vector<std::string> devices_of(const std::string& name) {
    std::vector<std::string> out;
    auto now = claim(name);
    if (now.status.allocation)
      for (auto& one : now.status.allocation->devices.results) out.push_back(one.pool + "/" + one.device);
    return out;
  }
};

constexpr const char* kAny = "device.driver == 'gpu.example.com'";

TEST_F(DynamicResources, APodGoesWhereADeviceIsChosenForItsClaim) {
  node("a");
  node("b");
  device_class("big",
               "device.attributes['gpu.example.com'].model == 'big' && "
               "device.capacity['gpu.example.com'].memory.compareTo(quantity('40Gi')) > 0 && "
               "device.attributes['gpu.example.com'].driverVersion.isGreaterThan(semver('1.0.0'))");
  put(slice_of("a", {"small-0"}));
  put(slice_of("b", {"small-0", "big-0"}));
  put(claim_of("one", "big"));
  run();
  user("web", "one");
  EXPECT_EQ(node_of("web"), "b");
  auto now = claim("one");
  EXPECT_THAT(devices_of("one"), ElementsAre("b/big-0"));
  EXPECT_EQ(now.status.allocation->devices.results[0].request, "gpu");
  EXPECT_THAT(now.metadata.finalizers, ElementsAre(std::string(device::kFinalizer)));
  ASSERT_EQ(now.status.reserved_for.size(), 1U);
  EXPECT_EQ(now.status.reserved_for[0].uid, "web-uid");
  auto& term = now.status.allocation->node_selector->node_selector_terms.at(0);
  EXPECT_EQ(term.match_fields.at(0).values, std::vector<std::string>{"b"});
}

TEST_F(DynamicResources, NoDeviceIsGivenTwice) {
  node("a");
  device_class("any", kAny);
  put(slice_of("a", {"small-0", "small-1"}));
  for (auto name : {"one", "two", "three"}) put(claim_of(name, "any"));
  run();
  world.on_loop([&] {
    for (auto name : {"one", "two", "three"}) world.server.put(make_user(std::string("pod-") + name, name));
  });
  world.advance(3s);
  std::vector<std::string> given;
  int waiting = 0;
  for (std::string name : {"one", "two", "three"}) {
    for (auto& one : devices_of(name)) given.push_back(one);
    waiting += node_of("pod-" + name).empty() ? 1 : 0;
  }
  EXPECT_THAT(given, UnorderedElementsAre("a/small-0", "a/small-1"));
  EXPECT_EQ(waiting, 1);
}

TEST_F(DynamicResources, APodThatCannotHaveItsDevicesIsToldWhy) {
  node("a");
  device_class("any", kAny);
  put(slice_of("a", {"small-0"}));
  put(claim_of("one", "nothing"));
  put(claim_of("many", "any", 2));
  run();
  user("web", "one");
  EXPECT_EQ(why_not("web"),
            "0/1 nodes are available: request gpu: device class nothing does not exist. no new claims to deallocate, "
            "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
  user("greedy", "many");
  EXPECT_THAT(why_not("greedy"), HasSubstr("0/1 nodes are available: 1 cannot allocate all claims."));
  device_class("nothing", kAny);
  world.advance(20s);
  EXPECT_EQ(node_of("web"), "a");
}

TEST_F(DynamicResources, NobodyIsToldOfAClaimThatIsYetToBeMade) {
  node("a");
  device_class("any", kAny);
  put(slice_of("a", {"small-0"}));
  run();
  core::Pod pod = make_user("web", "");
  pod.spec.resource_claims[0].resource_claim_name.reset();
  pod.spec.resource_claims[0].resource_claim_template_name = "gpu";
  put(pod);
  world.advance(5s);
  EXPECT_EQ(why_not("web"), "");
  auto made = claim_of("web-gpu-x", "any");
  auto& owner = made.metadata.owner_references.emplace_back();
  owner.uid = "web-uid";
  owner.controller = true;
  put(made);
  world.on_loop([&] {
    auto now = *world.server.get<core::Pod>("default", "web");
    auto& status = now.status.resource_claim_statuses.emplace_back();
    status.name = "gpu";
    status.resource_claim_name = "web-gpu-x";
    world.server.put(now);
  });
  world.advance(20s);
  EXPECT_EQ(node_of("web"), "a");
}

TEST_F(DynamicResources, AlternativesAreTriedInOrderAndConstraintsHold) {
  node("a");
  device_class("any", kAny);
  auto slice = slice_of("a", {"small-0", "small-1", "big-0"});
  slice.spec.devices[0].attributes["numa"].int_ = 0;
  slice.spec.devices[1].attributes["numa"].int_ = 1;
  slice.spec.devices[2].attributes["numa"].int_ = 1;
  put(slice);
  resource::ResourceClaim wanted;
  wanted.metadata.namespace_ = "default";
  wanted.metadata.name = "one";
  auto& first = wanted.spec.devices.requests.emplace_back();
  first.name = "one-of";
  for (auto [name, model, count] : {std::tuple("large", "big", 2), std::tuple("fair", "big", 1)}) {
    auto& sub = first.first_available.emplace_back();
    sub.name = name;
    sub.device_class_name = "any";
    sub.allocation_mode = "ExactCount";
    sub.count = count;
    sub.selectors.emplace_back().cel.emplace().expression =
        std::string("device.attributes['gpu.example.com'].model == '") + model + "'";
  }
  auto& second = wanted.spec.devices.requests.emplace_back();
  second.name = "beside";
  second.exactly.emplace().device_class_name = "any";
  second.exactly->allocation_mode = "ExactCount";
  second.exactly->count = 1;
  wanted.spec.devices.constraints.emplace_back().match_attribute = "gpu.example.com/numa";
  put(wanted);
  run();
  user("web", "one");
  EXPECT_THAT(devices_of("one"), ElementsAre("a/big-0", "a/small-1"));
  EXPECT_EQ(claim("one").status.allocation->devices.results[0].request, "one-of/fair");
}

TEST_F(DynamicResources, AllDevicesAreTakenOnceThePoolIsComplete) {
  node("a");
  device_class("any", kAny);
  auto slice = slice_of("a", {"small-0", "small-1"});
  slice.spec.pool.resource_slice_count = 2;
  put(slice);
  put(claim_of("one", "any", 0));
  run();
  user("web", "one");
  EXPECT_THAT(why_not("web"), HasSubstr("claim default/one, request gpu: asks for all devices, but resource pool "
                                        "gpu.example.com/a is currently being updated"));
  auto rest = slice_of("a", {"small-2"});
  rest.metadata.name = "a-rest";
  rest.spec.pool.resource_slice_count = 2;
  put(rest);
  world.advance(20s);
  EXPECT_THAT(devices_of("one"), UnorderedElementsAre("a/small-0", "a/small-1", "a/small-2"));
}

TEST_F(DynamicResources, TaintedDevicesAreForThoseWhoTolerateIt) {
  node("a");
  device_class("any", kAny);
  auto slice = slice_of("a", {"small-0"});
  auto& taint = slice.spec.devices[0].taints.emplace_back();
  taint.key = "broken";
  taint.effect = "NoSchedule";
  put(slice);
  put(claim_of("one", "any"));
  auto brave = claim_of("brave", "any");
  auto& toleration = brave.spec.devices.requests[0].exactly->tolerations.emplace_back();
  toleration.key = "broken";
  toleration.operator_ = "Exists";
  put(brave);
  run();
  user("web", "one");
  user("repair", "brave");
  EXPECT_EQ(node_of("web"), "");
  EXPECT_EQ(node_of("repair"), "a");
  EXPECT_EQ(claim("brave").status.allocation->devices.results[0].tolerations.size(), 1U);
}

TEST_F(DynamicResources, AdministratorsMayUseWhatOthersHave) {
  node("a");
  device_class("any", kAny);
  put(slice_of("a", {"small-0"}));
  put(claim_of("one", "any"));
  auto monitor = claim_of("monitor", "any", 0);
  monitor.spec.devices.requests[0].exactly->admin_access = true;
  put(monitor);
  run();
  user("web", "one");
  user("watch", "monitor");
  EXPECT_THAT(devices_of("one"), ElementsAre("a/small-0"));
  EXPECT_THAT(devices_of("monitor"), ElementsAre("a/small-0"));
  EXPECT_EQ(claim("monitor").status.allocation->devices.results[0].admin_access, true);
}

TEST_F(DynamicResources, PartitionsShareWhatTheirDeviceHas) {
  node("a");
  device_class("any", kAny);
  auto slice = slice_of("a", {"half-0", "half-1", "whole"});
  for (auto& device : slice.spec.devices) {
    auto& part = device.consumes_counters.emplace_back();
    part.counter_set = "gpu-0";
    part.counters["memory"].value = amount(device.name == "whole" ? "80Gi" : "40Gi");
  }
  auto counters = slice_of("a", {});
  counters.metadata.name = "a-counters";
  auto& set = counters.spec.shared_counters.emplace_back();
  set.name = "gpu-0";
  set.counters["memory"].value = amount("80Gi");
  for (auto* one : {&slice, &counters}) one->spec.pool.resource_slice_count = 2;
  put(slice);
  put(counters);
  for (auto name : {"one", "two", "three"}) put(claim_of(name, "any"));
  run();
  user("first", "one");
  user("second", "two");
  user("third", "three");
  EXPECT_THAT(devices_of("one"), ElementsAre("a/half-0"));
  EXPECT_THAT(devices_of("two"), ElementsAre("a/half-1"));
  EXPECT_EQ(node_of("third"), "");
}

TEST_F(DynamicResources, CapacityIsSharedUpToItsEnd) {
  node("a");
  device_class("any", kAny);
  auto slice = slice_of("a", {"big-0"});
  slice.spec.devices[0].allow_multiple_allocations = true;
  auto& range = slice.spec.devices[0].capacity["memory"].request_policy.emplace().valid_range.emplace();
  range.min = amount("10Gi");
  range.step = amount("10Gi");
  put(slice);
  for (auto [name, size] : {std::pair("one", "35Gi"), std::pair("two", "38Gi"), std::pair("three", "1Gi")}) {
    auto claim = claim_of(name, "any");
    claim.spec.devices.requests[0].exactly->capacity.emplace().requests["memory"] = amount(size);
    put(claim);
  }
  run();
  user("first", "one");
  user("second", "two");
  user("third", "three");
  auto first = claim("one").status.allocation->devices.results.at(0);
  auto second = claim("two").status.allocation->devices.results.at(0);
  EXPECT_EQ(first.consumed_capacity["memory"], amount("40Gi"));
  EXPECT_EQ(second.device, "big-0");
  EXPECT_TRUE(first.share_id && second.share_id && *first.share_id != *second.share_id);
  EXPECT_EQ(node_of("third"), "");
}

TEST_F(DynamicResources, AClaimOfAnotherNodeGivesItsDevicesBackWhenNobodyUsesIt) {
  node("a");
  node("b");
  device_class("any", kAny);
  put(slice_of("a", {"small-0"}));
  put(slice_of("b", {"small-0"}));
  auto stale = claim_of("one", "any");
  stale.metadata.finalizers = {std::string(device::kFinalizer)};
  auto& allocation = stale.status.allocation.emplace();
  auto& result = allocation.devices.results.emplace_back();
  result.request = "gpu";
  result.driver = "gpu.example.com";
  result.pool = "a";
  result.device = "small-0";
  auto& field = allocation.node_selector.emplace().node_selector_terms.emplace_back().match_fields.emplace_back();
  field.key = "metadata.name";
  field.operator_ = "In";
  field.values = {"a"};
  put(stale);
  run();
  core::Pod pod = make_user("web", "one");
  pod.spec.affinity.emplace().node_affinity.emplace().required_during_scheduling_ignored_during_execution.emplace();
  auto& need =
      pod.spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution->node_selector_terms
          .emplace_back()
          .match_fields.emplace_back();
  need.key = "metadata.name";
  need.operator_ = "In";
  need.values = {"b"};
  put(pod);
  world.advance(30s);
  EXPECT_EQ(node_of("web"), "b");
  EXPECT_THAT(devices_of("one"), ElementsAre("b/small-0"));
}

TEST_F(DynamicResources, ExtendedResourcesAreMadeOfDevices) {
  node("a");
  device_class("gpus", kAny, "example.com/gpu");
  put(slice_of("a", {"small-0", "small-1"}));
  run();
  core::Pod pod = client::testing::pod("web");
  pod.metadata.uid = "web-uid";
  pod.spec.scheduler_name = "default-scheduler";
  pod.spec.containers[0].resources.requests["example.com/gpu"] = amount("2");
  put(pod);
  world.advance(2s);
  EXPECT_EQ(node_of("web"), "a");
  auto now = *world.server.get<core::Pod>("default", "web");
  ASSERT_TRUE(now.status.extended_resource_claim_status);
  auto& told = *now.status.extended_resource_claim_status;
  EXPECT_EQ(told.request_mappings.at(0).container_name, "main");
  EXPECT_EQ(told.request_mappings.at(0).resource_name, "example.com/gpu");
  EXPECT_EQ(told.request_mappings.at(0).request_name, "container-0-request-0");
  EXPECT_THAT(devices_of(told.resource_claim_name), UnorderedElementsAre("a/small-0", "a/small-1"));
  EXPECT_TRUE(told.resource_claim_name.starts_with("web-extended-resources-"));
}

TEST_F(DynamicResources, APodIsBoundWhenItsDevicesAreReady) {
  node("a");
  device_class("any", kAny);
  auto slice = slice_of("a", {"small-0"});
  slice.spec.devices[0].binding_conditions = {"example.com/attached"};
  slice.spec.devices[0].binding_failure_conditions = {"example.com/failed"};
  put(slice);
  put(claim_of("one", "any"));
  run();
  user("web", "one");
  EXPECT_EQ(node_of("web"), "");
  EXPECT_THAT(devices_of("one"), ElementsAre("a/small-0"));
  auto now = claim("one");
  auto& status = now.status.devices.emplace_back();
  status.driver = "gpu.example.com";
  status.pool = "a";
  status.device = "small-0";
  auto& condition = status.conditions.emplace_back();
  condition.type = "example.com/attached";
  condition.status = "True";
  put(now);
  world.advance(1s);
  EXPECT_EQ(node_of("web"), "a");
}

}  // namespace
}  // namespace scheduler
