#include "kubelet/static/static_pods.h"

#include <algorithm>

#include "base/log.h"
#include "kubelet/runtime/records.h"
#include "kubelet/static/manifest_source.h"

namespace kubelet {
namespace {

constexpr auto kRetry = std::chrono::seconds(2);

client::Key key_of(const core::Pod& pod) {
  return {pod.metadata.namespace_, pod.metadata.name};
}

// When it was read is no change.
bool same_pod(const core::Pod& a, const core::Pod& b) {
  auto without_time = [](const core::Pod& pod) {
    api::meta_v1::ObjectMeta out = pod.metadata;
    out.annotations.erase(std::string(kConfigSeenAnnotation));
    return out;
  };
  return a.spec == b.spec && without_time(a) == without_time(b);
}

}  // namespace

void MirrorApi::set_mirror(const client::Key& key, const core::Pod* mirror) {
  if (mirror == nullptr) {
    mirrors_.erase(key);
    return;
  }
  mirrors_[key] = *mirror;
  if (auto waiting = awaited_.extract(key)) waiting.mapped()->set();
}

io::Task<base::Result<std::string>> MirrorApi::write_status(core::Pod pod) {
  if (!is_static(pod)) co_return co_await api_.write_status(std::move(pod));
  client::Key key{pod.metadata.namespace_, pod.metadata.name};
  auto found = mirrors_.find(key);
  while (found == mirrors_.end() || !mirrors(found->second, pod)) {
    // Nobody can be told before there is a mirror; what is newer by then is told next.
    auto& waiting = awaited_[key];
    if (waiting == nullptr) waiting = std::make_shared<io::Event>();
    auto mine = waiting;
    co_await mine->wait();
    found = mirrors_.find(key);
  }
  core::Pod mirror = found->second;
  mirror.status = std::move(pod.status);
  co_return co_await api_.write_status(std::move(mirror));
}

StaticPods::StaticPods(const KubeletOptions& options, io::Pool& pool, client::Client client, Pods& pods, MirrorApi& api,
                       std::function<std::shared_ptr<const core::Node>()> node)
    : options_(options), pool_(pool), client_(std::move(client)), pods_(pods), api_(api), node_(std::move(node)) {}

io::Task<void> StaticPods::begin(io::Scope& scope) {
  const auto& from = options_.static_pods;
  scope.spawn(keep_mirrors());
  if (!from.url.empty())
    scope.spawn(follow_manifest_url(from, options_.node_name,
                                    [this](std::vector<core::Pod> pods) { take("http", std::move(pods)); }));
  if (from.path.empty()) co_return;
  scope.spawn(follow_manifest_files(pool_, from, options_.node_name, [this](std::vector<core::Pod> pods) {
    take("file", std::move(pods));
    files_read_.set();
  }));
  co_await files_read_.wait();
}

bool StaticPods::all_sources_read() const {
  return (options_.static_pods.path.empty() || sources_.contains("file")) &&
         (options_.static_pods.url.empty() || sources_.contains("http"));
}

void StaticPods::take(const std::string& source, std::vector<core::Pod> pods) {
  sources_[source] = std::move(pods);
  settle_workers();
  look_.set();
  if (all_sources_read()) all_read_.set();
}

io::Task<void> StaticPods::wait_all_read() {
  if (!all_sources_read()) co_await all_read_.wait();
}

// Of two manifests with one name the first counts.
std::map<client::Key, const core::Pod*> StaticPods::wanted() const {
  std::map<client::Key, const core::Pod*> out;
  for (const auto& [source, pods] : sources_)
    for (const auto& pod : pods) out.try_emplace(key_of(pod), &pod);
  return out;
}

// A pod's successor begins once nothing of it is left: they may want the same ports and folders.
void StaticPods::settle_workers() {
  auto pods = wanted();
  for (const auto& [key, running] : running_) {
    auto found = pods.find(key);
    if (found == pods.end() || found->second->metadata.uid != running.metadata.uid) pods_.removed(running.metadata.uid);
  }
  for (const auto& [key, pod] : pods) {
    auto found = running_.find(key);
    bool other = found != running_.end() && found->second.metadata.uid != pod->metadata.uid;
    if (other || (found != running_.end() && same_pod(found->second, *pod))) continue;
    running_[key] = *pod;
    pods_.updated(*pod);
  }
}

void StaticPods::worker_gone(const std::string& uid) {
  if (std::erase_if(running_, [&](const auto& one) { return one.second.metadata.uid == uid; }) == 0) return;
  settle_workers();
  look_.set();
}

void StaticPods::mirror_changed(const client::Key& key, const core::Pod* mirror) {
  api_.set_mirror(key, mirror);
  look_.set();
}

void StaticPods::api_synced() {
  synced_ = true;
  look_.set();
}

io::Task<void> StaticPods::keep_mirrors() {
  for (;;) {
    co_await look_.wait();
    look_.reset();
    if (!synced_) continue;
    if (co_await keep_mirrors_once()) continue;
    look_.set();
    co_await io::sleep(kRetry);
  }
}

io::Task<bool> StaticPods::keep_mirrors_once() {
  bool good = true;
  auto shown = api_.all_mirrors();
  for (const auto& [key, mirror] : shown) {
    auto pods = wanted();  // as they are now: the one before had to be waited for
    auto found = pods.find(key);
    bool ending = !mirror.metadata.deletion_timestamp.is_zero();
    if (found != pods.end() && mirrors(mirror, *found->second) && !ending) continue;
    // Of a pod that is ending the mirror still tells how.
    if (found == pods.end() && (!all_sources_read() || running_.contains(key))) continue;
    auto removed = co_await client_.remove<core::Pod>(key.namespace_, key.name,
                                                      {.grace_period_seconds = 0, .uid = mirror.metadata.uid});
    if (removed || removed.error().code() == base::Code::NotFound) continue;
    LOG_WARNING("Cannot delete a mirror pod", {"pod", key.text()}, {"error", removed.error().message()});
    good = false;
  }
  std::vector<core::Pod> missing;
  for (const auto& [key, pod] : wanted())
    if (!api_.all_mirrors().contains(key)) missing.push_back(*pod);
  auto node = node_();
  for (const auto& pod : missing) {
    auto made = co_await client_.create<core::Pod>(make_mirror(pod, node.get()));
    if (made) {
      // A pod that goes on as before has nothing new to say: what it said last is said of the new mirror.
      const auto* worker = pods_.find(pod.metadata.namespace_, pod.metadata.name, pod.metadata.uid);
      if (worker == nullptr) continue;
      made->status = worker->pod().status;
      made = co_await client_.update_status<core::Pod>(std::move(*made));
    }
    if (made || made.error().code() == base::Code::Conflict || made.error().code() == base::Code::AlreadyExists)
      continue;
    LOG_WARNING("Cannot make a mirror pod", {"pod", key_of(pod).text()}, {"error", made.error().message()});
    good = false;
  }
  co_return good;
}

}  // namespace kubelet
