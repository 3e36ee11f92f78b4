#include "controller/persistentvolume/persistentvolume.h"

#include <algorithm>

#include "client/events.h"
#include "client/queue.h"
#include "controller/common/claims.h"
#include "controller/common/pods.h"
#include "controller/persistentvolume/plan.h"
#include "volume/annotations.h"
#include "volume/names.h"

namespace controller {
namespace {

using api::core_v1::PersistentVolume;
using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;
using api::storage_k8s_io_v1::StorageClass;
using base::Result;
using client::EventRecorder;
using client::EventType;
using client::Key;
using persistentvolume::ClaimPointer;
using persistentvolume::Note;
using persistentvolume::Snapshot;
using persistentvolume::VolumePointer;

// Those of a claim's class, and those that name it.
std::vector<std::string> whom_it_is_for(const PersistentVolume& volume) {
  if (auto& claim = volume.spec.claim_ref) return {"claim/" + claim->namespace_ + "/" + claim->name};
  return {"class/" + volume::class_of(volume)};
}

class Binder final : public Controller {
 public:
  explicit Binder(Context& context)
      : context_(context),
        claims_(context.caches.of<PersistentVolumeClaim>()),
        volumes_(context.caches.indexed<PersistentVolume>("for", whom_it_is_for)),
        classes_(context.caches.of<StorageClass>()),
        pods_(pods_by_claim(context.caches)),
        queue_(context.random),
        events_(context.client, context.clock, context.random, "persistentvolume-controller") {
    claims_.add_listener([this](const Key& key, const PersistentVolumeClaim* before, const PersistentVolumeClaim* now) {
      if (now != nullptr) queue_.add(key);
      auto& volume = (now != nullptr ? now : before)->spec.volume_name;
      if (!volume.empty()) queue_.add({"", volume});
    });
    volumes_.add_listener([this](const Key& key, const PersistentVolume* before, const PersistentVolume* now) {
      if (now != nullptr) queue_.add(key);
      auto& reference = (now != nullptr ? now : before)->spec.claim_ref;
      if (reference) queue_.add({reference->namespace_, reference->name});
      bool is_free = now != nullptr && now->status.phase == "Available";
      if (is_free && (before == nullptr || before->spec != now->spec || before->status.phase != now->status.phase))
        look_at_waiting([](const PersistentVolumeClaim&) { return true; });
    });
    classes_.add_listener([this](const Key& key, const StorageClass*, const StorageClass* now) {
      if (now == nullptr) return;
      look_at_waiting([&](const PersistentVolumeClaim& claim) {
        return volume::class_of(claim) == key.name || !claim.spec.storage_class_name;
      });
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await claims_.wait_synced();
    co_await volumes_.wait_synced();
    co_await classes_.wait_synced();
    co_await pods_.wait_synced();
    // One at a time: two claims at once would choose the same volume.
    co_await client::run_workers("persistentvolume-binder", queue_, 1,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  void look_at_waiting(const std::function<bool(const PersistentVolumeClaim&)>& concerns) {
    for (auto& claim : claims_.list())
      if (!claim->metadata.annotations.contains(volume::kBindCompleted) && concerns(*claim))
        queue_.add({claim->metadata.namespace_, claim->metadata.name});
  }

  Snapshot snapshot() const {
    return {.volume = [this](const std::string& name) { return volumes_.get("", name); },
            .claim = [this](const std::string& space, const std::string& name) { return claims_.get(space, name); },
            .volumes = [this](const PersistentVolumeClaim& claim) { return volumes_for(claim); },
            .storage_class = [this](const std::string& name) { return classes_.get("", name); },
            .storage_classes = [this] { return classes_.list(); },
            .waiting_pods =
                [this](const PersistentVolumeClaim& claim) {
                  std::vector<std::string> names;
                  for (auto& pod : pods_of_claim(pods_, claim.metadata.namespace_, claim.metadata.name))
                    if (is_active(*pod) && pod->spec.node_name.empty()) names.push_back(pod->metadata.name);
                  return names;
                }};
  }

  std::vector<VolumePointer> volumes_for(const PersistentVolumeClaim& claim) const {
    auto found = volumes_.by_index("for", "claim/" + claim.metadata.namespace_ + "/" + claim.metadata.name);
    auto of_class = volumes_.by_index("for", "class/" + volume::class_of(claim));
    found.insert(found.end(), of_class.begin(), of_class.end());
    return found;
  }

  template <class T>
  void tell(const T& about, const Note& note) {
    events_.record(EventRecorder::reference(about), note.warning ? EventType::Warning : EventType::Normal, note.reason,
                   note.message);
  }

  io::Task<Result<void>> reconcile(Key key) {
    if (key.namespace_.empty()) {
      auto volume = volumes_.get(key);
      if (!volume) co_return {};
      co_return co_await look_at_volume(volume);
    }
    auto claim = claims_.get(key);
    if (!claim) co_return {};
    co_return co_await look_at_claim(claim);
  }

  io::Task<Result<void>> look_at_claim(ClaimPointer claim) {
    auto plan = persistentvolume::plan_claim(*claim, snapshot());
    if (plan.class_name) {
      PersistentVolumeClaim next = *claim;
      next.spec.storage_class_name = *plan.class_name;
      CO_TRY(co_await context_.client.update(std::move(next)));
      co_return {};
    }
    if (plan.bind) co_return co_await bind(*claim, *plan.bind);
    if (plan.provisioner) CO_TRY(co_await ask_provisioner(*claim, *plan.provisioner));
    if (plan.note && (plan.phase != "Lost" || claim->status.phase != "Lost")) tell(*claim, *plan.note);
    if (plan.phase) CO_TRY(co_await write_status(*claim, *plan.phase, nullptr));
    if (!plan.error.empty()) co_return base::fail(base::Code::Invalid, plan.error);
    co_return {};
  }

  io::Task<Result<void>> ask_provisioner(PersistentVolumeClaim claim, std::string provisioner) {
    PersistentVolumeClaim next = claim;
    for (auto key : {volume::kBetaStorageProvisioner, volume::kStorageProvisioner})
      next.metadata.annotations[std::string(key)] = provisioner;
    if (next.metadata.annotations == claim.metadata.annotations) co_return {};
    CO_TRY(co_await context_.client.update(std::move(next)));
    co_return {};
  }

  // The volume first: a claim that says it is bound can rely on it. Whoever stops in between is taken up here again.
  io::Task<Result<void>> bind(PersistentVolumeClaim claim, PersistentVolume volume) {
    PersistentVolume next_volume = volume::bound_to(volume, claim);
    if (next_volume != volume) {
      CO_TRY(next_volume, co_await context_.client.update(std::move(next_volume)));
    }
    CO_TRY(co_await write_phase(next_volume, "Bound", ""));
    PersistentVolumeClaim next = persistentvolume::bound_to(claim, next_volume);
    if (next != claim) {
      CO_TRY(next, co_await context_.client.update(std::move(next)));
    }
    co_return co_await write_status(next, "Bound", &next_volume);
  }

  io::Task<Result<void>> write_status(PersistentVolumeClaim claim, std::string phase, const PersistentVolume* volume) {
    PersistentVolumeClaim next = persistentvolume::with_status(claim, std::move(phase), volume);
    if (next == claim) co_return {};
    CO_TRY(co_await context_.client.update_status(std::move(next)));
    co_return {};
  }

  io::Task<Result<void>> write_phase(PersistentVolume volume, std::string phase, std::string message) {
    if (volume.status.phase == phase && volume.status.message == message) co_return {};
    volume.status.phase = std::move(phase);
    volume.status.message = std::move(message);
    CO_TRY(co_await context_.client.update_status(std::move(volume)));
    co_return {};
  }

  io::Task<Result<void>> look_at_volume(VolumePointer volume) {
    auto plan = persistentvolume::plan_volume(*volume, snapshot());
    if (plan.phase == "Released" || plan.phase == "Failed") CO_TRY(co_await claim_is_gone(*volume));
    if (plan.note && plan.phase == "Failed" && volume->status.phase == "Failed") plan.note.reset();
    if (plan.note) tell(*volume, *plan.note);
    auto& reference = volume->spec.claim_ref;
    if (plan.claim_note)
      if (auto claim = claims_.get(reference->namespace_, reference->name)) tell(*claim, *plan.claim_note);
    if (plan.look_at_claim) queue_.add({reference->namespace_, reference->name});
    if (plan.unbind) {
      PersistentVolume next = persistentvolume::unbound(*volume);
      if (next != *volume) {
        CO_TRY(next, co_await context_.client.update(std::move(next)));
      }
      co_return co_await write_phase(std::move(next), "Available", "");
    }
    if (plan.phase) co_return co_await write_phase(*volume, *plan.phase, plan.message);
    co_return {};
  }

  // Data may be deleted on our word: the API is asked, not only the cache.
  io::Task<Result<void>> claim_is_gone(PersistentVolume volume) {
    if (volume.status.phase == "Released" || volume.status.phase == "Failed") co_return {};
    auto& reference = *volume.spec.claim_ref;
    auto claim = co_await context_.client.get<PersistentVolumeClaim>(reference.namespace_, reference.name);
    if (!claim && claim.error().code() == base::Code::NotFound) co_return {};
    if (!claim) co_return base::fail(claim.error());
    if (claim->metadata.uid != reference.uid || claim->spec.volume_name != volume.metadata.name) co_return {};
    co_return base::fail(base::Code::Conflict, "the claim is there; it is looked at again");
  }

  Context& context_;
  client::Cache<PersistentVolumeClaim>& claims_;
  client::Cache<PersistentVolume>& volumes_;
  client::Cache<StorageClass>& classes_;
  client::Cache<Pod>& pods_;
  client::Queue queue_;
  EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_persistentvolume_binder(Context& context) {
  return std::make_unique<Binder>(context);
}

}  // namespace controller
