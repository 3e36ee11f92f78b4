#include "controller/garbage_collector/garbage_collector.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/apiregistration_k8s_io_v1.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/codec.h"
#include "client/queue.h"
#include "client/reflector.h"
#include "client/status.h"
#include "controller/common/kinds.h"
#include "controller/common/ownership.h"
#include "controller/garbage_collector/graph.h"
#include "controller/garbage_collector/wanted_kinds.h"
#include "schema/json.h"

namespace controller {
namespace {

using api::apiextensions_k8s_io_v1::CustomResourceDefinition;
using api::apiregistration_k8s_io_v1::APIService;
using api::meta_v1::ObjectMeta;
using api::meta_v1::OwnerReference;
using base::Code;
using base::Result;
using client::Key;
using garbage::Graph;
using garbage::Place;
using garbage::wanted_kinds;
using garbage::WantedKinds;

constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kOrphan = "orphan";

// How long the first lists may take; upstream's.
constexpr io::Duration kSyncPatience = std::chrono::seconds(30);
// Extension API servers are asked what they hold; upstream as often.
constexpr io::Duration kAskAgainAfter = std::chrono::seconds(30);

bool has_finalizer(const ObjectMeta& meta, std::string_view finalizer) {
  return std::find(meta.finalizers.begin(), meta.finalizers.end(), finalizer) != meta.finalizers.end();
}

std::string group_of(std::string_view api_version) {
  size_t slash = api_version.find('/');
  return std::string(slash == std::string_view::npos ? "" : api_version.substr(0, slash));
}

// A merge patch that replaces the owners, or the finalizers, of exactly this version of the object.
std::string owners_patch(const ObjectMeta& meta, const std::vector<OwnerReference>& owners) {
  std::string patch = base::cat({R"({"metadata":{"uid":")", meta.uid, R"(","resourceVersion":")", meta.resource_version,
                                 R"(","ownerReferences":[)"});
  for (size_t i = 0; i < owners.size(); i++) {
    if (i > 0) patch += ",";
    schema::append_json(patch, OwnerReference::kType, &owners[i]);
  }
  return patch + "]}}";
}

std::string finalizers_patch(const ObjectMeta& meta, std::string_view without) {
  std::string patch = base::cat(
      {R"({"metadata":{"uid":")", meta.uid, R"(","resourceVersion":")", meta.resource_version, R"(","finalizers":[)"});
  bool first = true;
  for (const std::string& finalizer : meta.finalizers) {
    if (finalizer == without) continue;
    if (!first) patch += ",";
    first = false;
    base::append_json_string(patch, finalizer);
  }
  return patch + "]}}";
}

class GarbageCollector final : public Controller {
 public:
  explicit GarbageCollector(Context& context)
      : context_(context),
        definitions_(context.caches.of<CustomResourceDefinition>()),
        services_(context.caches.of<APIService>()),
        queue_(context.random) {
    for (ResourceKind& kind : built_in_kinds()) {
      // Events own nothing and belong to nobody.
      if (kind.plural != "events") add_kind(std::move(kind));
    }
    definitions_.add_listener(
        [this](const Key&, const CustomResourceDefinition*, const CustomResourceDefinition*) { stirred_.set(); });
    services_.add_listener([this](const Key&, const APIService*, const APIService*) { stirred_.set(); });
  }

  io::Task<void> run() override {
    io::Scope scope;
    for (auto& watched : kinds_) scope.spawn(client::reflect(context_.reader, watched->kind.target(""), {}, *watched));
    scope.spawn(follow_kinds());
    // Nothing is judged before all is known, but for kinds that cannot be listed: they must not keep all others
    // waiting.
    if (!co_await io::with_timeout(kSyncPatience, wait_known())) {
      LOG_WARNING("Not all resources could be listed; garbage is collected without them");
    }
    co_await client::run_workers("garbage-collector", queue_, 2 * context_.options.workers,
                                 [this](Key key) { return examine(std::move(key)); });
  }

 private:
  // One kind, as its reflector feeds it to the graph.
  struct Watched final : client::Sink {
    Watched(GarbageCollector& collector, uint32_t number, ResourceKind kind)
        : collector(collector), number(number), kind(std::move(kind)) {}
    void replace(std::vector<client::Raw> items, std::string) override {
      std::set<std::string> present;
      for (const client::Raw& item : items) {
        auto meta = client::decode_meta(item);
        if (!meta) continue;
        present.insert(meta->uid);
        collector.seen(number, *meta);
      }
      for (const std::string& uid : collector.graph_.uids_of_kind(number)) {
        if (!present.contains(uid)) collector.gone(uid);
      }
      // Owners of this kind that went while nobody watched.
      if (synced.is_set()) collector.check_owners_of_kind(kind, present);
      synced.set();
    }
    std::string apply(client::RawEvent event) override {
      auto meta = client::decode_meta(event.object);
      if (!meta) return "";
      if (event.kind == client::RawEvent::Kind::Deleted) {
        collector.gone(meta->uid);
      } else {
        collector.seen(number, *meta);
      }
      return meta->resource_version;
    }
    GarbageCollector& collector;
    uint32_t number;
    ResourceKind kind;
    // Nobody defines it any longer: a definition goes after all of its objects.
    bool undefined = false;
    io::Event synced;
  };

  void add_kind(ResourceKind kind) {
    kinds_.push_back(std::make_unique<Watched>(*this, static_cast<uint32_t>(kinds_.size()), std::move(kind)));
  }

  io::Task<void> wait_known() {
    for (size_t i = 0; i < kinds_.size(); i++) co_await kinds_[i]->synced.wait();
  }

  Watched& watched_of(const ResourceKind& kind) {
    auto known = std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& one) {
      return one->kind.plural == kind.plural && one->kind.group == kind.group;
    });
    if (known != kinds_.end()) return **known;
    add_kind(kind);
    return *kinds_.back();
  }

