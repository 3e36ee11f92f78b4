// Writes into the API what a pod was given: allocations, the claim for its extended resources, reservations; takes back
// what it did when the pod is not bound after all. One loop.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "client/client.h"
#include "scheduler/core/devices.h"
#include "scheduler/plugin/dynamic_resources/wishes.h"

namespace scheduler::dynamic_resources {

class Binder {
 public:
  using Claim = Devices::Claim;
  // `ready_within`: see make_dynamic_resources(). All borrowed but the client.
  Binder(client::Client client, Devices& devices, base::Clock& clock, io::Duration ready_within)
      : client_(std::move(client)), devices_(devices), clock_(clock), ready_within_(ready_within) {}

  // Allocates the claim (unless `allocation` is null: it is allocated already) and reserves it for the pod.
  io::Task<base::Result<Claim>> bind(Claim claim, std::shared_ptr<const Devices::Allocation> allocation,
                                     api::core_v1::Pod pod);
  // Makes a claim for extended resources; it has its name and uid then.
  io::Task<base::Result<Claim>> create(Claim claim);
  // Tells in the pod's status which containers have what of that claim.
  io::Task<base::Result<void>> tell(api::core_v1::Pod pod, Claim claim,
                                    std::vector<api::core_v1::ContainerExtendedResourceRequest> mappings);
  // Comes back when the devices of these claims are ready for use; an Error when they will not be.
  io::Task<base::Result<void>> wait_ready(std::vector<client::Key> claims);

  // The pod uses it no more. Failures are logged.
  io::Task<void> unreserve(client::Key claim, std::string claim_uid, std::string pod_uid);
  io::Task<void> remove(Claim claim);
  // Nobody uses it: its devices are free again.
  io::Task<void> deallocate(Claim claim);

 private:
  client::Client client_;
  Devices& devices_;
  base::Clock& clock_;
  const io::Duration ready_within_;
};

}  // namespace scheduler::dynamic_resources
