// What pods and other objects use, as the metrics APIs tell it: metrics.k8s.io, custom.metrics.k8s.io and
// external.metrics.k8s.io. Errors are in upstream's words, for people. One loop.
#pragma once

#include <cstdint>
#include <string>

#include "client/client.h"
#include "controller/podautoscaler/replicas.h"

namespace controller::autoscaling {

class Metrics {
 public:
  explicit Metrics(client::Client client) : client_(std::move(client)) {}

  // What the pods that `selector` (a text, as all here) finds use of `resource`; with a `container`, that one alone.
  io::Task<base::Result<Samples>> of_resource(std::string namespace_, std::string selector, std::string resource,
                                              std::string container);
  io::Task<base::Result<Samples>> of_pods(std::string namespace_, std::string selector, std::string metric,
                                          std::string metric_selector);
  // Of one object. `resource` is what its kind is called: "ingresses.networking.k8s.io"; "namespaces" is about
  // `namespace_` itself.
  io::Task<base::Result<int64_t>> of_object(std::string namespace_, std::string resource, std::string name,
                                            std::string metric, std::string metric_selector);
  // The sum of all that `metric_selector` finds.
  io::Task<base::Result<int64_t>> external(std::string namespace_, std::string metric, std::string metric_selector);

 private:
  client::Client client_;
};

}  // namespace controller::autoscaling
