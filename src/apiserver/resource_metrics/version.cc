#include "apiserver/resource_metrics/version.h"

#include <algorithm>
#include <set>

#include "api/core_v1.h"
#include "api/metrics_k8s_io_v1beta1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/selection.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/time.h"
#include "schema/json.h"

namespace apiserver::resource_metrics {
namespace {

namespace core = api::core_v1;
namespace meta = api::meta_v1;
namespace metrics = api::metrics_k8s_io_v1beta1;

using Amounts = std::map<std::string, base::Quantity, std::less<>>;

Amounts amounts(const Usage& usage) {
  return {{"cpu", base::Quantity::of_nano(usage.nano_cores)},
          {"memory", base::Quantity::of(usage.memory_bytes, base::Quantity::Format::BinarySI)}};
}

// The parts that nodes and pods have in common.
template <class Metrics>
Metrics begin(const meta::ObjectMeta& of, base::Time now, const Usage& usage) {
  Metrics made;
  made.metadata.name = of.name;
  made.metadata.namespace_ = of.namespace_;
  made.metadata.labels = of.labels;
  made.metadata.creation_timestamp = now;
  made.timestamp = base::Time::from_ns(usage.at_ns).truncated_to_seconds();
  made.window.ns = usage.window_ns / 1'000'000 * 1'000'000;
  return made;
}

// Objects of the type that the selectors of `call` match, or the one it names.
template <class T>
io::Task<base::Result<std::vector<T>>> selected(const Reader& reader, const Call& call,
                                                std::vector<schema::FieldSelector::Term> also) {
  const Served& served = reader.catalog().of<T>();
  CO_TRY(auto query, read_list_query(call.query, served, false));
  auto terms = query.fields.terms();
  terms.insert(terms.end(), also.begin(), also.end());
  if (!call.info.name.empty()) terms.push_back({"metadata.name", true, call.info.name});
  ListQuery every;
  every.labels = std::move(query.labels);
  every.fields = schema::FieldSelector(std::move(terms));
  CO_TRY(auto page, co_await select_page(reader.store(), served, call.info.namespace_, std::move(every)));
  std::vector<T> found;
  for (const auto& entry : page.entries) {
    CO_TRY(auto object, served.decode(*entry));
    found.push_back(std::move(object).template take<T>());
  }
  co_return found;
}

Amounts total(const metrics::PodMetrics& pod) {
  Amounts sum;
  for (const auto& container : pod.containers) {
    for (const auto& [name, amount] : container.usage) sum[name] += amount;
  }
  return sum;
}

class TableMaker {
 public:
  template <class Metrics>
  void add(const Metrics& one, const Amounts& usage) {
    if (table_.rows.empty()) begin(usage);
    auto& row = table_.rows.emplace_back();
    auto cell = [&row](std::string_view text) { base::append_json_string(row.cells.emplace_back(), text); };
    cell(one.metadata.name);
    for (const auto& name : names_) {
      auto found = usage.find(name);
      cell(found == usage.end() ? "0" : found->second.to_string());
    }
    cell(base::format_duration(one.window.ns));
    row.object = schema::to_json(one);
  }
  meta::Table take() { return std::move(table_); }

 private:
  void begin(const Amounts& usage) {
    column("Name", "name").description = "Name of the resource";
    for (const auto& [name, amount] : usage) {
      names_.push_back(name);
      column(name, "quantity");
    }
    column("Window", "duration");
  }
  meta::TableColumnDefinition& column(std::string name, std::string format) {
    auto& made = table_.column_definitions.emplace_back();
    made.name = std::move(name);
    made.type = "string";
    made.format = std::move(format);
    return made;
  }