  // Custom resources join as they are defined, and leave with their definition; those of extension API servers as these
  // tell of them.
  io::Task<void> follow_kinds() {
    struct Running {
      ResourceKind kind;
      bool extension = false;
      io::Scope scope;
    };
    std::map<std::string, Running> running;  // by group resource
    co_await definitions_.wait_synced();
    co_await services_.wait_synced();
    for (;;) {
      stirred_.reset();
      WantedKinds wanted = co_await wanted_kinds(context_.client, definitions_.list(), services_.list());
      std::erase_if(running, [&](const auto& one) { return !wanted.has(one.second.kind, one.second.extension); });
      for (const auto* kinds : {&wanted.defined, &wanted.extensions}) {
        for (const auto& [name, kind] : *kinds) {
          auto [one, fresh] = running.try_emplace(name);
          if (!fresh) continue;
          one->second.kind = kind;
          one->second.extension = kinds == &wanted.extensions;
          Watched& watched = watched_of(kind);
          watched.kind = kind;
          watched.undefined = false;
          one->second.scope.spawn(client::reflect(context_.reader, kind.target(""), {}, watched));
        }
      }
      forget_undefined();
      if (wanted.has_extension_servers) {
        co_await stirred_.wait_for(kAskAgainAfter);
      } else {
        co_await stirred_.wait();
      }
    }
  }

  // What belonged to objects of kinds that nobody defines any longer has nobody left.
  void forget_undefined() {
    std::set<std::string> there;
    for (const auto& definition : definitions_.list()) there.insert(definition->metadata.name);
    for (const std::string& name : defined_) {
      if (there.contains(name)) continue;
      for (auto& watched : kinds_) {
        if (watched->kind.group.empty() || watched->kind.group_resource() != name) continue;
        watched->undefined = true;
        check_owners_of_kind(watched->kind, {});
      }
    }
    defined_ = std::move(there);
  }

  std::optional<uint32_t> kind_number(const OwnerReference& owner) const {
    std::string group = group_of(owner.api_version);
    for (const auto& watched : kinds_) {
      if (watched->kind.kind == owner.kind && watched->kind.group == group) return watched->number;
    }
    return std::nullopt;
  }

  // ---- what the watches say ----

  void seen(uint32_t kind, const ObjectMeta& meta) {
    Place place{kind, meta.namespace_, meta.name};
    std::vector<Place> waited_for = waiting_owners(graph_.find(meta.uid));
    Graph::News news = graph_.put(place, meta);
    // It may block some of them no longer.
    for (const Place& owner : waited_for) add(owner);
    if (!news.unknown.empty()) add(place);
    if (news.owners_changed) {
      for (const auto& reference : meta.owner_references) {
        const Graph::Owner* owner = graph_.owner(reference.uid);
        if (owner != nullptr && owner->absent) add(place);
      }
    }
    if (is_being_deleted(meta)) {
      if (has_finalizer(meta, kForeground) || has_finalizer(meta, kOrphan)) add(place);
    }
  }

  void gone(const std::string& uid) {
    std::vector<Place> waited_for = waiting_owners(graph_.find(uid));
    graph_.remove(uid);
    for (const Place& owner : waited_for) add(owner);
    Graph::Owner* owner = graph_.owner(uid);
    if (owner == nullptr) return;
    owner->absent = owner->ended = true;
    for (const Graph::Dependent* dependent : owner->dependents) add(dependent->place);
  }

