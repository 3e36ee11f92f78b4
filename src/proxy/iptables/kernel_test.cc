// Against the real kernel, in a network namespace of the test's own that goes with the process.
#include "proxy/iptables/kernel.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdio>

#include "io/loop.h"
#include "proxy/testing.h"

namespace proxy::iptables {
namespace {

struct KernelTest : testing::Test {
  static void SetUpTestSuite() {
    // Once for the program: what it leaves is gone with it.
    ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "a network namespace needs root";
  }
  ~KernelTest() override { loop->run_task(Kernel(Family::IPv4).remove()).value(); }

  Ruleset rules() {
    return make_ruleset(make_snapshot(world.services, world.slices, {.node = "n1"}, Family::IPv4),
                        {.pods = {PodTraffic::By::Range, "10.244.0.0/16"}});
  }
  std::string apply(Kernel& kernel) {
    auto done = loop->run_task(kernel.apply(rules()));
    return done ? "" : done.error().message();
  }
  static std::string saved() {
    std::string text;
    FILE* pipe = popen("iptables-save", "r");
    char line[1024];
    while (fgets(line, sizeof line, pipe)) text += line;
    pclose(pipe);
    return text;
  }
  static size_t count(const std::string& text, const std::string& what) {
    size_t found = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
  }

  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  World world;
};

TEST_F(KernelTest, TakesEveryKindOfRuleAndForgetsThemAgain) {
  auto& service = world.service("web", "10.96.0.10", 80);
  service.spec.ports[0].node_port = 30080;
  service.spec.external_ips = {"192.0.2.1"};
  service.spec.session_affinity = "ClientIP";
  service.spec.external_traffic_policy = "Local";
  service.status.load_balancer.ingress.emplace_back();
  service.status.load_balancer.ingress[0].ip = "192.0.2.2";
  service.spec.load_balancer_source_ranges = {"198.51.100.0/24"};
  service.spec.health_check_node_port = 31000;
  world.service("dns", "10.96.0.11", 53, "UDP");
  world.slice("web", 8080, {{"10.244.0.2"}, {"10.244.0.3"}});
  Kernel kernel(Family::IPv4);
  ASSERT_EQ(apply(kernel), "");
  auto text = saved();
  EXPECT_EQ(count(text, "DNAT --to-destination 10.244.0.2:8080"), 1u) << text;
  EXPECT_EQ(count(text, "default/dns:http has no endpoints"), 1u);
  ASSERT_TRUE(loop->run_task(kernel.remove()));
  EXPECT_EQ(saved().find("KUBE-"), std::string::npos) << saved();
}

TEST_F(KernelTest, AChangeReplacesWhatItChanges) {
  world.service("web", "10.96.0.10", 80);
  world.slice("web", 8080, {{"10.244.0.2"}});
  Kernel kernel(Family::IPv4);
  ASSERT_EQ(apply(kernel), "");
  world.slices.clear();
  world.slice("web", 8080, {{"10.244.0.7"}});
  ASSERT_EQ(apply(kernel), "");
  auto text = saved();
  EXPECT_EQ(text.find("10.244.0.2"), std::string::npos) << text;
  EXPECT_EQ(count(text, "DNAT --to-destination 10.244.0.7:8080"), 1u);
}

TEST_F(KernelTest, ASecondLifeTakesOverWithoutDoublingAnything) {
  world.service("web", "10.96.0.10", 80);
  world.service("gone", "10.96.0.12", 80);
  world.slice("web", 8080, {{"10.244.0.2"}});
  world.slice("gone", 8080, {{"10.244.0.5"}});
  Kernel first(Family::IPv4);
  ASSERT_EQ(apply(first), "");
  world.services.pop_back();
  Kernel second(Family::IPv4);
  ASSERT_EQ(apply(second), "");
  auto text = saved();
  EXPECT_EQ(count(text, "-A PREROUTING"), 1u) << text;
  EXPECT_EQ(text.find("10.244.0.5"), std::string::npos) << text;
}

TEST_F(KernelTest, OthersRulesAreLeftAlone) {
  ASSERT_EQ(system("iptables -t nat -N CNI-TEST && iptables -t nat -A POSTROUTING -j CNI-TEST"), 0);
  Kernel kernel(Family::IPv4);
  ASSERT_EQ(apply(kernel), "");
  ASSERT_TRUE(loop->run_task(kernel.remove()));
  EXPECT_NE(saved().find("-A POSTROUTING -j CNI-TEST"), std::string::npos);
}

}  // namespace
}  // namespace proxy::iptables