  meta::Table table_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<api::apidiscovery_k8s_io_v2::APIResourceDiscovery> Version::resources() const {
  std::vector<api::apidiscovery_k8s_io_v2::APIResourceDiscovery> made;
  auto add = [&](std::string name, std::string scope, std::string kind) {
    auto& one = made.emplace_back();
    one.resource = std::move(name);
    one.scope = std::move(scope);
    one.verbs = {"get", "list"};
    auto& response = one.response_kind.emplace();
    response.group = group();
    response.version = version();
    response.kind = std::move(kind);
  };
  add("nodes", "Cluster", "NodeMetrics");
  add("pods", "Namespaced", "PodMetrics");
  return made;
}

io::Task<base::Result<schema::Object>> Version::answer(const Call& call) const {
  const auto& info = call.info;
  bool of_nodes = info.resource == "nodes", of_pods = info.resource == "pods";
  bool named_nowhere = of_pods && info.verb == "get" && info.namespace_.empty();
  bool node_in_namespace = of_nodes && !info.namespace_.empty();
  if ((!of_nodes && !of_pods) || !info.subresource.empty() || named_nowhere || node_in_namespace)
    co_return base::fail(no_such_path());
  if (info.verb != "get" && info.verb != "list") co_return base::fail(no_such_method());
  co_return of_nodes ? co_await nodes(call) : co_await pods(call);
}

io::Task<base::Result<schema::Object>> Version::nodes(const Call& call) const {
  CO_TRY(auto nodes, co_await selected<core::Node>(reader_, call, {}));
  auto usage = co_await kubelets_.usage_of(nodes);
  auto now = base::Time::from_ns(clock_.wall_ns()).truncated_to_seconds();
  metrics::NodeMetricsList list;
  for (const auto& node : nodes) {
    auto found = usage.find(node.metadata.name);
    if (found == usage.end() || !found->second->node) continue;
    auto& one = list.items.emplace_back(begin<metrics::NodeMetrics>(node.metadata, now, *found->second->node));
    one.usage = amounts(*found->second->node);
  }
  if (call.info.verb == "list") co_return schema::Object(std::move(list));
  if (list.items.empty()) co_return base::fail(not_found(group(), "nodemetrics", call.info.name));
  co_return schema::Object(std::move(list.items.front()));
}

io::Task<base::Result<schema::Object>> Version::pods(const Call& call) const {
  CO_TRY(auto pods, co_await selected<core::Pod>(reader_, call, {{"status.phase", true, "Running"}}));
  std::set<std::string> names;
  for (const auto& pod : pods) names.insert(pod.spec.node_name);
  std::vector<core::Node> nodes;
  for (const auto& name : names) {
    auto node = co_await reader_.get<core::Node>("", name);
    if (node) nodes.push_back(std::move(*node));
  }
  auto usage = co_await kubelets_.usage_of(std::move(nodes));
  auto now = base::Time::from_ns(clock_.wall_ns()).truncated_to_seconds();
  metrics::PodMetricsList list;
  for (const auto& pod : pods) {
    auto of_node = usage.find(pod.spec.node_name);
    if (of_node == usage.end()) continue;
    auto found = of_node->second->pods.find(base::cat({pod.metadata.namespace_, "/", pod.metadata.name}));
    if (found == of_node->second->pods.end()) continue;
    auto oldest = std::ranges::min_element(found->second, {}, &Usage::at_ns);
    auto& one = list.items.emplace_back(begin<metrics::PodMetrics>(pod.metadata, now, *oldest));
    for (const auto& container : found->second) one.containers.push_back({container.container, amounts(container)});
  }
  if (call.info.verb == "list") co_return schema::Object(std::move(list));
  if (list.items.empty()) {
    co_return base::fail(not_found(group(), "podmetrics", base::cat({call.info.namespace_, "/", call.info.name})));
  }
  co_return schema::Object(std::move(list.items.front()));
}

meta::Table Version::table(const schema::Object& answer) const {
  TableMaker maker;
  if (auto* node = answer.get_if<metrics::NodeMetrics>()) maker.add(*node, node->usage);
  if (auto* pod = answer.get_if<metrics::PodMetrics>()) maker.add(*pod, total(*pod));
  if (auto* list = answer.get_if<metrics::NodeMetricsList>()) {
    for (const auto& one : list->items) maker.add(one, one.usage);
  }
  if (auto* list = answer.get_if<metrics::PodMetricsList>()) {
    for (const auto& one : list->items) maker.add(one, total(one));
  }
  return maker.take();
}

}  // namespace apiserver::resource_metrics
