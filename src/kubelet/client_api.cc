#include "kubelet/client_api.h"

#include "api/authentication_k8s_io_v1.h"
#include "api/node_k8s_io_v1.h"
#include "base/strings.h"

namespace kubelet {
namespace {

namespace core = ::api::core_v1;

constexpr auto kSyncTimeout = std::chrono::seconds(10);

}  // namespace

template <class T>
struct ClientApi::Watched {
  Watched(client::Client client, client::Key key)
      : key(key), cache(std::move(client), {.field_selector = "metadata.name=" + key.name}, key.namespace_) {}
  client::Key key;
  client::Cache<T> cache;
  io::Scope scope;
};

ClientApi::ClientApi(client::Client client, client::EventRecorder& events,
                     std::function<void(const std::string&, const std::string&)> changed)
    : client_(std::move(client)), events_(events), changed_(std::move(changed)) {}
ClientApi::~ClientApi() = default;

io::Task<base::Result<std::string>> ClientApi::write_status(core::Pod pod) {
  constexpr int kAttempts = 5;
  std::string uid = pod.metadata.uid;
  core::PodStatus status = pod.status;
  for (int attempt = 0;; ++attempt) {
    auto written = co_await client_.update_status<core::Pod>(pod);
    if (written) co_return written->metadata.resource_version;
    if (written.error().code() != base::Code::Conflict || attempt == kAttempts) co_return base::fail(written.error());
    auto newest = co_await client_.get<core::Pod>(pod.metadata.namespace_, pod.metadata.name);
    if (!newest) co_return base::fail(newest.error());
    if (newest->metadata.uid != uid) co_return base::fail(base::Code::NotFound, "the pod was replaced by another");
    // Conditions that are not ours may be newer there.
    core::PodStatus merged = status;
    for (auto& condition : newest->status.conditions) {
      bool known = false;
      for (auto& one : merged.conditions) known = known || one.type == condition.type;
      if (!known) merged.conditions.push_back(condition);
    }
    pod = std::move(*newest);
    pod.status = std::move(merged);
  }
}

io::Task<base::Result<void>> ClientApi::finish_deletion(std::string namespace_, std::string name, std::string uid) {
  auto removed = co_await client_.remove<core::Pod>(namespace_, name, {.grace_period_seconds = 0, .uid = uid});
  if (removed || removed.error().code() == base::Code::NotFound || removed.error().code() == base::Code::Conflict)
    co_return {};
  co_return base::fail(removed.error());
}

template <class T>
std::shared_ptr<ClientApi::Watched<T>> ClientApi::watch(WatchedMap<T>& map, const std::string& namespace_,
                                                        const std::string& name) {
  client::Key key{namespace_, name};
  if (auto found = map.find(key); found != map.end())
    if (auto alive = found->second.lock()) return alive;
  auto fresh = std::make_shared<Watched<T>>(client_, key);
  fresh->cache.add_listener([this](const client::Key& changed, const T*, const T*) {
    if (changed_) changed_(changed.namespace_, changed.name);
  });
  fresh->scope.spawn(fresh->cache.run());
  std::erase_if(map, [](auto& one) { return one.second.expired(); });
  map[key] = fresh;
  return fresh;
}

template <class T>
io::Task<base::Result<std::shared_ptr<const T>>> ClientApi::read(std::shared_ptr<Watched<T>> watched) {
  if (!watched->cache.synced() && !co_await io::with_timeout(kSyncTimeout, watched->cache.wait_synced()))
    co_return base::fail(base::Code::Unavailable, "timed out waiting for the cache of " + watched->key.text());
  co_return watched->cache.get(watched->key);
}

io::Task<base::Result<std::shared_ptr<const core::ConfigMap>>> ClientApi::config_map(std::string namespace_,
                                                                                     std::string name) {
  return read<core::ConfigMap>(watch(config_maps_, namespace_, name));
}

io::Task<base::Result<std::shared_ptr<const core::Secret>>> ClientApi::secret(std::string namespace_,
                                                                              std::string name) {
  return read<core::Secret>(watch(secrets_, namespace_, name));
}

std::shared_ptr<void> ClientApi::hold(const std::string& namespace_, const std::vector<std::string>& config_maps,
                                      const std::vector<std::string>& secrets) {
  auto held = std::make_shared<std::vector<std::shared_ptr<void>>>();
  for (auto& name : config_maps) held->push_back(watch(config_maps_, namespace_, name));
  for (auto& name : secrets) held->push_back(watch(secrets_, namespace_, name));
  return held;
}

io::Task<base::Result<core::ServiceAccount>> ClientApi::service_account(std::string namespace_, std::string name) {
  return client_.get<core::ServiceAccount>(std::move(namespace_), std::move(name));
}

io::Task<base::Result<std::string>> ClientApi::runtime_handler(std::string runtime_class) {
  auto found = co_await client_.get<::api::node_k8s_io_v1::RuntimeClass>("", runtime_class);
  if (found) co_return std::move(found->handler);
  if (found.error().code() == base::Code::NotFound) {
    co_return base::fail(base::Code::NotFound,
                         base::cat({"runtimeclass.node.k8s.io ", base::quote(runtime_class), " not found"}));
  }
  co_return base::fail(found.error().with_context(base::cat({"failed to lookup RuntimeClass ", runtime_class})));
}

io::Task<base::Result<IssuedToken>> ClientApi::token(core::Pod pod, std::string audience, int64_t expiration_seconds) {
  namespace authentication = ::api::authentication_k8s_io_v1;
  authentication::TokenRequest request;
  if (!audience.empty()) request.spec.audiences = {audience};
  request.spec.expiration_seconds = expiration_seconds;
  auto& bound = request.spec.bound_object_ref.emplace();
  bound.kind = "Pod";
  bound.api_version = "v1";
  bound.name = pod.metadata.name;
  bound.uid = pod.metadata.uid;
  std::string account = pod.spec.service_account_name.empty() ? "default" : pod.spec.service_account_name;
  CO_TRY(auto answer, (co_await client_.post<core::ServiceAccount, authentication::TokenRequest>(
                          pod.metadata.namespace_, account, "token", std::move(request))));
  if (answer.status.token.empty()) co_return base::fail(base::Code::Internal, "the API server gave no token");
  co_return IssuedToken{answer.status.token, answer.status.expiration_timestamp.to_ns()};
}

void ClientApi::event_with(const core::Pod& pod, bool warning, std::string_view reason, std::string message,
                           std::map<std::string, std::string, std::less<>> annotations) {
  events_.record(client::EventRecorder::reference(pod),
                 warning ? client::EventType::Warning : client::EventType::Normal, reason, std::move(message),
                 std::move(annotations));
}

void ClientApi::claim_event(const core::PersistentVolumeClaim& claim, bool warning, std::string_view reason,
                            std::string message) {
  events_.record(client::EventRecorder::reference(claim),
                 warning ? client::EventType::Warning : client::EventType::Normal, reason, std::move(message));
}

void ClientApi::event(const core::Pod& pod, bool warning, std::string_view reason, std::string message,
                      std::string container) {
  auto about = client::EventRecorder::reference(pod);
  about.field_path = std::move(container);
  events_.record(about, warning ? client::EventType::Warning : client::EventType::Normal, reason, std::move(message));
}

}  // namespace kubelet
