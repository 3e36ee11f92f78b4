// What managed fields cost a plain write, and what server-side apply costs.
#include <benchmark/benchmark.h>

#include "api/core_v1.h"
#include "schema/apply/ownership.h"
#include "schema/apply/struct_items.h"
#include "schema/convert.h"
#include "schema/json.h"

namespace {

namespace apply = schema::apply;
using api::core_v1::Pod;

constexpr std::string_view kPod =
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0","namespace":"default","uid":"u",
  "labels":{"app":"web","tier":"front","pod-template-hash":"7d4b9c6f5d"},"annotations":{"note":"hello"},
  "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"1234","controller":true}]},
  "spec":{"containers":[
    {"name":"main","image":"registry.example/app:1","args":["--x"],"ports":[{"containerPort":8080,"name":"http","protocol":"TCP"}],
     "env":[{"name":"A","value":"1"},{"name":"B","value":"2"},{"name":"C","value":"3"}],
     "resources":{"requests":{"cpu":"250m","memory":"64Mi"},"limits":{"cpu":"1","memory":"128Mi"}},
     "volumeMounts":[{"name":"data","mountPath":"/data"}],"livenessProbe":{"httpGet":{"path":"/healthz","port":8080}},
     "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"},
    {"name":"side","image":"registry.example/side:1","imagePullPolicy":"Always"}],
   "volumes":[{"name":"data","emptyDir":{}}],"restartPolicy":"Always","dnsPolicy":"ClusterFirst","schedulerName":"default-scheduler",
   "securityContext":{},"terminationGracePeriodSeconds":30}})";

class PodVersions final : public apply::Versions {
 public:
  std::optional<apply::TypeRef> type(std::string_view) const override { return apply::TypeRef::of(Pod::kType); }
  base::Result<schema::Value> convert(const schema::Value& object, std::string_view) const override { return object; }
};

const PodVersions kVersions;
const apply::FieldFilter kFilter;

// As the API server does on a write.
apply::Managed::Entries written(const Pod& before, const Pod& after, const apply::Managed::Entries& entries,
                                std::string_view manager) {
  auto managed = apply::Managed::decode(entries, entries);
  auto done = apply::update(
      *managed, {.versions = kVersions,
                 .api_version = "v1",
                 .filter = kFilter,
                 .manager = apply::ManagerId::of(manager, "Update", "v1", ""),
                 .now = {.seconds = 1},
                 .comparison = apply::compare(Pod::kType, &before, &after),
                 .live_at = [&](const apply::Path& path) { return apply::value_at(Pod::kType, &before, path); },
                 .live = [] { return schema::Value(); },
                 .next = [] { return schema::Value(); }});
  benchmark::DoNotOptimize(done);
  return managed->encode();
}

void ManagedFieldsOfCreate(benchmark::State& state) {
  Pod pod = *schema::from_json<Pod>(kPod);
  for (auto _ : state) benchmark::DoNotOptimize(written(Pod(), pod, {}, "m"));
}
BENCHMARK(ManagedFieldsOfCreate);

void ManagedFieldsOfUpdate(benchmark::State& state) {
  Pod before = *schema::from_json<Pod>(kPod);
  auto entries = written(Pod(), before, {}, "m");
  Pod after = before;
  after.status.phase = "Running";
  after.status.conditions.emplace_back().type = "Ready";
  for (auto _ : state) benchmark::DoNotOptimize(written(before, after, entries, "kubelet"));
}
BENCHMARK(ManagedFieldsOfUpdate);

void ApplyAmongFiveManagers(benchmark::State& state) {
  Pod pod = *schema::from_json<Pod>(kPod);
  schema::Value live = schema::to_value(Pod::kType, &pod);
  apply::Managed managed;
  auto applied = [&](const std::string& manager, const schema::Value& config) {
    return apply::apply(managed, {.versions = kVersions,
                                  .api_version = "v1",
                                  .filter = kFilter,
                                  .manager = apply::ManagerId::of(manager, "Apply", "v1", ""),
                                  .now = {.seconds = 1},
                                  .live = live,
                                  .config = config,
                                  .force = true});
  };
  for (int i = 0; i < 4; ++i) {
    auto label = schema::Value::parse(R"({"metadata":{"labels":{"l)" + std::to_string(i) + R"(":"v"}}})");
    auto next = applied("m" + std::to_string(i), *label);
    live = std::move(**next);
  }
  schema::Value config = live;
  for (auto _ : state) benchmark::DoNotOptimize(applied("m4", config));
}
BENCHMARK(ApplyAmongFiveManagers);

}  // namespace
