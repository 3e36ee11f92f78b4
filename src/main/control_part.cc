#include "main/control_part.h"

#include "base/clock.h"
#include "base/random.h"
#include "io/loop.h"

namespace navarch {

namespace core = api::core_v1;

struct ControlPart::State {
  explicit State(client::Client client)
      : pods(client), nodes(client), scheduler({}, client, pods, nodes, base::system_clock(), base::system_random()) {}

  client::Cache<core::Pod> pods;
  client::Cache<core::Node> nodes;
  scheduler::Scheduler scheduler;
  io::Scope scope;  // last: its tasks refer to all above
};

ControlPart::ControlPart(controller::Options controllers, client::Client manager_client,
                         controller::ClientFor controller_clients, client::Client scheduler_client)
    : state_(std::make_unique<State>(std::move(scheduler_client))) {
  auto& scope = state_->scope;
  scope.spawn(state_->pods.run());
  scope.spawn(state_->nodes.run());
  scope.spawn(state_->scheduler.run());
  scope.spawn(controller::run_controllers(std::move(manager_client), std::move(controller_clients),
                                          base::system_clock(), base::system_random(), std::move(controllers),
                                          {"*", "bootstrap-signer-controller", "token-cleaner-controller"}));
}
ControlPart::~ControlPart() = default;

}  // namespace navarch
