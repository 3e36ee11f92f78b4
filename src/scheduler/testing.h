// A whole scheduler against a server in memory, in virtual time. For tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "client/testing/fixture.h"
#include "scheduler/core/testing.h"
#include "scheduler/scheduler.h"

namespace scheduler {

struct SchedulerFixture : testing::Test {
  client::testing::World world;
  client::Cache<api::core_v1::Pod> pods{world.client};
  client::Cache<api::core_v1::Node> nodes{world.client};
  SchedulerOptions options;
  std::unique_ptr<Scheduler> scheduler;

  void run() {
    world.on_loop([&] {
      scheduler = std::make_unique<Scheduler>(options, world.client, pods, nodes, world.clock, world.random);
    });
    world.start(pods.run());
    world.start(nodes.run());
    world.start(scheduler->run());
    world.advance(std::chrono::seconds(1));
  }
  ~SchedulerFixture() override {
    world.scope.cancel();
    world.on_loop([&] { scheduler.reset(); });
  }

  template <class T>
  void put(T object) {
    world.on_loop([&] { world.server.put(std::move(object)); });
    world.advance(std::chrono::seconds(1));
  }
};

}  // namespace scheduler
