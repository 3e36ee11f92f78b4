// Rules as text, and against the real kernel in a network namespace of the test's own that goes with the process.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "io/loop.h"
#include "proxy/nftables/kernel.h"
#include "proxy/testing.h"

namespace proxy::nftables {
namespace {

const Options kOptions{.pods = {PodTraffic::By::Range, "10.244.0.0/16"}};

Snapshot snapshot(const World& world) {
  return make_snapshot(world.services, world.slices, {.node = "n1"}, Family::IPv4);
}

TEST(NftablesRuleset, AChangeIsTheElementsThatChange) {
  World world;
  world.service("web", "10.96.0.10", 80);
  auto& other = world.service("other", "10.96.0.11", 443);
  other.spec.type = "NodePort";
  other.spec.ports[0].node_port = 30443;
  world.slice("web", 8080, {{"10.244.0.2"}, {"10.244.0.3"}});
  world.slice("other", 8443, {{"10.244.0.4"}});
  auto before = make_ruleset(snapshot(world), kOptions);
  EXPECT_EQ(difference(before, before), "");

  world.slice("web", 8080, {{"10.244.0.9"}});
  auto after = make_ruleset(snapshot(world), kOptions);
  EXPECT_EQ(
      difference(before, after),
      "add chain ip kube-proxy cluster-3\n"
      "add rule ip kube-proxy cluster-3 ip saddr != 10.244.0.0/16 ct mark set ct mark | 0x00004000\n"
      "add rule ip kube-proxy cluster-3 meta mark set numgen random mod 3 offset 0x6e760000\n"
      "add rule ip kube-proxy cluster-3 dnat ip to ip daddr . meta l4proto . th dport . meta mark map @endpoints\n"
      "delete element ip kube-proxy services { 10.96.0.10 . tcp . 80 : goto cluster-2 }\n"
      "add element ip kube-proxy endpoints { 10.96.0.10 . tcp . 80 . 0x6e760002 : 10.244.0.9 . 8080 }\n"
      "add element ip kube-proxy services { 10.96.0.10 . tcp . 80 : goto cluster-3 }\n"
      "add element ip kube-proxy hairpins { 10.244.0.9 . 10.244.0.9 }\n"
      "flush chain ip kube-proxy cluster-2\n"
      "delete chain ip kube-proxy cluster-2\n");
}

struct NftablesKernelTest : testing::Test {
  static void SetUpTestSuite() {
    if (access("/usr/sbin/nft", X_OK) != 0) GTEST_SKIP() << "there is no nft";
    ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "a network namespace needs root";
    run("ip link set lo up; for i in 2 3 4; do ip addr add 10.244.0.$i/32 dev lo; done; ip link add d0 type veth peer "
        "name d1;"
        "ip link set d0 up; ip link set d1 up; ip addr add 192.0.2.7/24 dev d0; ip route add default via 192.0.2.1 dev "
        "d0");
  }
  void SetUp() override {
    if (access("/usr/sbin/nft", X_OK) != 0) GTEST_SKIP() << "there is no nft";
  }
  static void run(const std::string& command) { ASSERT_EQ(system(command.c_str()), 0) << command; }
  std::string apply() {
    auto done = loop->run_task(kernel.apply(snapshot(world)));
    return done ? "" : done.error().message();
  }
  static int listener(const char* address, int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in at{
        .sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port)), .sin_addr = {}, .sin_zero = {}};
    inet_pton(AF_INET, address, &at.sin_addr);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(listen(fd, 100), 0);
    return fd;
  }
  // 0, or the errno of connecting.
  static int reach(const char* address, int port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    timeval wait{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    sockaddr_in to{
        .sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port)), .sin_addr = {}, .sin_zero = {}};
    inet_pton(AF_INET, address, &to.sin_addr);
    int failed = connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
    close(fd);
    return failed;
  }
  // How many connections wait at a listener; takes them.
  static int arrived(int fd) {
    int count = 0;
    for (int got; (got = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK)) >= 0; ++count) close(got);
    return count;
  }

  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  World world;
  Kernel kernel{kOptions};
};

