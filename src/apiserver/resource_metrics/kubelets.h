// What nodes and their pods use now, asked of their kubelets when somebody wants to know, and never otherwise. Two
// looks make a rate: the last one is kept for a while, and where there is none a second look follows shortly. Any
// thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apiserver/resource_metrics/samples.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace api::core_v1 {
struct Node;
}
namespace apiserver {
class KubeletDialer;
}

namespace apiserver::resource_metrics {

using NodeUsageRef = std::shared_ptr<const NodeUsage>;
using UsageByNode = std::map<std::string, NodeUsageRef, std::less<>>;

class Kubelets {
 public:
  // `dialer` null: nobody answers. Borrowed; outlives this. A first look is followed by a second one after `pause`.
  Kubelets(const KubeletDialer* dialer, base::Clock& clock, io::Duration pause = std::chrono::seconds(1))
      : dialer_(dialer), clock_(clock), pause_(pause) {}

  // Without those that do not answer in time.
  io::Task<UsageByNode> usage_of(std::vector<api::core_v1::Node> nodes);

 private:
  using SamplesRef = std::shared_ptr<const NodeSamples>;
  struct Look {
    SamplesRef samples;
    int64_t at_ns = 0;  // monotonic
  };
  struct Known {
    Look last;
    NodeUsageRef usage;  // of the time up to it; null until there were two looks
  };
  struct Round;
  io::Task<void> work(Round& round);
  io::Task<NodeUsageRef> usage_of_one(api::core_v1::Node node);
  io::Task<base::Result<std::string>> ask(api::core_v1::Node node) const;
  Known known(const std::string& node);
  Known add(const std::string& node, SamplesRef samples);

  const KubeletDialer* const dialer_;
  base::Clock& clock_;
  const io::Duration pause_;

  base::Mutex mutex_;
  std::map<std::string, Known> known_ GUARDED_BY(mutex_);  // by node; none older than kForgetNs
};

}  // namespace apiserver::resource_metrics
