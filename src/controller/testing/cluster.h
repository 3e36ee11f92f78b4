// A cluster for the tests of controllers: the fake server, the controllers named, and, if wanted, nodes that run what
// is bound to them and a scheduler that binds. All in virtual time, from one seed.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/apps_v1.h"
#include "base/strings.h"
#include "client/testing/fixture.h"
#include "controller/common/pods.h"
#include "controller/list.h"

namespace controller::testing {

using namespace std::chrono_literals;

class Cluster : public client::testing::World {
 public:
  explicit Cluster(uint64_t seed = 1) : World(seed) {}

  void run(std::vector<std::string> controllers, Options options = {}) {
    start(run_controllers(
        client, [this](std::string_view) { return client; }, clock, random, std::move(options),
        std::move(controllers)));
    advance(1s);
  }
  // Binds pending pods to one of `nodes`, starts what is bound after up to `start_max`, ends what is deleted.
  // Pods whose image is "bad" never become ready; those of "exits" succeed.
  void run_nodes(std::vector<std::string> nodes, io::Duration start_max = 2s) {
    nodes_ = std::move(nodes);
    start(live(this, start_max));
  }

  template <class T>
  T put(T object) {
    T stored;
    on_loop([&] { stored = server.put(std::move(object)); });
    return stored;
  }
  // Changes the object as a user would.
  template <class T>
  void edit(std::string namespace_, std::string name, std::function<void(T&)> change) {
    on_loop([&] {
      T object = *server.get<T>(namespace_, name);
      change(object);
      server.put(std::move(object));
    });
  }
  std::vector<api::core_v1::Pod> active_pods() const;
  std::vector<std::string> events(std::string_view about) const;  // "Reason message", oldest first

 private:
  static io::Task<void> live(Cluster* cluster, io::Duration start_max);
  void turn(io::Duration start_max);
  void run(api::core_v1::Pod pod, io::Duration start_max);

  std::vector<std::string> nodes_;
  std::map<std::string, int64_t> starts_;  // by uid: when its pod becomes ready
  uint32_t next_ip_ = 2;
};

// A deployment of `replicas` pods labelled app=<name>.
api::apps_v1::Deployment deployment(std::string name, int32_t replicas, std::string image = "good");
api::apps_v1::ReplicaSet replica_set(std::string name, int32_t replicas, std::string image = "good");

}  // namespace controller::testing
