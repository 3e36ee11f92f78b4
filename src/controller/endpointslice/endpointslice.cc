#include "controller/endpointslice/endpointslice.h"

#include "client/events.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/ownership.h"
#include "controller/endpointslice/plan.h"
#include "controller/endpointslice/slices.h"

namespace controller {
namespace {

using api::core_v1::Node;
using api::core_v1::Pod;
using api::core_v1::Service;
using api::discovery_k8s_io_v1::EndpointSlice;
using base::Code;
using base::Result;
using client::Key;
using endpointslice::SlicePointer;

constexpr std::string_view kName = "endpoint-slice-controller";

Key service_of(const EndpointSlice& slice) {
  return endpointslice::service_of(slice, endpointslice::kController);
}

std::vector<std::string> service_index(const EndpointSlice& slice) {
  Key service = service_of(slice);
  if (service.name.empty()) return {};
  return {service.text()};
}

class EndpointSliceController final : public Controller {
 public:
  explicit EndpointSliceController(Context& context)
      : context_(context),
        services_(context.caches.of<Service>()),
        pods_(pods_of(context.caches)),
        nodes_(context.caches.of<Node>()),
        slices_(context.caches.indexed<EndpointSlice>("managed-service", service_index)),
        queue_(context.random),
        pending_(context.clock),
        events_(context.client, context.clock, context.random, std::string(kName)) {
    services_.add_listener([this](const Key& key, const Service*, const Service* now) {
      selectors_.changed(key, now);
      queue_.add(key);
    });
    pods_.add_listener(
        [this](const Key&, const Pod* before, const Pod* now) { queue_services_of(selectors_, queue_, before, now); });
    slices_.add_listener([this](const Key&, const EndpointSlice* before, const EndpointSlice* now) {
      for (const EndpointSlice* slice : {before, now}) {
        if (Key service = slice ? service_of(*slice) : Key{}; !service.name.empty()) queue_.add(service);
      }
    });
    // A node's zone is in its pods' endpoints.
    nodes_.add_listener([this](const Key& key, const Node* before, const Node* now) {
      if (zone(before) == zone(now)) return;
      for (const PodPointer& pod : pods_.by_index("node", key.name))
        queue_services_of(selectors_, queue_, nullptr, pod.get());
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await services_.wait_synced();
    co_await pods_.wait_synced();
    co_await slices_.wait_synced();
    co_await nodes_.wait_synced();
    co_await client::run_workers(std::string(kName), queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  static std::string zone(const Node* node) {
    if (node == nullptr) return "";
    auto zone = node->metadata.labels.find("topology.kubernetes.io/zone");
    return zone == node->metadata.labels.end() ? "" : zone->second;
  }

  io::Task<Result<void>> reconcile(Key key) {
    std::shared_ptr<const Service> service = services_.get(key);
    // The slices of a service that is gone go with their owner.
    if (!service) {
      pending_.forget(key);
      co_return {};
    }
    if (!has_managed_endpoints(*service) || is_being_deleted(service->metadata)) co_return {};
    // Our own writes come back as events, and bring us here again.
    if (!pending_.settled(key, slices_)) co_return {};
    std::vector<SlicePointer> slices = slices_.by_index("managed-service", key.text());
    std::erase_if(slices, [](const SlicePointer& slice) { return is_being_deleted(slice->metadata); });
    auto zone_of = [this](const std::string& node) { return zone(nodes_.get("", node).get()); };
    auto plan = endpointslice::plan(*service, pods_of(pods_, *service), slices, zone_of,
                                    static_cast<size_t>(context_.options.endpoints_per_slice));
    auto done = co_await endpointslice::carry_out(context_.client, key, std::move(plan), pending_);
    if (!done && !client::is_namespace_terminating(done.error())) {
      if (done.error().code() != Code::Conflict) {
        events_.record(client::EventRecorder::reference(*service), client::EventType::Warning,
                       "FailedToUpdateEndpointSlices",
                       "Error updating Endpoint Slices for Service " + key.text() + ": " + done.error().message());
      }
      co_return done;
    }
    co_return {};
  }

  Context& context_;
  client::Cache<Service>& services_;
  client::Cache<Pod>& pods_;
  client::Cache<Node>& nodes_;
  client::Cache<EndpointSlice>& slices_;
  ServiceSelectors selectors_;
  client::Queue queue_;
  Pending pending_;
  client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_endpointslice_controller(Context& context) {
  return std::make_unique<EndpointSliceController>(context);
}

}  // namespace controller
