#include "controller/testing/cluster.h"

#include <algorithm>

#include "controller/common/pods.h"
#include "controller/daemonset/plan.h"

namespace controller::testing {

using api::core_v1::Pod;

namespace {

std::string image_of(const Pod& pod) {
  return pod.spec.containers.empty() ? "" : pod.spec.containers[0].image;
}

}  // namespace

std::vector<Pod> Cluster::active_pods() const {
  std::vector<Pod> pods = server.list<Pod>();
  std::erase_if(pods, [](const Pod& pod) { return !is_active(pod); });
  return pods;
}

std::vector<std::string> Cluster::events(std::string_view about) const {
  auto events = server.list<api::core_v1::Event>();
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return base::parse_uint(a.metadata.resource_version).value_or(0) <
           base::parse_uint(b.metadata.resource_version).value_or(0);
  });
  std::vector<std::string> texts;
  for (const auto& event : events) {
    if (event.involved_object.name == about) texts.push_back(event.reason + " " + event.message);
  }
  return texts;
}

io::Task<void> Cluster::live(Cluster* cluster, io::Duration start_max) {
  for (;;) {
    cluster->turn(start_max);
    co_await io::sleep(100ms);
  }
}

void Cluster::turn(io::Duration start_max) {
  std::vector<Pod> due;
  for (const schema::Object* object : server.list_objects(Pod::kType, "")) {
    const Pod& pod = object->as<Pod>();
    bool settled = is_ready(pod) || is_terminal(pod) || (pod.status.phase == "Running" && image_of(pod) == "bad");
    if (pod.metadata.deletion_timestamp.is_zero() ? !settled : !is_terminal(pod)) due.push_back(pod);
  }
  for (Pod& pod : due) {
    if (!pod.metadata.deletion_timestamp.is_zero()) {
      bool ends = pod.metadata.deletion_timestamp <= base::Time::from_ns(clock.wall_ns()) || random.below(10) == 0;
      if (!ends) continue;
      if (pod.metadata.finalizers.empty()) {
        server.erase<Pod>(pod.metadata.namespace_, pod.metadata.name);
      } else {
        pod.status.phase = "Failed";
        server.put(std::move(pod));
      }
    } else if (pod.spec.node_name.empty()) {
      std::string pinned = daemonset::target_node(pod);
      pod.spec.node_name = pinned.empty() ? nodes_[random.below(nodes_.size())] : pinned;
      server.put(std::move(pod));
    } else {
      run(std::move(pod), start_max);
    }
  }
}

void Cluster::run(Pod pod, io::Duration start_max) {
  int64_t now_ns = clock.monotonic_ns();
  auto [start, fresh] = starts_.try_emplace(pod.metadata.uid, 0);
  if (fresh) start->second = now_ns + static_cast<int64_t>(random.below(static_cast<uint64_t>(start_max.count()) + 1));
  if (now_ns < start->second) return;
  if (pod.status.pod_ip.empty()) {
    pod.status.pod_ip = "10.244." + std::to_string(next_ip_ / 250) + "." + std::to_string(next_ip_ % 250 + 1);
    pod.status.pod_ips.emplace_back().ip = pod.status.pod_ip;
    next_ip_++;
  }
  if (pod.status.start_time.is_zero()) pod.status.start_time = now();
  std::string image = image_of(pod);
  pod.status.phase = image == "exits" ? "Succeeded" : image == "fails" ? "Failed" : "Running";
  if (image != "bad" && pod.status.phase == "Running") {
    auto& ready = pod.status.conditions.emplace_back();
    ready.type = "Ready";
    ready.status = "True";
    ready.last_transition_time = now();
  }
  server.put(std::move(pod));
}

namespace {

template <class T>
T workload(std::string name, int32_t replicas, std::string image) {
  T object;
  object.metadata.name = name;
  object.metadata.namespace_ = "default";
  object.spec.replicas = replicas;
  object.spec.selector.ensure().match_labels = {{"app", name}};
  object.spec.template_.metadata.labels = {{"app", name}};
  auto& container = object.spec.template_.spec.containers.emplace_back();
  container.name = "main";
  container.image = std::move(image);
  return object;
}

}  // namespace

api::apps_v1::ReplicaSet replica_set(std::string name, int32_t replicas, std::string image) {
  return workload<api::apps_v1::ReplicaSet>(std::move(name), replicas, std::move(image));
}

api::apps_v1::Deployment deployment(std::string name, int32_t replicas, std::string image) {
  auto deployment = workload<api::apps_v1::Deployment>(std::move(name), replicas, std::move(image));
  deployment.spec.strategy.type = "RollingUpdate";
  deployment.spec.revision_history_limit = 10;
  deployment.spec.progress_deadline_seconds = 600;
  return deployment;
}

}  // namespace controller::testing
