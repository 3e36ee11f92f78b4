// metrics.k8s.io/v1beta1: what nodes and pods use, as metrics-server tells it; `kubectl top` and autoscalers read it.
// Kubernetes documentation, "Resource metrics pipeline".
#pragma once

#include "apiserver/aggregation/own_version.h"
#include "apiserver/registry/reader.h"
#include "apiserver/resource_metrics/kubelets.h"

namespace apiserver::resource_metrics {

class Version final : public OwnVersion {
 public:
  // Borrowed; outlive this. `dialer` may be null. `pause`: see Kubelets.
  Version(const Reader& reader, const KubeletDialer* dialer, base::Clock& clock,
          io::Duration pause = std::chrono::seconds(1))
      : reader_(reader), clock_(clock), kubelets_(dialer, clock, pause) {}

  std::string group() const override { return "metrics.k8s.io"; }
  std::string version() const override { return "v1beta1"; }
  int32_t group_priority() const override { return 100; }
  int32_t version_priority() const override { return 100; }
  std::vector<api::apidiscovery_k8s_io_v2::APIResourceDiscovery> resources() const override;
  io::Task<base::Result<schema::Object>> answer(const Call& call) const override;
  api::meta_v1::Table table(const schema::Object& answer) const override;

 private:
  io::Task<base::Result<schema::Object>> nodes(const Call& call) const;
  io::Task<base::Result<schema::Object>> pods(const Call& call) const;

  const Reader& reader_;
  base::Clock& clock_;
  mutable Kubelets kubelets_;
};

}  // namespace apiserver::resource_metrics