  // Owners in foreground deletion that the dependent blocks.
  std::vector<Place> waiting_owners(const Graph::Dependent* dependent) const {
    std::vector<Place> places;
    if (dependent == nullptr) return places;
    for (const auto& [owner, blocks] : dependent->owners) {
      if (!blocks || !waiting_.contains(owner->reference.uid)) continue;
      if (auto kind = kind_number(owner->reference)) {
        places.push_back({*kind, kinds_[*kind]->kind.namespaced ? owner->namespace_ : "", owner->reference.name});
      }
    }
    return places;
  }

  void check_owners_of_kind(const ResourceKind& kind, const std::set<std::string>& present) {
    std::set<Place> places;
    for (const auto& watched : kinds_) {
      for (const std::string& uid : graph_.uids_of_kind(watched->number)) {
        const Graph::Dependent* dependent = graph_.find(uid);
        for (const auto& [owner, blocks] : dependent->owners) {
          if (owner->reference.kind != kind.kind || group_of(owner->reference.api_version) != kind.group) continue;
          if (!present.contains(owner->reference.uid)) places.insert(dependent->place);
        }
      }
    }
    for (const Place& place : places) add(place);
  }

  // The queue's keys name the kind by number.
  void add(const Place& place) { queue_.add({std::to_string(place.kind) + "/" + place.namespace_, place.name}); }

  static Place place_of(const Key& key) {
    size_t slash = key.namespace_.find('/');
    return {static_cast<uint32_t>(base::parse_uint(std::string_view(key.namespace_).substr(0, slash)).value_or(0)),
            key.namespace_.substr(slash + 1), key.name};
  }

  // ---- the work ----

  enum class OwnerState : uint8_t { Present, Absent, WaitsForDependents };

  io::Task<Result<OwnerState>> state_of(OwnerReference owner, std::string namespace_) {
    if (const Graph::Owner* known = graph_.owner(owner.uid); known != nullptr && known->ended)
      co_return OwnerState::Absent;
    auto kind = kind_number(owner);
    // A kind we do not know (yet): its objects may well exist.
    if (!kind) co_return OwnerState::Present;
    if (kinds_[*kind]->undefined) co_return OwnerState::Absent;
    ResourceKind resource = kinds_[*kind]->kind;
    // A cluster-wide object cannot be owned by one in a namespace; there is none.
    if (resource.namespaced && namespace_.empty()) co_return OwnerState::Absent;
    auto meta = co_await get_meta(context_.client, resource, namespace_, owner.name);
    if (!meta && meta.error().code() != Code::NotFound) co_return base::fail(meta.error());
    if (!meta || meta->uid != owner.uid) {
      if (Graph::Owner* known = graph_.owner(owner.uid)) known->absent = true;
      co_return OwnerState::Absent;
    }
    if (is_being_deleted(*meta) && has_finalizer(*meta, kForeground)) co_return OwnerState::WaitsForDependents;
    co_return OwnerState::Present;
  }

  io::Task<Result<void>> examine(Key key) {
    Place place = place_of(key);
    ResourceKind kind = kinds_[place.kind]->kind;
    auto read = co_await get_meta(context_.client, kind, place.namespace_, place.name);
    if (!read && read.error().code() == Code::NotFound) co_return {};
    if (!read) co_return base::fail(read.error());
    ObjectMeta meta = std::move(*read);
    Result<void> done;
    if (is_being_deleted(meta) && has_finalizer(meta, kOrphan)) {
      done = co_await orphan(kind, meta);
    } else if (is_being_deleted(meta) && has_finalizer(meta, kForeground)) {
      done = co_await finish_foreground(kind, meta);
    } else if (!is_being_deleted(meta) && !meta.owner_references.empty()) {
      done = co_await judge(kind, meta);
    }
    // Gone meanwhile is as good; another version of it is looked at again.
    if (!done && done.error().code() == Code::NotFound) co_return {};
    co_return done;
  }

