// Leases of coordination.k8s.io/v1: who leads, and which node is alive.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "api/coordination_k8s_io_v1.h"
#include "base/clock.h"
#include "base/random.h"
#include "client/client.h"
#include "io/loop.h"

namespace client {

struct ElectionOptions {
  std::string namespace_ = "kube-system";
  std::string name;                                        // "kube-scheduler"
  std::string identity;                                    // of this process: host name and a uuid
  io::Duration lease_duration = std::chrono::seconds(15);  // others wait this long after the last renewal they saw
  io::Duration renew_deadline = std::chrono::seconds(10);  // a leader that could not renew for this long steps down
  io::Duration retry_period = std::chrono::seconds(2);
};

// Waits until this process leads, then runs `lead()`; cancels it when the lead is lost and comes back (the caller ends
// the process, as upstream's components do, or runs again). If lead() ends by itself the lease is given up. Another's
// lease counts from when we saw it change, on our clock: clocks of different machines are not compared.
io::Task<void> lead_while_elected(Client client, base::Clock& clock, base::Random& random, ElectionOptions options,
                                  std::function<io::Task<void>()> lead);

struct HeartbeatOptions {
  std::string namespace_ = "kube-node-lease";
  std::string name;                           // of the node, which is the holder too
  std::string holder;                         // "": as the name
  std::map<std::string, std::string> labels;  // of the lease
  io::Duration lease_duration = std::chrono::seconds(40);
  io::Duration renew_interval = std::chrono::seconds(10);
  // Makes the lease belong to its node once that exists; may be empty.
  std::function<std::vector<api::meta_v1::OwnerReference>()> owners;
};

// Renews the lease of a node, or of a server, for ever; creates it when absent. Failures are tried again, at most 7 s
// apart.
io::Task<void> keep_heartbeat(Client client, base::Clock& clock, HeartbeatOptions options);

}  // namespace client
