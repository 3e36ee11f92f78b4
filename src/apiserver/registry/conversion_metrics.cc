#include "apiserver/registry/conversion_metrics.h"

namespace apiserver {
namespace {

namespace v1 = api::autoscaling_v1;
namespace v2 = api::autoscaling_v2;

// Which field is which is said once, below; a way carries it from one side to the other.
struct ToOlder {
  template <class T>
  static void carry(T& older, const T& newer) {
    older = newer;
  }
  static void carry(base::Quantity& older, const std::optional<base::Quantity>& newer) {
    older = newer.value_or(base::Quantity());
  }
  static void carry(v1::CrossVersionObjectReference& older, const v2::CrossVersionObjectReference& newer) {
    older = same_reference<v1::CrossVersionObjectReference>(newer);
  }
  static void part(auto& older, const auto& newer, auto fields) {
    if (newer) fields(older.emplace(), *newer);
  }
};

struct ToNewer {
  template <class T>
  static void carry(const T& older, T& newer) {
    newer = older;
  }
  static void carry(const base::Quantity& older, std::optional<base::Quantity>& newer) { newer = older; }
  static void carry(const v1::CrossVersionObjectReference& older, v2::CrossVersionObjectReference& newer) {
    newer = same_reference<v2::CrossVersionObjectReference>(older);
  }
  static void part(const auto& older, auto& newer, auto fields) {
    if (older) fields(*older, newer.emplace());
  }
};

template <class Way>
void carry_spec(auto& older, auto& newer) {
  Way::carry(older.type, newer.type);
  Way::part(older.object, newer.object, [](auto& older, auto& newer) {
    Way::carry(older.target, newer.described_object);
    Way::carry(older.metric_name, newer.metric.name);
    Way::carry(older.selector, newer.metric.selector);
    Way::carry(older.target_value, newer.target.value);
    Way::carry(older.average_value, newer.target.average_value);
  });
  Way::part(older.pods, newer.pods, [](auto& older, auto& newer) {
    Way::carry(older.metric_name, newer.metric.name);
    Way::carry(older.selector, newer.metric.selector);
    Way::carry(older.target_average_value, newer.target.average_value);
  });
  auto resource = [](auto& older, auto& newer) {
    Way::carry(older.name, newer.name);
    Way::carry(older.target_average_utilization, newer.target.average_utilization);
    Way::carry(older.target_average_value, newer.target.average_value);
  };
  Way::part(older.resource, newer.resource, resource);
  Way::part(older.container_resource, newer.container_resource, [&](auto& older, auto& newer) {
    resource(older, newer);
    Way::carry(older.container, newer.container);
  });
  Way::part(older.external, newer.external, [](auto& older, auto& newer) {
    Way::carry(older.metric_name, newer.metric.name);
    Way::carry(older.metric_selector, newer.metric.selector);
    Way::carry(older.target_value, newer.target.value);
    Way::carry(older.target_average_value, newer.target.average_value);
  });
}

template <class Way>
void carry_status(auto& older, auto& newer) {
  Way::carry(older.type, newer.type);
  Way::part(older.object, newer.object, [](auto& older, auto& newer) {
    Way::carry(older.target, newer.described_object);
    Way::carry(older.metric_name, newer.metric.name);
    Way::carry(older.selector, newer.metric.selector);
    Way::carry(older.current_value, newer.current.value);
    Way::carry(older.average_value, newer.current.average_value);
  });
  Way::part(older.pods, newer.pods, [](auto& older, auto& newer) {
    Way::carry(older.metric_name, newer.metric.name);
    Way::carry(older.selector, newer.metric.selector);
    Way::carry(older.current_average_value, newer.current.average_value);
  });
  auto resource = [](auto& older, auto& newer) {
    Way::carry(older.name, newer.name);
    Way::carry(older.current_average_utilization, newer.current.average_utilization);
    Way::carry(older.current_average_value, newer.current.average_value);
  };
  Way::part(older.resource, newer.resource, resource);
  Way::part(older.container_resource, newer.container_resource, [&](auto& older, auto& newer) {
    resource(older, newer);
    Way::carry(older.container, newer.container);
  });
  Way::part(older.external, newer.external, [](auto& older, auto& newer) {
    Way::carry(older.metric_name, newer.metric.name);
    Way::carry(older.metric_selector, newer.metric.selector);
    Way::carry(older.current_value, newer.current.value);
    Way::carry(older.current_average_value, newer.current.average_value);
  });
}

// What the older form leaves to be concluded.
void conclude_type(v2::MetricTarget& target, std::string_view otherwise) {
  target.type = target.average_value ? "AverageValue" : otherwise;
}

}  // namespace

v1::MetricSpec to_older(const v2::MetricSpec& from) {
  v1::MetricSpec to;
  carry_spec<ToOlder>(to, from);
  return to;
}

v2::MetricSpec to_newer(const v1::MetricSpec& from) {
  v2::MetricSpec to;
  carry_spec<ToNewer>(from, to);
  if (to.object) {
    auto& target = to.object->target;
    if (target.value->is_zero()) target.value.reset();
    conclude_type(target, "Value");
  }
  if (to.pods) to.pods->target.type = "AverageValue";
  if (to.resource) conclude_type(to.resource->target, "Utilization");
  if (to.container_resource) conclude_type(to.container_resource->target, "Utilization");
  if (to.external) conclude_type(to.external->target, "Value");
  return to;
}

v1::MetricStatus to_older(const v2::MetricStatus& from) {
  v1::MetricStatus to;
  carry_status<ToOlder>(to, from);
  return to;
}

v2::MetricStatus to_newer(const v1::MetricStatus& from) {
  v2::MetricStatus to;
  carry_status<ToNewer>(from, to);
  return to;
}

}  // namespace apiserver