  io::Task<Result<void>> judge(ResourceKind kind, ObjectMeta meta) {
    std::vector<OwnerReference> solid;
    bool dangling = false, waiting = false;
    for (const OwnerReference& owner : meta.owner_references) {
      CO_TRY(OwnerState state, co_await state_of(owner, meta.namespace_));
      if (state == OwnerState::Present ||
          (state == OwnerState::WaitsForDependents && !owner.block_owner_deletion.value_or(false))) {
        solid.push_back(owner);
      } else {
        (state == OwnerState::Absent ? dangling : waiting) = true;
      }
    }
    if (!solid.empty()) {
      if (!dangling && !waiting) co_return {};
      co_return co_await merge_patch(context_.client, kind, meta.namespace_, meta.name, owners_patch(meta, solid));
    }
    if (waiting && closes_circle(meta.uid)) {
      // Each would wait for the next for ever: this one is the first that is not waited for.
      std::vector<OwnerReference> unblocking = meta.owner_references;
      for (OwnerReference& owner : unblocking) owner.block_owner_deletion = false;
      if (unblocking != meta.owner_references) {
        CO_TRY(co_await merge_patch(context_.client, kind, meta.namespace_, meta.name, owners_patch(meta, unblocking)));
      }
    }
    // An owner that waits wants everything below it gone first.
    std::string policy = "Background";
    if (waiting && graph_.owner(meta.uid) != nullptr) {
      policy = "Foreground";
    } else if (has_finalizer(meta, kOrphan)) {
      policy = "Orphan";
    } else if (has_finalizer(meta, kForeground)) {
      policy = "Foreground";
    }
    LOG_V(2, "Deleting item", {"resource", kind.group_resource()}, {"item", meta.namespace_ + "/" + meta.name},
          {"propagationPolicy", policy});
    co_return co_await remove(context_.client, kind, meta.namespace_, meta.name, meta.uid, policy);
  }

  // Whether something that depends on the object waits for its own dependents already: they may be one circle.
  bool closes_circle(const std::string& uid) {
    Graph::Owner* owner = graph_.owner(uid);
    return owner != nullptr && std::any_of(owner->dependents.begin(), owner->dependents.end(),
                                           [&](const auto* one) { return waiting_.contains(one->uid); });
  }

  std::vector<Place> dependents_of(const std::string& uid, bool blocking_only) {
    std::vector<Place> places;
    Graph::Owner* owner = graph_.owner(uid);
    if (owner == nullptr) return places;
    for (const Graph::Dependent* dependent : owner->dependents) {
      if (!blocking_only || blocks(*dependent, owner)) places.push_back(dependent->place);
    }
    return places;
  }

  static bool blocks(const Graph::Dependent& dependent, const Graph::Owner* owner) {
    return std::any_of(dependent.owners.begin(), dependent.owners.end(),
                       [&](const auto& one) { return one.first == owner && one.second; });
  }

  io::Task<Result<void>> finish_foreground(ResourceKind kind, ObjectMeta meta) {
    std::vector<Place> blocking = dependents_of(meta.uid, true);
    if (blocking.empty()) {
      waiting_.erase(meta.uid);
      co_return co_await merge_patch(context_.client, kind, meta.namespace_, meta.name,
                                     finalizers_patch(meta, kForeground));
    }
    waiting_.insert(meta.uid);
    // What becomes of those that are on their way is heard from the watches.
    const Graph::Owner* owner = graph_.owner(meta.uid);
    for (const Graph::Dependent* dependent : owner->dependents) {
      if (!dependent->deleting && blocks(*dependent, owner)) add(dependent->place);
    }
    co_return {};
  }

  io::Task<Result<void>> orphan(ResourceKind kind, ObjectMeta meta) {
    for (const Place& place : dependents_of(meta.uid, false)) {
      ResourceKind of = kinds_[place.kind]->kind;
      auto dependent = co_await get_meta(context_.client, of, place.namespace_, place.name);
      if (!dependent && dependent.error().code() == Code::NotFound) continue;
      if (!dependent) co_return base::fail(dependent.error());
      std::vector<OwnerReference> others = dependent->owner_references;
      std::erase_if(others, [&](const OwnerReference& owner) { return owner.uid == meta.uid; });
      if (others.size() == dependent->owner_references.size()) continue;
      auto patched =
          co_await merge_patch(context_.client, of, place.namespace_, place.name, owners_patch(*dependent, others));
      if (!patched && patched.error().code() != Code::NotFound) co_return patched;
    }
    co_return co_await merge_patch(context_.client, kind, meta.namespace_, meta.name, finalizers_patch(meta, kOrphan));
  }

  Context& context_;
  client::Cache<CustomResourceDefinition>& definitions_;
  client::Cache<APIService>& services_;
  std::deque<std::unique_ptr<Watched>> kinds_;  // by number; only grows
  std::set<std::string> defined_;  // the definitions that there were when last looked at, by group resource
  io::Event stirred_;              // definitions or extension API servers are to be looked at again
  Graph graph_;
  std::set<std::string> waiting_;  // uids of owners in foreground deletion
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_garbage_collector(Context& context) {
  return std::make_unique<GarbageCollector>(context);
}

}  // namespace controller
