// Controllers and scheduler, on one loop.
#pragma once

#include <memory>
#include <string>

#include "client/client.h"
#include "controller/list.h"
#include "scheduler/scheduler.h"

namespace navarch {

class ControlPart {
 public:
  // On the loop that it lives on, which it also dies on. Works at once.
  ControlPart(controller::Options controllers, client::Client manager_client, controller::ClientFor controller_clients,
              client::Client scheduler_client);
  ~ControlPart();
  ControlPart(const ControlPart&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace navarch
