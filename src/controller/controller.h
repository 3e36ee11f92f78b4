// What a controller is: a flow that makes one kind of thing so, and keeps it so. See controller/list.h for all of them.
//
// A controller declares the caches it reads, its listeners and its queue in its constructor; run() does the work. Its
// logic is plan(snapshot) -> actions, a pure function with tests of its own; what carries the actions out is a few
// lines. One loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/time.h"
#include "client/client.h"
#include "controller/caches.h"
#include "io/task.h"
#include "pki/certificate.h"

namespace controller {

// How pods' use of resources is judged; the flags --horizontal-pod-autoscaler-*.
struct AutoscalerOptions {
  int64_t sync_period_seconds = 15;
  int64_t downscale_stabilization_seconds = 300;
  int64_t cpu_initialization_seconds = 300;
  int64_t readiness_delay_seconds = 30;
  double tolerance = 0.1;  // how far use may be from the target, as a share of it
};

// As the flags of upstream's controller manager; durations in seconds.
struct Options {
  std::string cluster_name = "kubernetes";
  std::string cluster_cidr;  // pod addresses: "10.244.0.0/16", or two, by comma; "" gives nodes none
  bool allocate_node_cidrs = false;
  int node_cidr_mask_size_ipv4 = 24;
  int node_cidr_mask_size_ipv6 = 64;
  std::string root_ca;              // PEM, for kube-root-ca.crt; "" publishes none
  pki::KeyPair signing_authority;   // signs certificate requests; empty signs none
  std::string service_account_key;  // PEM, private: signs tokens for secrets that ask for one; "" fills none
  int64_t signing_seconds_max = 365 * 24 * 3600;
  int64_t node_monitor_grace_period = 50;
  int64_t node_startup_grace_period = 60;
  double node_eviction_rate = 0.1;             // nodes a second, in a zone that is healthy
  double secondary_node_eviction_rate = 0.01;  // in a large one that is not
  double unhealthy_zone_threshold = 0.55;      // the share of nodes that are not ready which makes it that
  int64_t large_cluster_size = 50;             // nodes of a zone; in smaller ones nobody is evicted then
  int terminated_pod_gc_threshold = 12500;
  int endpoints_per_slice = 100;
  int workers = 5;  // of each queue
  AutoscalerOptions autoscaler;
};

// What every controller is given; outlives it.
struct Context {
  client::Client client;  // what the controller does, under its own name
  client::Client reader;  // lists and watches, under the manager's: as for the caches that all share
  Caches& caches;
  base::Clock& clock;
  base::Random& random;
  Options options;

  base::Time now() const { return base::Time::from_ns(clock.wall_ns()).truncated_to_seconds(); }
};

class Controller {
 public:
  virtual ~Controller() = default;
  // Works until cancelled. The caches run by then.
  virtual io::Task<void> run() = 0;
};

}  // namespace controller
