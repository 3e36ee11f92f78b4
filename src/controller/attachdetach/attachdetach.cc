#include "controller/attachdetach/attachdetach.h"

#include "base/json.h"
#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "controller/attachdetach/plan.h"
#include "controller/common/claims.h"
#include "volume/annotations.h"
#include "volume/claim.h"
#include "volume/names.h"

namespace controller {
namespace {

using namespace attachdetach;  // NOLINT: the words of its plan
using base::Code;
using base::Result;
using client::EventType;
using client::Key;

// How long a node that is not healthy is waited for before its volumes are taken away, as upstream.
constexpr io::Duration kUnmountMax = std::chrono::minutes(6);

std::string status_patch(const std::vector<api::core_v1::AttachedVolume>& volumes) {
  std::string out = R"({"status":{"volumesAttached":)";
  if (volumes.empty()) return out + "null}}";
  std::string_view comma = "[";
  for (auto& one : volumes) {
    out += base::cat({comma, R"({"name":)"});
    base::append_json_string(out, one.name);
    out += R"(,"devicePath":)";
    base::append_json_string(out, one.device_path);
    out += "}";
    comma = ",";
  }
  return out + "]}}";
}

class AttachDetach final : public Controller {
 public:
  explicit AttachDetach(Context& context)
      : context_(context),
        nodes_(context.caches.of<Node>()),
        pods_(pods_by_claim(context.caches)),
        claims_(context.caches.of<PersistentVolumeClaim>()),
        volumes_(context.caches.of<PersistentVolume>()),
        drivers_(context.caches.of<CSIDriver>()),
        attachments_(context.caches.indexed<VolumeAttachment>(
            "node", [](const VolumeAttachment& one) -> std::vector<std::string> { return {one.spec.node_name}; })),
        queue_(context.random),
        events_(context.client, context.clock, context.random, "attachdetach-controller") {
    context.caches.indexed<VolumeAttachment>("volume", [](const VolumeAttachment& one) -> std::vector<std::string> {
      if (!one.spec.source.persistent_volume_name) return {};
      return {*one.spec.source.persistent_volume_name};
    });
    nodes_.add_listener([this](const Key& key, const Node* before, const Node* now) {
      if (before == nullptr || now == nullptr || before->status.volumes_in_use != now->status.volumes_in_use ||
          before->status.volumes_attached != now->status.volumes_attached || before->spec.taints != now->spec.taints)
        queue_.add(key);
    });
    pods_.add_listener([this](const Key&, const Pod* before, const Pod* now) {
      const Pod& pod = now != nullptr ? *now : *before;
      bool ended = now == nullptr || (is_terminal(*now) && (before == nullptr || !is_terminal(*before)));
      bool bound = before == nullptr || before->spec.node_name.empty();
      if (!pod.spec.node_name.empty() && (ended || bound) && has_claims(pod)) queue_.add({"", pod.spec.node_name});
    });
    claims_.add_listener([this](const Key& key, const PersistentVolumeClaim*, const PersistentVolumeClaim* now) {
      if (now != nullptr && volume::is_fully_bound(*now)) look_at_users(key);
    });
    volumes_.add_listener([this](const Key&, const PersistentVolume* before, const PersistentVolume* now) {
      if (before == nullptr && now->spec.claim_ref)
        look_at_users({now->spec.claim_ref->namespace_, now->spec.claim_ref->name});
    });
    attachments_.add_listener([this](const Key&, const VolumeAttachment* before, const VolumeAttachment* now) {
      auto& one = now != nullptr ? *now : *before;
      queue_.add({"", one.spec.node_name});
      if (now != nullptr) tell_change(before, *now);
      // Who waits for it to be free elsewhere.
      if (now == nullptr && one.spec.source.persistent_volume_name)
        look_at_users_of(*one.spec.source.persistent_volume_name);
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await nodes_.wait_synced();
    co_await pods_.wait_synced();
    co_await claims_.wait_synced();
    co_await volumes_.wait_synced();
    co_await drivers_.wait_synced();
    co_await attachments_.wait_synced();
    co_await client::run_workers("attach-detach", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  static bool has_claims(const Pod& pod) {
    for (auto& one : pod.spec.volumes)
      if (!volume::claim_name(pod, one).empty()) return true;
    return false;
  }

  void look_at_users(const Key& claim) {
    for (auto& pod : pods_of_claim(pods_, claim.namespace_, claim.name))
      if (!pod->spec.node_name.empty()) queue_.add({"", pod->spec.node_name});
  }
  void look_at_users_of(const std::string& name) {
    auto volume = volumes_.get("", name);
    if (volume && volume->spec.claim_ref)
      look_at_users({volume->spec.claim_ref->namespace_, volume->spec.claim_ref->name});
  }

  Lookups lookups() const {
    return {.claim = [this](const std::string& space, const std::string& name) { return claims_.get(space, name); },
            .volume = [this](const std::string& name) { return volumes_.get("", name); },
            .driver = [this](const std::string& name) { return drivers_.get("", name); }};
  }

  void tell(const std::vector<PodPointer>& pods, EventType type, std::string_view reason, const std::string& message) {
    for (auto& pod : pods) events_.record(client::EventRecorder::reference(*pod), type, reason, message);
  }

  // What the driver made of it, for the pods that wait.
  void tell_change(const VolumeAttachment* before, const VolumeAttachment& now) {
    if (before == nullptr || !now.spec.source.persistent_volume_name) return;
    bool attached = now.status.attached && !before->status.attached;
    bool failed = now.status.attach_error && now.status.attach_error != before->status.attach_error;
    if (!attached && !failed) return;
    auto wanted = wanted_on(now.spec.node_name, pods_.by_index("node", now.spec.node_name), lookups());
    auto users = wanted.find(now.metadata.name);
    if (users == wanted.end()) return;
    std::string volume = base::quote(*now.spec.source.persistent_volume_name);
    if (attached)
      tell(users->second.pods, EventType::Normal, "SuccessfulAttachVolume",
           "AttachVolume.Attach succeeded for volume " + volume + " ");
    else
      tell(users->second.pods, EventType::Warning, "FailedAttachVolume",
           base::cat({"AttachVolume.Attach failed for volume ", volume, " : ", now.status.attach_error->message}));
  }

  io::Task<Result<void>> reconcile(Key key) {
    Snapshot snapshot{
        .node_name = key.name,
        .node = nodes_.get(key),
        .wanted = {},
        .attachments = attachments_.by_index("node", key.name),
        .attachments_of = [this](const std::string& volume) { return attachments_.by_index("volume", volume); },
        .waited_long_enough = [this](const std::string& name) { return waited_long_enough(name); }};
    // A node whose kubelet attaches by itself is left to it.
    if (snapshot.node && !snapshot.node->metadata.annotations.contains(volume::kControllerManagedAttach)) co_return {};
    snapshot.wanted = wanted_on(key.name, pods_.by_index("node", key.name), lookups());
    auto what = plan(snapshot);
    for (auto& [name, wanted] : snapshot.wanted) unwanted_since_.erase(name);
    for (auto& refused : what.refused) tell(refused.pods, EventType::Warning, "FailedAttachVolume", refused.message);
    for (auto& one : what.in_use) {
      unwanted_since_.try_emplace(one->metadata.name, context_.clock.monotonic_ns());
      queue_.add_after(key, kUnmountMax);
    }
    // Nobody may mount what is about to go: the node's status is written first.
    if (snapshot.node && snapshot.node->status.volumes_attached != what.volumes_attached) {
      auto written = co_await context_.client.patch<Node>("", key.name, client::PatchType::Merge,
                                                          status_patch(what.volumes_attached), "status");
      if (!written && written.error().code() != Code::NotFound) co_return base::fail(written.error());
    }
    for (auto& one : what.detach) {
      client::DeleteOptions options{.uid = one->metadata.uid};
      auto removed = co_await context_.client.remove<VolumeAttachment>("", one->metadata.name, std::move(options));
      if (!removed && removed.error().code() != Code::NotFound) co_return removed;
      unwanted_since_.erase(one->metadata.name);
    }
    for (auto& one : what.attach) {
      auto made = co_await context_.client.create(std::move(one));
      if (!made && made.error().code() != Code::AlreadyExists) co_return base::fail(made.error());
    }
    co_return {};
  }

  bool waited_long_enough(const std::string& name) const {
    auto since = unwanted_since_.find(name);
    return since != unwanted_since_.end() && context_.clock.monotonic_ns() - since->second >= kUnmountMax.count();
  }

  Context& context_;
  client::Cache<Node>& nodes_;
  client::Cache<Pod>& pods_;
  client::Cache<PersistentVolumeClaim>& claims_;
  client::Cache<PersistentVolume>& volumes_;
  client::Cache<CSIDriver>& drivers_;
  client::Cache<VolumeAttachment>& attachments_;
  std::map<std::string, int64_t> unwanted_since_;  // attachment to monotonic time, while it is still mounted
  client::Queue queue_;
  client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_attachdetach_controller(Context& context) {
  return std::make_unique<AttachDetach>(context);
}

}  // namespace controller