TEST_F(NftablesKernelTest, ConnectionsReachAllEndpointsAndNoneWhereThereIsNone) {
  auto& service = world.service("web", "10.96.0.10", 80);
  service.spec.type = "NodePort";
  service.spec.ports[0].node_port = 30080;
  world.service("empty", "10.96.0.11", 80);
  auto& sticky = world.service("sticky", "10.96.0.12", 80);
  sticky.spec.session_affinity = "ClientIP";
  world.slice("web", 8080, {{"10.244.0.2"}, {"10.244.0.3"}});
  world.slice("sticky", 8080, {{"10.244.0.2"}, {"10.244.0.3"}});
  ASSERT_EQ(apply(), "");
  int listeners[] = {listener("10.244.0.2", 8080), listener("10.244.0.3", 8080), listener("10.244.0.4", 8080)};
  for (int i = 0; i < 40; ++i) ASSERT_EQ(reach("10.96.0.10", 80), 0);
  int first = arrived(listeners[0]), second = arrived(listeners[1]);
  EXPECT_EQ(first + second, 40);
  EXPECT_GT(first, 0);
  EXPECT_GT(second, 0);
  EXPECT_EQ(reach("192.0.2.7", 30080), 0);
  EXPECT_EQ(arrived(listeners[0]) + arrived(listeners[1]), 1);
  EXPECT_EQ(reach("10.96.0.11", 80), ECONNREFUSED);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(reach("10.96.0.12", 80), 0);
  first = arrived(listeners[0]);
  EXPECT_TRUE(first == 0 || first == 10) << first;
  arrived(listeners[1]);

  world.slice("empty", 8080, {{"10.244.0.4"}});
  ASSERT_EQ(apply(), "");
  EXPECT_EQ(reach("10.96.0.11", 80), 0);
  EXPECT_EQ(arrived(listeners[2]), 1);
  for (int fd : listeners) close(fd);
  ASSERT_TRUE(loop->run_task(Kernel::remove(Family::IPv4)));
  ASSERT_TRUE(loop->run_task(Kernel::remove(Family::IPv4)));
}

TEST_F(NftablesKernelTest, EveryKindOfServiceIsTaken) {
  auto& service = world.service("web", "10.96.0.10", 80);
  service.spec.type = "LoadBalancer";
  service.spec.ports[0].node_port = 30080;
  service.spec.external_ips = {"192.0.2.1"};
  service.spec.external_traffic_policy = "Local";
  service.spec.session_affinity = "ClientIP";
  service.status.load_balancer.ingress.emplace_back();
  service.status.load_balancer.ingress[0].ip = "192.0.2.2";
  service.spec.load_balancer_source_ranges = {"198.51.100.0/24", "203.0.113.7/32"};
  world.service("dns", "10.96.0.11", 53, "UDP");
  world.slice("web", 8080, {{"10.244.0.2"}, {"10.244.0.3", "n2"}});
  ASSERT_EQ(apply(), "");
  world.slices.clear();
  ASSERT_EQ(apply(), "");
  world.services.clear();
  ASSERT_EQ(apply(), "");
  ASSERT_TRUE(loop->run_task(Kernel::remove(Family::IPv4)));
}

TEST_F(NftablesKernelTest, NodePortsAnswerWhereTheyAreToldToAndPodsAreToldByTheirInterface) {
  auto& service = world.service("web", "10.96.0.10", 80);
  service.spec.type = "NodePort";
  service.spec.ports[0].node_port = 30080;
  world.slice("web", 8080, {{"10.244.0.2"}});
  int fd = listener("10.244.0.2", 8080);
  for (auto by : {PodTraffic::By::Bridge, PodTraffic::By::Interface}) {
    Kernel strict({.pods = {by, "br0"}, .node_port_addresses = {{"192.0.2.8"}}});
    auto done = loop->run_task(strict.apply(snapshot(world)));
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(reach("192.0.2.7", 30080), ECONNREFUSED);
    EXPECT_EQ(reach("10.96.0.10", 80), 0);
    Kernel open({.pods = {by, "br0"}, .node_port_addresses = {{"192.0.2.7", "192.0.2.8"}}});
    ASSERT_TRUE(loop->run_task(open.apply(snapshot(world))));
    EXPECT_EQ(reach("192.0.2.7", 30080), 0);
  }
  close(fd);
  ASSERT_TRUE(loop->run_task(Kernel::remove(Family::IPv4)));
}

}  // namespace
}  // namespace proxy::nftables
