// /metrics: what the node agent has counted, and how its pods and their volumes stand at this moment. One loop.
#pragma once

#include <string>

#include "io/task.h"
#include "kubelet/pods/context.h"
#include "kubelet/pods/pods.h"

namespace kubelet {

class NodeMetrics {
 public:
  // Borrowed; they outlive it.
  NodeMetrics(const Pods& pods, const PodContext& context) : pods_(pods), context_(context) {}

  // Prometheus' text.
  io::Task<std::string> text() const;

 private:
  void count_pods() const;

  const Pods& pods_;
  const PodContext& context_;
};

}  // namespace kubelet
