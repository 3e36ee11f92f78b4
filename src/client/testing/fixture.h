// A simulated loop, a seed, a fake server and a client of it: what tests of components begin with.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "client/testing/fake_server.h"

namespace client::testing {

class World {
 public:
  explicit World(uint64_t seed = 1) : random(seed), server(clock, random), client(server.transport(), "test") {}

  // Starts a flow that lives as long as the world.
  void start(io::Task<void> task) {
    loop->post([this, &task] { scope.spawn(std::move(task)); });
    loop->run_until_idle();
  }
  // Runs on the loop, then all that follows from it at once.
  void on_loop(std::function<void()> work) {
    loop->post(std::move(work));
    loop->run_until_idle();
  }
  void advance(io::Duration span) { loop->advance(span); }
  // Lets time pass in small steps until `holds`; false if it does not within `limit`.
  bool advance_until(const std::function<bool()>& holds, io::Duration limit = std::chrono::minutes(10),
                     io::Duration step = std::chrono::milliseconds(100)) {
    for (io::Duration passed{}; passed <= limit; passed += step) {
      if (holds()) return true;
      loop->advance(step);
    }
    return holds();
  }
  // The value of a flow, run to its end.
  template <class T>
  T await(io::Task<T> task) {
    return loop->run_task(std::move(task));
  }
  base::Time now() const { return base::Time::from_ns(clock.wall_ns()).truncated_to_seconds(); }

  base::FakeClock clock;
  base::SeededRandom random;
  std::unique_ptr<io::Loop> loop = io::Loop::create_simulated(clock);
  FakeServer server;
  Client client;
  io::Scope scope;  // last: its flows refer to the rest
};

}  // namespace client::testing
