#include "client/lease.h"

#include <gtest/gtest.h>

#include "client/testing/fixture.h"

namespace client {
namespace {

using api::coordination_k8s_io_v1::Lease;
using namespace std::chrono_literals;

class LeaseTest : public ::testing::Test {
 protected:
  struct Contender {
    bool leading = false;
    int terms = 0;
    io::Scope scope;
  };
  static io::Task<void> lead(Contender* contender) {
    struct Term {
      explicit Term(Contender* contender) : contender(contender) {
        contender->leading = true;
        contender->terms++;
      }
      ~Term() { contender->leading = false; }
      Contender* contender;
    } term(contender);
    co_await io::sleep(24h);
  }
  void contend(Contender& contender, std::string identity) {
    world_.on_loop([&] {
      contender.scope.spawn(lead_while_elected(world_.client, world_.clock, world_.random,
                                               {.name = "scheduler", .identity = identity},
                                               [&contender] { return lead(&contender); }));
    });
  }
  Lease lease() { return *world_.server.get<Lease>("kube-system", "scheduler"); }

  testing::World world_;
};

TEST_F(LeaseTest, OnlyOneLeadsAndAnotherTakesOverWhenItDies) {
  Contender a, b;
  contend(a, "a");
  world_.advance(1s);
  contend(b, "b");
  world_.advance(60s);
  EXPECT_TRUE(a.leading);
  EXPECT_FALSE(b.leading);
  EXPECT_EQ(lease().spec.holder_identity, "a");
  world_.on_loop([&] { a.scope.cancel(); });
  world_.advance(13s);
  EXPECT_FALSE(b.leading);
  world_.advance(10s);
  EXPECT_TRUE(b.leading);
  EXPECT_EQ(lease().spec.lease_transitions, 1);
}

TEST_F(LeaseTest, ALeaderThatCannotRenewStepsDownBeforeOthersMayLead) {
  Contender a;
  contend(a, "a");
  world_.advance(5s);
  world_.server.set_fault([](const Call&) { return base::Error(base::Code::Unavailable, "down"); });
  world_.advance(13s);
  EXPECT_FALSE(a.leading);
  EXPECT_TRUE(a.scope.empty());
}

TEST_F(LeaseTest, ALeaderWhoseLeaseWasTakenStepsDown) {
  Contender a;
  contend(a, "a");
  world_.advance(5s);
  world_.on_loop([&] {
    Lease taken = lease();
    taken.spec.holder_identity = "other";
    world_.server.put(taken);
  });
  world_.advance(3s);
  EXPECT_FALSE(a.leading);
}

TEST_F(LeaseTest, HeartbeatRenewsTheNodesLease) {
  world_.start(keep_heartbeat(world_.client, world_.clock, {.name = "n1"}));
  world_.advance(1s);
  auto first = world_.server.get<Lease>("kube-node-lease", "n1");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->spec.holder_identity, "n1");
  EXPECT_EQ(first->spec.lease_duration_seconds, 40);
  world_.advance(10s);
  auto second = world_.server.get<Lease>("kube-node-lease", "n1");
  EXPECT_EQ(second->spec.renew_time.seconds - first->spec.renew_time.seconds, 10);
  // Another wrote it meanwhile: read again, and go on.
  world_.on_loop([&] {
    second->metadata.labels["x"] = "y";
    world_.server.put(*second);
  });
  world_.advance(11s);
  EXPECT_GT(world_.server.get<Lease>("kube-node-lease", "n1")->spec.renew_time, second->spec.renew_time);
  EXPECT_EQ(world_.server.get<Lease>("kube-node-lease", "n1")->metadata.labels.at("x"), "y");
}

}  // namespace
}  // namespace client
