// The node's own pods: keeps workers for what the manifests say, and objects in the API ("mirrors") that show them. The
// manifests rule: a mirror that was changed or deleted is made again, one whose pod is gone is removed. All of it works
// while no API server does; mirrors come when one answers.
//
// It is also the API of these pods' workers: what they say of their status is written to the mirror. One loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "client/client.h"
#include "client/key.h"
#include "kubelet/api.h"
#include "kubelet/options.h"
#include "kubelet/pods/pods.h"
#include "kubelet/static/manifest.h"

namespace kubelet {

// Between the workers and the API: the statuses of static pods go to their mirrors, all else through.
class MirrorApi final : public Api {
 public:
  explicit MirrorApi(Api& api) : api_(api) {}  // borrowed

  // The mirror of that pod is there, as this object; null: no more.
  void set_mirror(const client::Key& key, const core::Pod* mirror);
  const std::map<client::Key, core::Pod>& all_mirrors() const { return mirrors_; }

  io::Task<base::Result<std::string>> write_status(core::Pod pod) override;
  io::Task<base::Result<void>> finish_deletion(std::string namespace_, std::string name, std::string uid) override {
    return api_.finish_deletion(std::move(namespace_), std::move(name), std::move(uid));
  }
  io::Task<base::Result<std::shared_ptr<const core::ConfigMap>>> config_map(std::string namespace_,
                                                                            std::string name) override {
    return api_.config_map(std::move(namespace_), std::move(name));
  }
  io::Task<base::Result<std::shared_ptr<const core::Secret>>> secret(std::string namespace_,
                                                                     std::string name) override {
    return api_.secret(std::move(namespace_), std::move(name));
  }
  io::Task<base::Result<core::ServiceAccount>> service_account(std::string namespace_, std::string name) override {
    return api_.service_account(std::move(namespace_), std::move(name));
  }
  io::Task<base::Result<std::string>> runtime_handler(std::string runtime_class) override {
    return api_.runtime_handler(std::move(runtime_class));
  }
  io::Task<base::Result<IssuedToken>> token(core::Pod pod, std::string audience, int64_t expiration_seconds) override {
    return api_.token(std::move(pod), std::move(audience), expiration_seconds);
  }
  void event(const core::Pod& pod, bool warning, std::string_view reason, std::string message,
             std::string container) override {
    api_.event(pod, warning, reason, std::move(message), std::move(container));
  }
  void event_with(const core::Pod& pod, bool warning, std::string_view reason, std::string message,
                  std::map<std::string, std::string, std::less<>> annotations) override {
    api_.event_with(pod, warning, reason, std::move(message), std::move(annotations));
  }
  void claim_event(const core::PersistentVolumeClaim& claim, bool warning, std::string_view reason,
                   std::string message) override {
    api_.claim_event(claim, warning, reason, std::move(message));
  }
  std::shared_ptr<void> hold(const std::string& namespace_, const std::vector<std::string>& config_maps,
                             const std::vector<std::string>& secrets) override {
    return api_.hold(namespace_, config_maps, secrets);
  }

 private:
  Api& api_;
  std::map<client::Key, core::Pod> mirrors_;
  std::map<client::Key, std::shared_ptr<io::Event>> awaited_;  // by workers that have something to say
};

class StaticPods {
 public:
  // Borrowed: options, pods, api. `node` gives the node's object, null while there is none.
  StaticPods(const KubeletOptions& options, io::Pool& pool, client::Client client, Pods& pods, MirrorApi& api,
             std::function<std::shared_ptr<const core::Node>()> node);

  // Follows the manifests; comes back once files were read for the first time. Spawns into `scope`.
  io::Task<void> begin(io::Scope& scope);
  // Comes back once files and URL were read: what is known of then is all there is.
  io::Task<void> wait_all_read();
  // What the API has: a mirror, or its end.
  void mirror_changed(const client::Key& key, const core::Pod* mirror);
  // Mirrors are kept from now on: the API's pods are all known.
  void api_synced();
  // A worker of that uid has ended; its successor may begin.
  void worker_gone(const std::string& uid);

 private:
  void take(const std::string& source, std::vector<core::Pod> pods);
  void settle_workers();
  io::Task<void> keep_mirrors();
  io::Task<bool> keep_mirrors_once();
  bool all_sources_read() const;
  std::map<client::Key, const core::Pod*> wanted() const;

  const KubeletOptions& options_;
  io::Pool& pool_;
  client::Client client_;
  Pods& pods_;
  MirrorApi& api_;
  std::function<std::shared_ptr<const core::Node>()> node_;
  std::map<std::string, std::vector<core::Pod>> sources_;  // what each said last
  std::map<client::Key, core::Pod> running_;               // what workers were told
  bool synced_ = false;
  io::Event files_read_, all_read_;
  io::Event look_;
};

}  // namespace kubelet
