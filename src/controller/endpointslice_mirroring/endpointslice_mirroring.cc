#include "controller/endpointslice_mirroring/endpointslice_mirroring.h"

#include "client/events.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/pending.h"
#include "controller/endpointslice/slices.h"
#include "controller/endpointslice_mirroring/plan.h"

namespace controller {
namespace {

using api::core_v1::Endpoints;
using api::core_v1::Service;
using api::discovery_k8s_io_v1::EndpointSlice;
using base::Result;
using client::Key;

constexpr std::string_view kName = "endpoint-slice-mirroring-controller";

class EndpointSliceMirroring final : public Controller {
 public:
  explicit EndpointSliceMirroring(Context& context)
      : context_(context),
        services_(context.caches.of<Service>()),
        endpoints_(context.caches.of<Endpoints>()),
        slices_(context.caches.indexed<EndpointSlice>("mirrored-service", mirrored_service)),
        queue_(context.random),
        pending_(context.clock),
        events_(context.client, context.clock, context.random, std::string(kName)) {
    services_.add_listener([this](const Key& key, const Service*, const Service*) { queue_.add(key); });
    endpoints_.add_listener([this](const Key& key, const Endpoints*, const Endpoints*) { queue_.add(key); });
    slices_.add_listener([this](const Key&, const EndpointSlice* before, const EndpointSlice* now) {
      for (const EndpointSlice* slice : {before, now}) {
        if (auto service = slice ? endpointslice::service_of(*slice, endpointslice_mirroring::kController) : Key{};
            !service.name.empty()) {
          queue_.add(service);
        }
      }
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await services_.wait_synced();
    co_await endpoints_.wait_synced();
    co_await slices_.wait_synced();
    co_await client::run_workers(std::string(kName), queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  static std::vector<std::string> mirrored_service(const EndpointSlice& slice) {
    Key service = endpointslice::service_of(slice, endpointslice_mirroring::kController);
    if (service.name.empty()) return {};
    return {service.text()};
  }

  io::Task<Result<void>> reconcile(Key key) {
    if (!pending_.settled(key, slices_)) co_return {};
    auto slices = slices_.by_index("mirrored-service", key.text());
    auto endpoints = endpoints_.get(key);
    auto service = services_.get(key);
    endpointslice::Plan plan;
    if (endpoints && endpointslice_mirroring::is_mirrored(*endpoints, service.get())) {
      plan = endpointslice_mirroring::plan(*endpoints, slices);
    } else if (!slices.empty()) {
      plan.remove = std::move(slices);
    } else {
      pending_.forget(key);
      co_return {};
    }
    auto done = co_await endpointslice::carry_out(context_.client, key, std::move(plan), pending_);
    if (!done && !client::is_namespace_terminating(done.error())) {
      if (endpoints && done.error().code() != base::Code::Conflict) {
        events_.record(client::EventRecorder::reference(*endpoints), client::EventType::Warning,
                       "FailedToUpdateEndpointSlices",
                       "Error updating EndpointSlices for Endpoints " + key.text() + ": " + done.error().message());
      }
      co_return done;
    }
    co_return {};
  }

  Context& context_;
  client::Cache<Service>& services_;
  client::Cache<Endpoints>& endpoints_;
  client::Cache<EndpointSlice>& slices_;
  client::Queue queue_;
  Pending pending_;
  client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_endpointslice_mirroring_controller(Context& context) {
  return std::make_unique<EndpointSliceMirroring>(context);
}

}  // namespace controller
