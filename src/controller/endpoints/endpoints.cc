#include "controller/endpoints/endpoints.h"

#include "client/events.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/pending.h"
#include "controller/common/removal.h"
#include "controller/common/services.h"

namespace controller {
namespace {

using api::core_v1::Endpoints;
using api::core_v1::Pod;
using api::core_v1::Service;
using base::Code;
using base::Result;
using client::Key;

constexpr std::string_view kName = "endpoint-controller";

class EndpointsController final : public Controller {
 public:
  explicit EndpointsController(Context& context)
      : context_(context),
        services_(context.caches.of<Service>()),
        pods_(pods_of(context.caches)),
        endpoints_(context.caches.of<Endpoints>()),
        pending_(context.clock),
        queue_(context.random),
        events_(context.client, context.clock, context.random, std::string(kName)) {
    services_.add_listener([this](const Key& key, const Service* before, const Service* now) {
      selectors_.changed(key, now);
      // What a service without a selector has is somebody else's, but what we made goes with it.
      if (now == nullptr ? has_managed_endpoints(*before) : has_managed_endpoints(*now)) queue_.add(key);
    });
    pods_.add_listener(
        [this](const Key&, const Pod* before, const Pod* now) { queue_services_of(selectors_, queue_, before, now); });
    endpoints_.add_listener([this](const Key& key, const Endpoints*, const Endpoints*) { queue_.add(key); });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await services_.wait_synced();
    co_await pods_.wait_synced();
    co_await endpoints_.wait_synced();
    co_await client::run_workers(std::string(kName), queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    std::shared_ptr<const Service> service = services_.get(key);
    std::shared_ptr<const Endpoints> current = endpoints_.get(key);
    if (!service) {
      pending_.forget(key);
      if (!current || !is_ours(*current)) co_return {};
      CO_TRY(co_await remove_exactly(context_.client, current));
      co_return {};
    }
    if (!has_managed_endpoints(*service)) co_return {};
    // Our own writes come back as events, and bring us here again.
    if (!pending_.settled(key, endpoints_)) co_return {};
    Endpoints wanted = plan_endpoints(*service, pods_of(pods_, *service), current.get());
    if (current && wanted == *current) co_return {};
    Result<Endpoints> stored = base::fail(Code::Internal, "not sent");
    if (current) {
      stored = co_await context_.client.update(std::move(wanted));
    } else {
      stored = co_await context_.client.create(std::move(wanted));
    }
    if (stored) pending_.written(key, stored->metadata);
    if (stored || client::is_namespace_terminating(stored.error())) co_return {};
    if (stored.error().code() != Code::Conflict && stored.error().code() != Code::AlreadyExists) {
      events_.record(client::EventRecorder::reference(*service), client::EventType::Warning,
                     current ? "FailedToUpdateEndpoint" : "FailedToCreateEndpoint",
                     std::string("Failed to ") + (current ? "update" : "create") + " endpoint " + key.text() + ": " +
                         stored.error().message());
    }
    co_return base::fail(stored.error());
  }

  static bool is_ours(const Endpoints& endpoints) {
    auto by = endpoints.metadata.labels.find("endpoints.kubernetes.io/managed-by");
    return by != endpoints.metadata.labels.end() && by->second == "endpoint-controller";
  }

  Context& context_;
  client::Cache<Service>& services_;
  client::Cache<Pod>& pods_;
  client::Cache<Endpoints>& endpoints_;
  ServiceSelectors selectors_;
  Pending pending_;
  client::Queue queue_;
  client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_endpoints_controller(Context& context) {
  return std::make_unique<EndpointsController>(context);
}

}  // namespace controller
