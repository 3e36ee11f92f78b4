#include "proxy/iptables/ruleset.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "proxy/testing.h"

namespace proxy::iptables {
namespace {

struct RulesetTest : testing::Test {
  World world;
  Options options{.pods = {PodTraffic::By::Range, "10.244.0.0/16"}};

  Ruleset rules() {
    return make_ruleset(make_snapshot(world.services, world.slices, {.node = "n1"}, Family::IPv4), options);
  }
  // The chains of a table whose names start so, as iptables-save would print them.
  static std::string text(const Chains& chains, std::string_view prefix) {
    std::string out;
    for (const auto& [name, lines] : chains) {
      if (!name.starts_with(prefix)) continue;
      for (const auto& line : lines) out += base::cat({name, " ", line, "\n"});
    }
    return out;
  }
};

TEST_F(RulesetTest, AClusterIpLeadsToOneOfItsEndpointsEachAsLikely) {
  world.service("web", "10.96.0.10", 80);
  world.slice("web", 8080, {{"10.244.0.2"}, {"10.244.0.3"}, {"10.244.0.4"}});
  auto made = rules();
  EXPECT_EQ(
      text(made.nat, "KUBE-SVC-"),
      R"(KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http cluster IP" -m tcp -p tcp ! -s 10.244.0.0/16 -d 10.96.0.10 --dport 80 -j KUBE-MARK-MASQ
KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.0.2:8080" -m statistic --mode random --probability 0.3333333333 -j KUBE-SEP-QA4PSDNF5R2OJOPA
KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.0.3:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-TCD3IFXQZW3ZEZQU
KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.0.4:8080" -j KUBE-SEP-MQPSSF2DIKDEHI3U
)");
}

TEST_F(RulesetTest, WithoutEndpointsConnectionsAreRefused) {
  world.service("web", "10.96.0.10", 80);
  auto made = rules();
  EXPECT_EQ(text(made.filter, "KUBE-SERVICES"),
            "KUBE-SERVICES -m comment --comment \"default/web:http has no endpoints\" -m tcp -p tcp -d 10.96.0.10 "
            "--dport 80 -j REJECT\n");
  EXPECT_EQ(text(made.nat, "KUBE-SVC-"), "");
}

TEST_F(RulesetTest, ANodePortIsTakenAfterAllServiceAddresses) {
  world.service("web", "10.96.0.10", 80).spec.ports[0].node_port = 30080;
  world.slice("web", 8080, {{"10.244.0.2"}});
  auto made = rules();
  EXPECT_NE(made.nat["KUBE-SERVICES"].back().find("-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS"), std::string::npos);
  EXPECT_NE(text(made.nat, "KUBE-NODEPORTS").find("--dport 30080 -j KUBE-EXT-"), std::string::npos);
  EXPECT_NE(text(made.nat, "KUBE-EXT-").find("-j KUBE-MARK-MASQ"), std::string::npos);
}

TEST_F(RulesetTest, TheLocalPolicyKeepsTheClientsAddressAndUsesThisNodeOnly) {
  auto& service = world.service("web", "10.96.0.10", 80);
  service.spec.ports[0].node_port = 30080;
  service.spec.external_traffic_policy = "Local";
  world.slice("web", 8080, {{"10.244.0.2", "n1"}, {"10.244.1.2", "n2"}});
  auto made = rules();
  auto local = text(made.nat, "KUBE-SVL-");
  EXPECT_NE(local.find("10.244.0.2:8080"), std::string::npos);
  EXPECT_EQ(local.find("10.244.1.2:8080"), std::string::npos);
  EXPECT_NE(made.nat[made.nat.lower_bound("KUBE-EXT-")->first].back().find("-j KUBE-SVL-"), std::string::npos);
}

TEST_F(RulesetTest, TheLocalPolicyDropsWhereThisNodeHasNone) {
  auto& service = world.service("web", "10.96.0.10", 80);
  service.spec.ports[0].node_port = 30080;
  service.spec.external_traffic_policy = "Local";
  world.slice("web", 8080, {{"10.244.1.2", "n2"}});
  EXPECT_NE(text(rules().filter, "KUBE-EXTERNAL-SERVICES").find("--dport 30080 -j DROP"), std::string::npos);
}

TEST_F(RulesetTest, AffinityAsksForTheLastEndpointFirst) {
  world.service("web", "10.96.0.10", 80).spec.session_affinity = "ClientIP";
  world.slice("web", 8080, {{"10.244.0.2"}, {"10.244.0.3"}});
  auto made = rules();
  auto& chain = made.nat[made.nat.lower_bound("KUBE-SVC-")->first];
  EXPECT_NE(chain[1].find("-m recent --name KUBE-SEP-"), std::string::npos);
  EXPECT_NE(chain[1].find("--rcheck --seconds 10800 --reap"), std::string::npos);
  EXPECT_NE(text(made.nat, "KUBE-SEP-").find("--set"), std::string::npos);
}

TEST_F(RulesetTest, EveryJumpGoesToAChainThatIsThere) {
  auto& service = world.service("web", "10.96.0.10", 80);
  service.spec.ports[0].node_port = 30080;
  service.spec.external_ips = {"192.0.2.1"};
  service.status.load_balancer.ingress.emplace_back();
  service.status.load_balancer.ingress[0].ip = "192.0.2.2";
  service.spec.load_balancer_source_ranges = {"198.51.100.0/24"};
  world.slice("web", 8080, {{"10.244.0.2", "n1"}, {"10.244.1.2", "n2"}});
  for (const char* external : {"Cluster", "Local"}) {
    for (const char* internal : {"Cluster", "Local"}) {
      service.spec.external_traffic_policy = external;
      service.spec.internal_traffic_policy = internal;
      auto made = rules();
      for (const auto* chains : {&made.nat, &made.filter}) {
        for (const auto& [name, lines] : *chains) {
          EXPECT_LE(name.size(), 28u);
          for (const auto& line : lines) {
            auto target = line.substr(line.rfind("-j ") + 3);
            target = target.substr(0, target.find(' '));
            if (target.starts_with("KUBE-")) EXPECT_TRUE(chains->contains(target)) << name << " -> " << target;
          }
        }
      }
    }
  }
}

TEST_F(RulesetTest, OnlyChainsThatDifferAreWritten) {
  world.service("web", "10.96.0.10", 80);
  world.service("db", "10.96.0.11", 5432);
  world.slice("web", 8080, {{"10.244.0.2"}});
  world.slice("db", 5432, {{"10.244.0.9"}});
  auto before = rules();
  EXPECT_EQ(difference(before, before), "");
  world.slice("web", 8080, {{"10.244.0.3"}});
  auto input = difference(before, rules());
  EXPECT_NE(input.find("10.244.0.3"), std::string::npos);
  EXPECT_EQ(input.find("default/db"), std::string::npos);
  EXPECT_EQ(input.find("*filter"), std::string::npos);
  EXPECT_TRUE(input.starts_with("*nat\n") && input.ends_with("COMMIT\n")) << input;
}

TEST_F(RulesetTest, PodsAreToldByTheirInterfaceWhereThatIsWanted) {
  world.service("web", "10.96.0.10", 80);
  world.slice("web", 8080, {{"10.244.0.2"}});
  options.pods = {PodTraffic::By::Bridge, "br0"};
  EXPECT_TRUE(text(rules().nat, "KUBE-SVC-").contains(" ! -i br0 -d 10.96.0.10 "));
  options.pods = {PodTraffic::By::Interface, "veth"};
  EXPECT_TRUE(text(rules().nat, "KUBE-SVC-").contains(" ! -i veth+ -d 10.96.0.10 "));
  options.pods = {};
  EXPECT_FALSE(text(rules().nat, "KUBE-SVC-").contains("KUBE-MARK-MASQ"));
}

TEST_F(RulesetTest, NodePortsAnswerWhereTheyAreToldTo) {
  EXPECT_TRUE(text(rules().nat, "KUBE-SERVICES").contains("--dst-type LOCAL -j KUBE-NODEPORTS"));
  options.node_port_addresses = {"192.0.2.1", "198.51.100.1"};
  auto services = text(rules().nat, "KUBE-SERVICES");
  EXPECT_FALSE(services.contains("--dst-type LOCAL"));
  EXPECT_TRUE(services.contains("-d 192.0.2.1 -j KUBE-NODEPORTS"));
  EXPECT_TRUE(services.contains("-d 198.51.100.1 -j KUBE-NODEPORTS"));
}

TEST_F(RulesetTest, WhatIsNoLongerThereIsEmptiedAndRemoved) {
  world.service("web", "10.96.0.10", 80);
  world.slice("web", 8080, {{"10.244.0.2"}});
  auto before = rules();
  world.services.clear();
  auto input = difference(before, rules());
  auto name = before.nat.lower_bound("KUBE-SVC-")->first;
  EXPECT_NE(input.find(":" + name + " - [0:0]"), std::string::npos);
  EXPECT_NE(input.find("-X " + name), std::string::npos);
  EXPECT_LT(input.find(":" + name), input.find("-X " + name));
}

TEST_F(RulesetTest, AnEarlierLifesChainsAreKnownFromWhatIsSaved) {
  auto found = chains_in(
      "*nat\n:PREROUTING ACCEPT [0:0]\n:KUBE-SVC-OLD - [0:0]\n:KUBE-MINE - [0:0]\n-A KUBE-SVC-OLD -j RETURN\nCOMMIT\n"
      "*filter\n:KUBE-FORWARD - [0:0]\n:CNI-X - [0:0]\nCOMMIT\n");
  EXPECT_EQ(found.nat.size(), 1u);
  EXPECT_TRUE(found.nat.contains("KUBE-SVC-OLD"));
  EXPECT_EQ(found.filter.size(), 1u);
}

}  // namespace
}  // namespace proxy::iptables
