// The kubelet's own HTTPS server: logs, exec, attach and port forwarding for the API server, the pods of this node,
// health. Paths and parameters are upstream's. One loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "base/result.h"
#include "io/http_server.h"
#include "kubelet/metrics/kubelet_metrics.h"
#include "kubelet/options.h"
#include "kubelet/runtime/records.h"
#include "kubelet/runtime/runtime.h"
#include "kubelet/server/access.h"

namespace kubelet {

// What the server is told of the pods.
class PodView {
 public:
  virtual ~PodView() = default;
  // All of this node, with the newest status.
  virtual std::vector<std::shared_ptr<const api::core_v1::Pod>> pods() const = 0;
  // What the runtime knows of a pod; null when it is not here. `uid` may be "".
  virtual const PodRecord* record(std::string_view namespace_, std::string_view name, std::string_view uid) const = 0;
  // Prometheus' text of what the kubelet counts, and of what the pods use.
  virtual io::Task<std::string> metrics() = 0;
  virtual io::Task<std::string> resource_metrics() = 0;
  virtual io::Task<std::string> cadvisor_metrics() = 0;
  // And of what their probes found.
  virtual std::string probe_metrics() const = 0;
  // The same as JSON, in upstream's stats v1alpha1.
  virtual io::Task<std::string> summary(bool only_cpu_and_memory) = 0;
  // Its newest object; null when it is not here.
  virtual const api::core_v1::Pod* pod(std::string_view namespace_, std::string_view name,
                                       std::string_view uid) const = 0;
};

class Server {
 public:
  // Listens at once, on the current loop, with the certificate of the options or else one made on the spot. Everything
  // given is borrowed and outlives the server.
  static base::Result<std::unique_ptr<Server>> create(const KubeletOptions& options, PodView& pods, Runtime& runtime,
                                                      Access& access, KubeletMetrics& metrics);
  ~Server();
  Server(const Server&) = delete;

  const io::Address& address() const;
  io::Task<void> close();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kubelet
