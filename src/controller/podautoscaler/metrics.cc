#include "controller/podautoscaler/metrics.h"

#include "base/quantity.h"
#include "base/strings.h"
#include "client/codec.h"
#include "client/status.h"
#include "client/target.h"
#include "schema/status.h"
#include "schema/value.h"

namespace controller::autoscaling {
namespace {

using base::Result;
using schema::Value;

constexpr int64_t kDefaultWindowSeconds = 60;
constexpr std::string_view kFromResource = "unable to fetch metrics from resource metrics API: ";
constexpr std::string_view kFromCustom = "unable to fetch metrics from custom metrics API: ";
constexpr std::string_view kFromExternal = "unable to fetch metrics from external metrics API: ";

base::Error plain(std::string message) {
  return base::Error(base::Code::Internal, std::move(message));
}

// The items of a list; `what` is what is asked for, in the words of an error: "pods.metrics.k8s.io".
io::Task<Result<Value::Array>> items(client::Client client, std::string target, std::string what) {
  client::Call call{.method = "GET", .target = std::move(target), .accept = std::string(client::kJson)};
  CO_TRY(client::Reply reply, co_await client.transport().call(std::move(call)));
  if (reply.status != 200) {
    base::Error error = client::error_of(reply);
    if (schema::carried_status(error) == nullptr && reply.status == 404)
      error = base::Error(base::Code::NotFound,
                          base::cat({"the server could not find the requested resource (get ", what, ")"}));
    if (schema::carried_status(error) == nullptr && reply.status == 503)
      error = base::Error(base::Code::Unavailable,
                          base::cat({"the server is currently unable to handle the request (get ", what, ")"}));
    co_return base::fail(std::move(error));
  }
  CO_TRY(Value tree, Value::parse(reply.body.view()));
  Value* found = tree.find("items");
  if (found == nullptr || !found->is_array()) co_return Value::Array();
  co_return std::move(found->as_array());
}

Result<int64_t> milli_at(const Value& item, std::initializer_list<std::string_view> path) {
  const Value* value = item.at(path);
  std::string text = value == nullptr ? "" : value->is_string() ? value->as_string() : value->to_json();
  TRY(auto amount, base::Quantity::parse(text));
  return amount.milli_value();
}

base::Time time_at(const Value& item) {
  auto time = base::parse_rfc3339(item.text_at({"timestamp"}));
  return time ? *time : base::Time();
}

// Of a pod; nothing when it, or one of its containers, does not say.
Result<std::optional<int64_t>> used(const Value& item, const std::string& resource, const std::string& container) {
  int64_t total = 0;
  bool found = false;
  const Value* containers = item.find("containers");
  if (containers == nullptr || !containers->is_array()) return std::nullopt;
  for (const Value& one : containers->as_array()) {
    if (!container.empty() && one.text_at({"name"}) != container) continue;
    found = true;
    if (one.at({"usage", resource}) == nullptr) return std::nullopt;
    TRY(int64_t amount, milli_at(one, {"usage", resource}));
    total += amount;
  }
  if (!found && !container.empty()) {
    return base::fail(
        plain(base::cat({"failed to get container metrics: container ", container, " not present in metrics for pod ",
                         item.text_at({"metadata", "namespace"}), "/", item.text_at({"metadata", "name"})})));
  }
  if (!found) return std::nullopt;
  return total;
}

// Of custom.metrics.k8s.io, in the newest version that is served.
io::Task<Result<Value::Array>> custom_items(client::Client client, std::string below, std::string selector,
                                            std::string metric_selector) {
  for (std::string_view version : {"v1beta2", "v1beta1"}) {
    std::string target = base::cat({"/apis/custom.metrics.k8s.io/", version, below});
    client::add_query(target, "labelSelector", selector);
    client::add_query(target, "metricLabelSelector", metric_selector);
    auto found = co_await items(client, std::move(target), "custom.metrics.k8s.io");
    bool not_served =
        !found && found.error().code() == base::Code::NotFound && schema::carried_status(found.error()) == nullptr;
    if (not_served) continue;
    if (!found) co_return base::fail(plain(base::cat({kFromCustom, found.error().message()})));
    if (found->empty()) co_return base::fail(plain("no metrics returned from custom metrics API"));
    co_return found;
  }
  co_return base::fail(plain(base::cat({kFromCustom, "no custom metrics API (custom.metrics.k8s.io) registered"})));
}

}  // namespace

io::Task<Result<Samples>> Metrics::of_resource(std::string namespace_, std::string selector, std::string resource,
                                               std::string container) {
  std::string target = client::target_of("metrics.k8s.io", "v1beta1", "pods", namespace_);
  client::add_query(target, "labelSelector", selector);
  auto found = co_await items(client_, std::move(target), "pods.metrics.k8s.io");
  if (!found) co_return base::fail(plain(base::cat({kFromResource, found.error().message()})));
  if (found->empty()) co_return base::fail(plain("no metrics returned from resource metrics API"));
  Samples samples;
  for (const Value& item : *found) {
    CO_TRY(auto amount, used(item, resource, container));
    if (!amount) continue;
    auto window = base::parse_duration(item.text_at({"window"}));
    samples[std::string(item.text_at({"metadata", "name"}))] = {
        .milli = *amount, .at = time_at(item), .window_seconds = window ? *window / 1'000'000'000 : 0};
  }
  co_return samples;
}

io::Task<Result<Samples>> Metrics::of_pods(std::string namespace_, std::string selector, std::string metric,
                                           std::string metric_selector) {
  CO_TRY(auto found, co_await custom_items(client_, base::cat({"/namespaces/", namespace_, "/pods/*/", metric}),
                                           std::move(selector), std::move(metric_selector)));
  Samples samples;
  for (const Value& item : found) {
    CO_TRY(int64_t amount, milli_at(item, {"value"}));
    const Value* window = item.find("windowSeconds");
    if (window == nullptr) window = item.find("window");
    samples[std::string(item.text_at({"describedObject", "name"}))] = {
        .milli = amount,
        .at = time_at(item),
        .window_seconds = window != nullptr && window->is_int() ? window->as_int() : kDefaultWindowSeconds};
  }
  co_return samples;
}

io::Task<Result<int64_t>> Metrics::of_object(std::string namespace_, std::string resource, std::string name,
                                             std::string metric, std::string metric_selector) {
  std::string below = resource == "namespaces"
                          ? base::cat({"/namespaces/", namespace_, "/metrics/", metric})
                          : base::cat({"/namespaces/", namespace_, "/", resource, "/", name, "/", metric});
  CO_TRY(auto found, co_await custom_items(client_, std::move(below), "", std::move(metric_selector)));
  if (found.size() != 1) {
    co_return base::fail(plain(base::cat({kFromCustom, "the custom metrics API server returned ",
                                          std::to_string(found.size()), " results when we asked for exactly one"})));
  }
  co_return milli_at(found[0], {"value"});
}

io::Task<Result<int64_t>> Metrics::external(std::string namespace_, std::string metric, std::string metric_selector) {
  std::string target = client::target_of("external.metrics.k8s.io", "v1beta1", metric, namespace_);
  client::add_query(target, "labelSelector", metric_selector);
  auto found = co_await items(client_, std::move(target), metric + ".external.metrics.k8s.io");
  if (!found) co_return base::fail(plain(base::cat({kFromExternal, found.error().message()})));
  if (found->empty()) co_return base::fail(plain("no metrics returned from external metrics API"));
  int64_t total = 0;
  for (const Value& item : *found) {
    CO_TRY(int64_t amount, milli_at(item, {"value"}));
    total += amount;
  }
  co_return total;
}

}  // namespace controller::autoscaling
