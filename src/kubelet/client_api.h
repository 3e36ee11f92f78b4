// The kubelet's Api over a client of the API server. ConfigMaps and Secrets are watched one by one while some pod on
// this node refers to them, which is all that the node authorizer allows. One loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "client/cache.h"
#include "client/client.h"
#include "client/events.h"
#include "io/loop.h"
#include "kubelet/api.h"

namespace kubelet {

class ClientApi final : public Api {
 public:
  // `events` outlives this. `changed` is told of objects that are held.
  ClientApi(client::Client client, client::EventRecorder& events,
            std::function<void(const std::string& namespace_, const std::string& name)> changed);
  ~ClientApi() override;

  io::Task<base::Result<std::string>> write_status(api::core_v1::Pod pod) override;
  io::Task<base::Result<void>> finish_deletion(std::string namespace_, std::string name, std::string uid) override;
  io::Task<base::Result<std::shared_ptr<const api::core_v1::ConfigMap>>> config_map(std::string namespace_,
                                                                                    std::string name) override;
  io::Task<base::Result<std::shared_ptr<const api::core_v1::Secret>>> secret(std::string namespace_,
                                                                             std::string name) override;
  io::Task<base::Result<api::core_v1::ServiceAccount>> service_account(std::string namespace_,
                                                                       std::string name) override;
  io::Task<base::Result<std::string>> runtime_handler(std::string runtime_class) override;
  io::Task<base::Result<IssuedToken>> token(api::core_v1::Pod pod, std::string audience,
                                            int64_t expiration_seconds) override;
  void event(const api::core_v1::Pod& pod, bool warning, std::string_view reason, std::string message,
             std::string container) override;
  void event_with(const api::core_v1::Pod& pod, bool warning, std::string_view reason, std::string message,
                  std::map<std::string, std::string, std::less<>> annotations) override;
  void claim_event(const api::core_v1::PersistentVolumeClaim& claim, bool warning, std::string_view reason,
                   std::string message) override;
  std::shared_ptr<void> hold(const std::string& namespace_, const std::vector<std::string>& config_maps,
                             const std::vector<std::string>& secrets) override;

 private:
  template <class T>
  struct Watched;
  template <class T>
  using WatchedMap = std::map<client::Key, std::weak_ptr<Watched<T>>>;

  template <class T>
  std::shared_ptr<Watched<T>> watch(WatchedMap<T>& map, const std::string& namespace_, const std::string& name);
  template <class T>
  io::Task<base::Result<std::shared_ptr<const T>>> read(std::shared_ptr<Watched<T>> watched);

  client::Client client_;
  client::EventRecorder& events_;
  std::function<void(const std::string&, const std::string&)> changed_;
  WatchedMap<api::core_v1::ConfigMap> config_maps_;
  WatchedMap<api::core_v1::Secret> secrets_;
};

}  // namespace kubelet
