// Workloads of any kind that has a size, built in or not, by their subresource "scale". One loop.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "api/autoscaling_v1.h"
#include "base/clock.h"
#include "client/client.h"
#include "controller/common/kinds.h"

namespace controller::autoscaling {

class Targets {
 public:
  Targets(client::Client client, base::Clock& clock);  // the clock is borrowed

  // The resource of a kind: of those built in by heart, of others by asking, and remembered for a while. The version
  // does not matter. NotFound in upstream's words.
  io::Task<base::Result<ResourceKind>> find(std::string group, std::string kind);

  io::Task<base::Result<api::autoscaling_v1::Scale>> scale(ResourceKind kind, std::string namespace_, std::string name);
  // Conflict when the workload has changed since.
  io::Task<base::Result<void>> set_scale(ResourceKind kind, api::autoscaling_v1::Scale scale);

 private:
  struct Known {
    ResourceKind kind;
    int64_t until_ns = 0;
  };
  client::Client client_;
  base::Clock& clock_;
  std::map<std::pair<std::string, std::string>, Known> known_;  // by group and kind
};

}  // namespace controller::autoscaling
