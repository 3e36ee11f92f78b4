#include "controller/root_ca/root_ca.h"

#include "api/core_v1.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/ownership.h"

namespace controller {
namespace {

using api::core_v1::ConfigMap;
using api::core_v1::Namespace;
using base::Code;
using base::Result;
using client::Key;

constexpr std::string_view kConfigMap = "kube-root-ca.crt";
constexpr std::string_view kDescription =
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service "
    "IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

class RootCaPublisher final : public Controller {
 public:
  explicit RootCaPublisher(Context& context)
      : context_(context),
        namespaces_(context.caches.of<Namespace>()),
        maps_(context.reader, {.field_selector = "metadata.name=kube-root-ca.crt"}),
        queue_(context.random) {
    namespaces_.add_listener([this](const Key& key, const Namespace*, const Namespace* now) {
      if (now != nullptr) queue_.add(key);
    });
    maps_.add_listener(
        [this](const Key& key, const ConfigMap*, const ConfigMap*) { queue_.add({"", key.namespace_}); });
  }

  io::Task<void> run() override {
    if (context_.options.root_ca.empty()) co_return;
    io::Scope scope;
    scope.spawn(maps_.run());
    co_await namespaces_.wait_synced();
    co_await maps_.wait_synced();
    co_await client::run_workers("root-ca-certificate-publisher", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    auto space = namespaces_.get(key);
    if (!space || is_being_deleted(space->metadata) || space->status.phase == "Terminating") co_return {};
    auto current = maps_.get(key.name, kConfigMap);
    ConfigMap wanted;
    if (current) wanted = *current;
    wanted.metadata.namespace_ = key.name;
    wanted.metadata.name = kConfigMap;
    wanted.metadata.annotations["kubernetes.io/description"] = kDescription;
    wanted.data.clear();
    wanted.data["ca.crt"] = context_.options.root_ca;
    if (current && *current == wanted) co_return {};
    Result<ConfigMap> stored = base::fail(Code::Internal, "not sent");
    if (current) {
      stored = co_await context_.client.update(std::move(wanted));
    } else {
      stored = co_await context_.client.create(std::move(wanted));
    }
    if (stored || stored.error().code() == Code::AlreadyExists || client::is_namespace_terminating(stored.error()))
      co_return {};
    co_return base::fail(stored.error());
  }

  Context& context_;
  client::Cache<Namespace>& namespaces_;
  client::Cache<ConfigMap> maps_;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_root_ca_publisher(Context& context) {
  return std::make_unique<RootCaPublisher>(context);
}

}  // namespace controller
