// What a server is made of, and a request on its way. For the sources of Server alone.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "apiserver/admission/list.h"
#include "apiserver/aggregation/automatic_services.h"
#include "apiserver/audit/auditor.h"
#include "apiserver/crd/definitions.h"
#include "apiserver/flowcontrol/flow_control.h"
#include "apiserver/flowcontrol/work_estimate.h"
#include "apiserver/metrics/server_metrics.h"
#include "apiserver/pipeline/response.h"
#include "apiserver/registry/allocations.h"
#include "apiserver/registry/registry.h"
#include "apiserver/render/render.h"
#include "apiserver/resource_metrics/version.h"
#include "apiserver/server.h"

namespace apiserver {

struct Server::Parts {
  explicit Parts(const ServerOptions& options)
      : admission_metrics(options.metrics != nullptr ? *options.metrics : own_metrics, options.clock),
        admission(default_admission({options.authorizer, options.random, options.rbac, options.admission_settings,
                                     options.admission_enabled, options.admission_disabled, &admission_metrics}),
                  &admission_metrics),
        allocations({.store = options.store,
                     .catalog = catalog,
                     .clock = options.clock,
                     .random = options.random,
                     .service_networks = options.service_networks,
                     .node_port_first = options.node_port_first,
                     .node_port_last = options.node_port_last}),
        registry({.store = options.store,
                  .catalog = catalog,
                  .admission = admission,
                  .clock = options.clock,
                  .random = options.random,
                  .allocations = allocations}),
        renderer(options.clock, options.encoding_cache_bytes_max),
        metrics({.store = options.store,
                 .catalog = catalog,
                 .reads = reads,
                 .writes = writes,
                 .metrics = options.metrics != nullptr ? *options.metrics : own_metrics,
                 .started_ns = options.clock.wall_ns()}),
        flow(registry.reader(), options.clock, options.reads_max + options.writes_max, metrics.metrics()),
        definitions(registry, catalog),
        aggregator(registry, options.aggregation, own_versions(registry, options)),
        automatic_services(registry) {}

  static std::vector<std::shared_ptr<const OwnVersion>> own_versions(Registry& registry, const ServerOptions& options) {
    std::vector<std::shared_ptr<const OwnVersion>> made;
    if (options.resource_metrics) {
      made.push_back(
          std::make_shared<const resource_metrics::Version>(registry.reader(), options.kubelets, options.clock));
    }
    return made;
  }

  Catalog catalog;
  base::Metrics own_metrics;
  AdmissionMetrics admission_metrics;
  AdmissionChain admission;
  Allocations allocations;
  Registry registry;
  Renderer renderer;
  std::atomic<int> reads = 0;
  std::atomic<int> writes = 0;
  ServerMetrics metrics;
  FlowControl flow;
  Watchers watchers;
  crd::Definitions definitions;
  Aggregator aggregator;
  AutomaticServices automatic_services;
};

// One HTTP request on its way.
struct Server::Exchange {
  const io::Request& request;
  const io::Peer& peer;
  io::RequestBody& body;
  MeteredWriter writer;
  Call call;
  const Served* served = nullptr;                // once it is found
  RemoteVersionRef remote = nullptr;             // of requests that another server answers
  std::unique_ptr<AuditRecord> audit = nullptr;  // of requests that are written down
  FlowControl::Admitted admitted = {};

  Response response() { return Response(request, call, writer); }
};

}  // namespace apiserver
