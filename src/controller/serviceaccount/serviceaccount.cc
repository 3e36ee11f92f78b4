#include "controller/serviceaccount/serviceaccount.h"

#include "api/core_v1.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/ownership.h"

namespace controller {
namespace {

using api::core_v1::Namespace;
using api::core_v1::ServiceAccount;
using base::Code;
using base::Result;
using client::Key;

constexpr std::string_view kDefault = "default";

class ServiceAccountController final : public Controller {
 public:
  explicit ServiceAccountController(Context& context)
      : context_(context),
        namespaces_(context.caches.of<Namespace>()),
        accounts_(context.reader, {.field_selector = "metadata.name=default"}),
        queue_(context.random) {
    namespaces_.add_listener([this](const Key& key, const Namespace*, const Namespace* now) {
      if (now != nullptr) queue_.add(key);
    });
    accounts_.add_listener([this](const Key& key, const ServiceAccount*, const ServiceAccount* now) {
      if (now == nullptr) queue_.add({"", key.namespace_});
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(accounts_.run());
    co_await namespaces_.wait_synced();
    co_await accounts_.wait_synced();
    co_await client::run_workers("serviceaccount", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    auto space = namespaces_.get(key);
    if (!space || is_being_deleted(space->metadata) || space->status.phase == "Terminating") co_return {};
    if (accounts_.get(key.name, kDefault)) co_return {};
    ServiceAccount account;
    account.metadata.namespace_ = key.name;
    account.metadata.name = kDefault;
    auto created = co_await context_.client.create(std::move(account));
    if (created || created.error().code() == Code::AlreadyExists || client::is_namespace_terminating(created.error()))
      co_return {};
    co_return base::fail(created.error());
  }

  Context& context_;
  client::Cache<Namespace>& namespaces_;
  client::Cache<ServiceAccount> accounts_;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_serviceaccount_controller(Context& context) {
  return std::make_unique<ServiceAccountController>(context);
}

}  // namespace controller
