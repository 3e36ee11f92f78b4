#include "controller/resource_quota/resource_quota.h"

#include <algorithm>

#include "api/apiextensions_k8s_io_v1.h"
#include "base/strings.h"
#include "client/queue.h"
#include "controller/common/ownership.h"
#include "controller/common/pods.h"
#include "controller/resource_quota/object_counts.h"

namespace controller {
namespace {

using api::apiextensions_k8s_io_v1::CustomResourceDefinition;
using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;
using api::core_v1::ResourceQuota;
using api::core_v1::Service;
using base::Code;
using base::Result;
using client::Key;
using resource_quota::ObjectCounts;

// How often all is counted, whatever has been heard; upstream's --resource-quota-sync-period.
constexpr io::Duration kResync = std::chrono::minutes(5);

class ResourceQuotaController final : public Controller {
 public:
  explicit ResourceQuotaController(Context& context)
      : context_(context),
        quotas_(context.caches.of<ResourceQuota>()),
        pods_(pods_of(context.caches)),
        services_(context.caches.of<Service>()),
        claims_(context.caches.of<PersistentVolumeClaim>()),
        definitions_(context.caches.of<CustomResourceDefinition>()),
        queue_(context.random) {
    // What admission adds to a status is right as it is.
    quotas_.add_listener([this](const Key& key, const ResourceQuota* before, const ResourceQuota* now) {
      if (now == nullptr) return;
      if (before == nullptr || !(before->spec == now->spec) || now->status.hard != now->spec.hard) queue_.add(key);
      wanted_.set();
    });
    // And what it has added comes back when less is used.
    follow<Pod>(pods_, [this](const Pod& pod) { return quota::usage_of(pod, context_.now()); });
    follow<Service>(services_, [](const Service& service) { return quota::usage_of(service); });
    follow<PersistentVolumeClaim>(claims_, [](const PersistentVolumeClaim& claim) { return quota::usage_of(claim); });
    definitions_.add_listener(
        [this](const Key&, const CustomResourceDefinition*, const CustomResourceDefinition*) { wanted_.set(); });
  }

  io::Task<void> run() override {
    co_await context_.caches.wait_synced();
    io::Scope scope;
    scope.spawn(follow_counted());
    scope.spawn(count_again());
    co_await client::run_workers("resourcequota", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  template <class T, class Usage>
  void follow(client::Cache<T>& cache, Usage usage) {
    cache.add_listener([this, usage](const Key& key, const T* before, const T* now) {
      if (before == nullptr) {
        add_quotas_after(key.namespace_, now->metadata.resource_version);
      } else if (now == nullptr || !(usage(*before) == usage(*now))) {
        add_quotas(key.namespace_);
      }
    });
  }

  void add_quotas(const std::string& namespace_) {
    for (const Key& key : quotas_.keys()) {
      if (namespace_.empty() || key.namespace_ == namespace_) queue_.add(key);
    }
  }

  // What is added is in a quota already, as admission charges it first. But a quota that was written after it may have
  // been counted before it was seen here.
  void add_quotas_after(const std::string& namespace_, std::string_view version) {
    auto added = base::parse_uint(version);
    for (const auto& quota : quotas_.list(namespace_)) {
      auto written = base::parse_uint(quota->metadata.resource_version);
      if (!added || !written || *written > *added) queue_.add({namespace_, quota->metadata.name});
    }
  }

  io::Task<void> count_again() {
    for (;;) {
      co_await io::sleep(kResync);
      add_quotas("");
    }
  }

  std::optional<ResourceKind> kind_of(std::string_view group_resource) const {
    for (ResourceKind& kind : built_in_kinds()) {
      if (kind.group_resource() == group_resource) return std::move(kind);
    }
    for (const auto& definition : definitions_.list()) {
      for (ResourceKind& kind : kinds_of(*definition)) {
        if (kind.group_resource() == group_resource) return std::move(kind);
      }
    }
    return std::nullopt;
  }

  struct Counted {
    Counted(ResourceKind kind, ObjectCounts::Changed changed) : counts(std::move(kind), std::move(changed)) {}
    ObjectCounts counts;
    io::Scope watching;  // first to go
  };

  // Resources are watched as long as a quota names them.
  io::Task<void> follow_counted() {
    for (;;) {
      wanted_.reset();
      std::set<std::string> wanted;
      for (const auto& quota : quotas_.list()) {
        for (auto& resource : resource_quota::counted_resources(*quota)) wanted.insert(std::move(resource));
      }
      for (const auto& resource : wanted) {
        if (counted_.contains(resource)) continue;
        auto kind = kind_of(resource);
        if (!kind || !kind->namespaced) continue;
        auto counted = std::make_unique<Counted>(*kind, [this](const std::string& namespace_, std::string_view added) {
          if (added.empty()) {
            add_quotas(namespace_);
          } else {
            add_quotas_after(namespace_, added);
          }
        });
        counted->watching.spawn(client::reflect(context_.reader, kind->target(""), {}, counted->counts));
        counted_.emplace(resource, std::move(counted));
      }
      std::erase_if(counted_, [&](const auto& one) { return !wanted.contains(one.first) || !kind_of(one.first); });
      co_await wanted_.wait();
    }
  }

  // False while something is not yet known that the quota asks for.
  bool count_objects(const ResourceQuota& quota, quota::Amounts& objects) const {
    for (const auto& resource : resource_quota::counted_resources(quota)) {
      auto found = counted_.find(resource);
      if (found == counted_.end()) continue;  // of a kind that is not there (yet)
      const ObjectCounts& counts = found->second->counts;
      if (!counts.synced()) return false;
      const ResourceKind& kind = counts.kind();
      auto usage = quota::usage_of_objects(kind.group, kind.plural, counts.count(quota.metadata.namespace_));
      objects.insert(usage.begin(), usage.end());
    }
    return true;
  }

  io::Task<Result<void>> reconcile(Key key) {
    auto quota = quotas_.get(key);
    if (!quota || is_being_deleted(quota->metadata)) co_return {};
    resource_quota::Inventory inventory{.pods = pods_.list(key.namespace_),
                                        .services = services_.list(key.namespace_),
                                        .claims = claims_.list(key.namespace_),
                                        .objects = {}};
    if (!count_objects(*quota, inventory.objects)) co_return {};  // the counting comes back to it
    auto status = resource_quota::status_of(*quota, inventory, context_.now());
    if (status == quota->status) co_return {};
    ResourceQuota changed = *quota;
    changed.status = std::move(status);
    auto updated = co_await context_.client.update_status(std::move(changed));
    if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
    co_return {};
  }

  Context& context_;
  client::Cache<ResourceQuota>& quotas_;
  client::Cache<Pod>& pods_;
  client::Cache<Service>& services_;
  client::Cache<PersistentVolumeClaim>& claims_;
  client::Cache<CustomResourceDefinition>& definitions_;
  client::Queue queue_;
  io::Event wanted_;
  std::map<std::string, std::unique_ptr<Counted>> counted_;  // by group resource
};

}  // namespace

std::unique_ptr<Controller> make_resource_quota_controller(Context& context) {
  return std::make_unique<ResourceQuotaController>(context);
}

}  // namespace controller
