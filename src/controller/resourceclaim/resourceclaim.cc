#include "controller/resourceclaim/resourceclaim.h"

#include <algorithm>

#include "api/resource_k8s_io_v1.h"
#include "base/json.h"
#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "controller/common/ownership.h"
#include "controller/common/pods.h"
#include "controller/common/removal.h"
#include "device/names.h"

namespace controller {
namespace {

using api::core_v1::Pod;
using api::core_v1::PodResourceClaim;
using api::resource_k8s_io_v1::ResourceClaim;
using api::resource_k8s_io_v1::ResourceClaimTemplate;
using base::Code;
using base::Result;
using client::Key;
using ClaimPointer = std::shared_ptr<const ResourceClaim>;
using Made = std::map<std::string, std::string>;  // pods' claims to the names of those that were made

// None of its containers runs, nor will.
bool is_done(const Pod& pod) {
  return is_terminal(pod) || (is_being_deleted(pod.metadata) && pod.spec.node_name.empty());
}

bool uses_claims(const Pod& pod) {
  return !pod.spec.resource_claims.empty() || pod.status.extended_resource_claim_status;
}

class ResourceClaims final : public Controller {
 public:
  explicit ResourceClaims(Context& context)
      : context_(context),
        pods_(context.caches.indexed<Pod>("resourceclaim", names_of_claims)),
        claims_(context.caches.indexed<ResourceClaim>("controller", owner_of)),
        templates_(context.caches.of<ResourceClaimTemplate>()),
        pod_queue_(context.random),
        claim_queue_(context.random),
        events_(context.client, context.clock, context.random, "resource_claim") {
    context.caches.indexed<Pod>("resourceclaimtemplate", names_of_templates);
    pods_.add_listener([this](const Key& key, const Pod* before, const Pod* now) { pod_changed(key, before, now); });
    claims_.add_listener([this](const Key& key, const ResourceClaim*, const ResourceClaim* now) {
      if (now != nullptr) claim_queue_.add(key);
      for (auto& pod : pods_.by_index("resourceclaim", key.text())) pod_queue_.add(key_of(*pod));
    });
    templates_.add_listener([this](const Key& key, const ResourceClaimTemplate*, const ResourceClaimTemplate* now) {
      if (now == nullptr) return;
      for (auto& pod : pods_.by_index("resourceclaimtemplate", key.text())) pod_queue_.add(key_of(*pod));
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await pods_.wait_synced();
    co_await claims_.wait_synced();
    co_await templates_.wait_synced();
    scope.spawn(client::run_workers("resource_claim_pods", pod_queue_, context_.options.workers,
                                    [this](Key key) { return reconcile_pod(std::move(key)); }));
    co_await client::run_workers("resource_claim", claim_queue_, context_.options.workers,
                                 [this](Key key) { return reconcile_claim(std::move(key)); });
  }

 private:
  static Key key_of(const Pod& pod) { return {pod.metadata.namespace_, pod.metadata.name}; }

  static std::vector<std::string> names_of_claims(const Pod& pod) {
    std::vector<std::string> out;
    for (const auto& one : pod.spec.resource_claims)
      if (auto name = device::claim_name(pod, one); name && !name->name.empty())
        out.push_back(base::cat({pod.metadata.namespace_, "/", name->name}));
    if (auto& extended = pod.status.extended_resource_claim_status)
      out.push_back(base::cat({pod.metadata.namespace_, "/", extended->resource_claim_name}));
    return out;
  }
  static std::vector<std::string> names_of_templates(const Pod& pod) {
    std::vector<std::string> out;
    for (const auto& one : pod.spec.resource_claims)
      if (one.resource_claim_template_name)
        out.push_back(base::cat({pod.metadata.namespace_, "/", *one.resource_claim_template_name}));
    return out;
  }
  static std::vector<std::string> owner_of(const ResourceClaim& claim) {
    const auto* owner = controller_of(claim.metadata);
    return owner == nullptr ? std::vector<std::string>() : std::vector{owner->uid};
  }

  void pod_changed(const Key& key, const Pod* before, const Pod* now) {
    const Pod& pod = now != nullptr ? *now : *before;
    if (!uses_claims(pod)) return;
    if (now != nullptr && !is_being_deleted(now->metadata) && !is_terminal(*now)) pod_queue_.add(key);
    if (now != nullptr && !is_done(*now)) return;
    for (auto& name : names_of_claims(pod)) claim_queue_.add({key.namespace_, name.substr(key.namespace_.size() + 1)});
    for (auto& claim : claims_.by_index("controller", pod.metadata.uid))
      claim_queue_.add({claim->metadata.namespace_, claim->metadata.name});
  }

  // ---- pods ----

  io::Task<Result<void>> reconcile_pod(Key key) {
    auto pod = pods_.get(key);
    if (!pod || is_being_deleted(pod->metadata) || is_terminal(*pod)) co_return {};
    Made made;
    for (const auto& one : pod->spec.resource_claims) {
      auto name = co_await ensure(*pod, one);
      if (!name) {
        auto why = base::cat({"PodResourceClaim ", one.name, ": ", name.error().message()});
        events_.record(client::EventRecorder::reference(*pod), client::EventType::Warning,
                       "FailedResourceClaimCreation", why);
        co_return base::fail(name.error().code(), why);
      }
      if (!name->empty()) made[one.name] = *name;
    }
    if (!made.empty()) co_return co_await tell(*pod, std::move(made));
    if (pod->spec.node_name.empty()) co_return {};
    // A pod that came to its node without the scheduler may use what is allocated.
    for (const auto& one : pod->spec.resource_claims) {
      auto name = device::claim_name(*pod, one);
      if (!name || name->name.empty()) continue;
      auto claim = claims_.get(key.namespace_, name->name);
      if (!claim) continue;
      if (name->made_for) CO_TRY(device::check_made_for(*pod, *claim));
      if (!claim->status.allocation || device::is_reserved_for(*claim, pod->metadata.uid) ||
          !device::can_be_reserved(*claim))
        continue;
      ResourceClaim next = *claim;
      next.status.reserved_for.push_back(device::reference_to(*pod));
      auto updated = co_await context_.client.update_status(std::move(next));
      if (!updated)
        co_return base::fail(
            updated.error().with_context(base::cat({"reserve claim ", key.namespace_, "/", name->name, " for pod"})));
    }
    co_return {};
  }

  // The name of a claim that has been made and is not yet told of; "" when there is nothing to tell.
  io::Task<Result<std::string>> ensure(Pod pod, PodResourceClaim wanted) {
    if (!wanted.resource_claim_template_name) co_return std::string();
    auto known = device::claim_name(pod, wanted);
    if (known) {
      if (known->name.empty()) co_return std::string();  // none is needed
      auto claim = claims_.get(pod.metadata.namespace_, known->name);
      if (claim && device::check_made_for(pod, *claim)) co_return std::string();
    }
    // One that was made before its name could be told.
    for (auto& claim : claims_.by_index("controller", pod.metadata.uid)) {
      auto annotation = claim->metadata.annotations.find(device::kPodClaimAnnotation);
      if (annotation != claim->metadata.annotations.end() && annotation->second == wanted.name)
        co_return claim->metadata.name;
    }
    Key attempt{pod.metadata.uid, wanted.name};
    if (auto before = created_.find(attempt); before != created_.end()) {
      // The cache does not show it yet, or it has been deleted since.
      std::string name = before->second;
      auto there = co_await context_.client.get<ResourceClaim>(pod.metadata.namespace_, name);
      if (there) co_return name;
      if (there.error().code() != Code::NotFound) co_return base::fail(there.error());
    }
    auto made_of = templates_.get(pod.metadata.namespace_, *wanted.resource_claim_template_name);
    if (!made_of)
      co_return base::fail(Code::NotFound,
                           base::cat({"resource claim template ", base::quote(*wanted.resource_claim_template_name),
                                      ": resourceclaimtemplate.resource.k8s.io ",
                                      base::quote(*wanted.resource_claim_template_name), " not found"}));
    ResourceClaim claim;
    claim.metadata.namespace_ = pod.metadata.namespace_;
    claim.metadata.generate_name = claim_name_prefix(pod.metadata.name, wanted.name);
    claim.metadata.labels = made_of->spec.metadata.labels;
    claim.metadata.annotations = made_of->spec.metadata.annotations;
    claim.metadata.annotations[std::string(device::kPodClaimAnnotation)] = wanted.name;
    claim.metadata.owner_references = {controller_reference(pod)};
    claim.spec = made_of->spec.spec;
    auto made = co_await context_.client.create(std::move(claim));
    if (!made) co_return base::fail(made.error().with_context("create ResourceClaim "));
    if (created_.size() >= kRememberedMax) created_.clear();
    created_[attempt] = made->metadata.name;
    co_return made->metadata.name;
  }

  io::Task<Result<void>> tell(Pod pod, Made made) {
    std::string patch = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":)";
    base::append_json_string(patch, pod.metadata.name);
    patch += R"(,"namespace":)";
    base::append_json_string(patch, pod.metadata.namespace_);
    patch += R"(,"uid":)";
    base::append_json_string(patch, pod.metadata.uid);
    patch += R"(},"status":{"resourceClaimStatuses":[)";
    // What was told before stays: a strategic patch merges by name.
    bool first = true;
    for (auto& [name, claim] : made) {
      if (!first) patch += ',';
      first = false;
      patch += R"({"name":)";
      base::append_json_string(patch, name);
      patch += R"(,"resourceClaimName":)";
      base::append_json_string(patch, claim);
      patch += '}';
    }
    patch += "]}}";
    auto patched = co_await context_.client.patch<Pod>(pod.metadata.namespace_, pod.metadata.name,
                                                       client::PatchType::Strategic, std::move(patch), "status");
    if (!patched && patched.error().code() == Code::NotFound) co_return {};
    if (!patched)
      co_return base::fail(patched.error().with_context(
          base::cat({"update pod ", pod.metadata.namespace_, "/", pod.metadata.name, " ResourceClaimStatuses"})));
    co_return {};
  }

  // ---- claims ----

  io::Task<Result<bool>> is_used_by(std::string namespace_,
                                    api::resource_k8s_io_v1::ResourceClaimConsumerReference one) {
    auto pod = pods_.get(namespace_, one.name);
    if (pod) co_return pod->metadata.uid == one.uid && !is_done(*pod);
    // The cache may be behind; the scheduler may be about to bind it.
    auto fresh = co_await context_.client.get<Pod>(namespace_, one.name);
    if (!fresh && fresh.error().code() != Code::NotFound) co_return base::fail(fresh.error());
    co_return fresh && fresh->metadata.uid == one.uid;
  }

  io::Task<Result<void>> reconcile_claim(Key key) {
    auto cached = claims_.get(key);
    if (!cached) co_return {};
    ResourceClaim claim = *cached;
    std::vector<api::resource_k8s_io_v1::ResourceClaimConsumerReference> valid;
    for (const auto& one : cached->status.reserved_for) {
      if (!one.api_group.empty() || one.resource != "pods")
        co_return base::fail(Code::Invalid,
                             base::cat({"unsupported ReservedFor entry: ", one.resource, " ", one.name}));
      CO_TRY(bool used, co_await is_used_by(key.namespace_, one));
      if (used) valid.push_back(one);
    }
    bool unused = valid.empty();
    bool lost_users = valid.size() < cached->status.reserved_for.size();
    bool ours = device::has_finalizer(claim);
    bool to_go = is_being_deleted(claim.metadata) && unused && ours;
    if (lost_users || to_go) {
      ResourceClaim next = claim;
      next.status.reserved_for = std::move(valid);
      if (unused && ours) next.status.allocation.reset();
      if (next != claim) {
        CO_TRY(claim, co_await context_.client.update_status(std::move(next)));
      }
      if (device::has_finalizer(claim) && !claim.status.allocation) {
        std::erase(claim.metadata.finalizers, device::kFinalizer);
        auto updated = co_await context_.client.update(claim);
        if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
      }
    }
    if (unused) co_return co_await remove_if_orphaned(std::move(claim));
    co_return {};
  }

  // A claim that was made for a pod which will not run any more. The garbage collector comes when the pod is deleted,
  // which may be much later.
  io::Task<Result<void>> remove_if_orphaned(ResourceClaim claim) {
    const auto* owner = controller_of(claim.metadata);
    if (owner == nullptr || owner->kind != "Pod" || owner->api_version != "v1" || is_being_deleted(claim.metadata))
      co_return {};
    auto pod = pods_.get(claim.metadata.namespace_, owner->name);
    if (!pod || (pod->metadata.uid == owner->uid && !is_done(*pod))) co_return {};
    auto removed = co_await remove_exactly(context_.client, std::make_shared<const ResourceClaim>(claim));
    if (!removed)
      co_return base::fail(removed.error().with_context(
          base::cat({"delete claim ", claim.metadata.namespace_, "/", claim.metadata.name})));
    co_return {};
  }

  static constexpr size_t kRememberedMax = 10'000;
  Context& context_;
  client::Cache<Pod>& pods_;
  client::Cache<ResourceClaim>& claims_;
  client::Cache<ResourceClaimTemplate>& templates_;
  client::Queue pod_queue_;
  client::Queue claim_queue_;
  client::EventRecorder events_;
  std::map<Key, std::string> created_;  // names, by the pod's uid and its claim: until the cache shows them
};

}  // namespace

std::string claim_name_prefix(const std::string& pod, const std::string& claim) {
  constexpr size_t kMax = 57;  // five characters and a dash come behind it, in 63
  std::string name = base::cat({pod, "-", claim, "-"});
  if (name.size() <= kMax) return name;
  return base::cat(
      {pod.substr(0, pod.size() * kMax / name.size()), "-", claim.substr(0, claim.size() * kMax / name.size())});
}

std::unique_ptr<Controller> make_resourceclaim_controller(Context& context) {
  return std::make_unique<ResourceClaims>(context);
}

}  // namespace controller
