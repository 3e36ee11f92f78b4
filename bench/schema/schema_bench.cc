// What a Pod of about 5 KB costs per media type and direction.
#include <benchmark/benchmark.h>

#include "api/core_v1.h"
#include "schema/json.h"
#include "schema/protobuf.h"

namespace {

using api::core_v1::Pod;

void add_container(Pod& pod, std::string name) {
  auto& container = pod.spec.containers.emplace_back();
  container.name = name;
  container.image = "registry.example.com/team/" + name + ":v1.2.3";
  container.args = {"--config=/etc/" + name + "/config.yaml", "--listen=0.0.0.0:8080", "--log-level=info"};
  auto& port = container.ports.emplace_back();
  port.name = "http";
  port.container_port = 8080;
  port.protocol = "TCP";
  for (const char* variable : {"POD_NAME", "POD_NAMESPACE", "REGION"}) {
    auto& env = container.env.emplace_back();
    env.name = variable;
    env.value = std::string("value of ") + variable;
  }
  container.resources.requests = {{"cpu", base::Quantity::of_milli(250)}, {"memory", base::Quantity::of(64 << 20)}};
  container.resources.limits = container.resources.requests;
  auto& mount = container.volume_mounts.emplace_back();
  mount.name = "kube-api-access-abcde";
  mount.read_only = true;
  mount.mount_path = "/var/run/secrets/kubernetes.io/serviceaccount";
  auto& probe = container.liveness_probe.emplace();
  probe.http_get.emplace().path = "/healthz";
  probe.http_get->port = 8080;
  probe.period_seconds = 10;
  container.termination_message_path = "/dev/termination-log";
  container.termination_message_policy = "File";
  container.image_pull_policy = "IfNotPresent";

  auto& status = pod.status.container_statuses.emplace_back();
  status.name = name;
  status.ready = true;
  status.image = container.image;
  status.image_id = container.image + "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  status.container_id = "containerd://0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  status.state.running.emplace().started_at = {.seconds = 1'700'000'000};
}

Pod make_pod() {
  Pod pod;
  pod.metadata.name = "web-7d4b9c6f5d-abcde";
  pod.metadata.namespace_ = "production";
  pod.metadata.uid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  pod.metadata.resource_version = "123456";
  pod.metadata.creation_timestamp = {.seconds = 1'700'000'000};
  pod.metadata.labels = {{"app", "web"}, {"pod-template-hash", "7d4b9c6f5d"}, {"tier", "front"}};
  auto& owner = pod.metadata.owner_references.emplace_back();
  owner.api_version = "apps/v1";
  owner.kind = "ReplicaSet";
  owner.name = "web-7d4b9c6f5d";
  owner.uid = "7ba7b810-9dad-41d1-80b4-00c04fd430c8";
  owner.controller = true;
  for (const char* manager : {"kube-controller-manager", "kubelet"}) {
    auto& entry = pod.metadata.managed_fields.emplace_back();
    entry.manager = manager;
    entry.operation = "Update";
    entry.api_version = "v1";
    entry.time = {.seconds = 1'700'000'000};
    entry.fields_type = "FieldsV1";
    entry.fields_v1 =
        R"({"f:metadata":{"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"7ba7b810\"}":{}}},)"
        R"("f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:args":{},"f:env":{".":{},"k:{\"name\":\"POD_NAME\"}":{".":{},"f:name":{},"f:value":{}}},)"
        R"("f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{".":{},"f:limits":{".":{},"f:cpu":{},"f:memory":{}}},)"
        R"("f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},"f:schedulerName":{}}})";
  }
  add_container(pod, "app");
  add_container(pod, "proxy");
  pod.spec.node_name = "node-17";
  pod.spec.restart_policy = "Always";
  pod.spec.dns_policy = "ClusterFirst";
  pod.spec.service_account_name = "default";
  pod.spec.scheduler_name = "default-scheduler";
  pod.spec.termination_grace_period_seconds = 30;
  pod.spec.priority = 0;
  pod.status.phase = "Running";
  pod.status.pod_ip = "10.1.2.3";
  pod.status.host_ip = "192.168.1.17";
  pod.status.start_time = {.seconds = 1'700'000'000};
  for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    auto& condition = pod.status.conditions.emplace_back();
    condition.type = type;
    condition.status = "True";
    condition.last_transition_time = {.seconds = 1'700'000'000};
  }
  return pod;
}

void JsonDecode(benchmark::State& state) {
  std::string json = schema::to_json(make_pod());
  for (auto _ : state) benchmark::DoNotOptimize(schema::from_json<Pod>(json));
  state.SetBytesProcessed(static_cast<int64_t>(json.size()) * state.iterations());
}
void JsonEncode(benchmark::State& state) {
  Pod pod = make_pod();
  for (auto _ : state) benchmark::DoNotOptimize(schema::to_json(pod));
}
void ProtobufDecode(benchmark::State& state) {
  std::string message = schema::to_protobuf(make_pod());
  for (auto _ : state) benchmark::DoNotOptimize(schema::from_protobuf<Pod>(message));
  state.SetBytesProcessed(static_cast<int64_t>(message.size()) * state.iterations());
}
void ProtobufEncode(benchmark::State& state) {
  Pod pod = make_pod();
  for (auto _ : state) benchmark::DoNotOptimize(schema::to_protobuf(pod));
}
void Copy(benchmark::State& state) {
  Pod pod = make_pod();
  for (auto _ : state) benchmark::DoNotOptimize(Pod(pod));
}
void Compare(benchmark::State& state) {
  Pod pod = make_pod(), other = pod;
  for (auto _ : state) benchmark::DoNotOptimize(pod == other);
}

BENCHMARK(JsonDecode);
BENCHMARK(JsonEncode);
BENCHMARK(ProtobufDecode);
BENCHMARK(ProtobufEncode);
BENCHMARK(Copy);
BENCHMARK(Compare);

}  // namespace

BENCHMARK_MAIN();
