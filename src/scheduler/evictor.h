// Carries out a preemption: marks the victims as disrupted, deletes them, and tells why.
#pragma once

#include <memory>
#include <string>

#include "api/core_v1.h"
#include "base/clock.h"
#include "client/client.h"
#include "client/events.h"
#include "io/task.h"

namespace scheduler {

class Evictor {
 public:
  // `events` and `clock` are borrowed.
  Evictor(client::Client client, client::EventRecorder& events, base::Clock& clock)
      : client_(std::move(client)), events_(events), clock_(clock) {}

  // Deletes `victim` for `preemptor`, which will have its place on `node`. A victim that is gone, or has been replaced,
  // is no error; another failure is logged: the pod is tried again, and so is this.
  io::Task<void> evict(std::shared_ptr<const api::core_v1::Pod> victim,
                       std::shared_ptr<const api::core_v1::Pod> preemptor, std::string node);

  // Takes the node back that was kept for a pod which another has overtaken.
  io::Task<void> withdraw_nomination(std::shared_ptr<const api::core_v1::Pod> pod);

 private:
  client::Client client_;
  client::EventRecorder& events_;
  base::Clock& clock_;
};

}  // namespace scheduler
