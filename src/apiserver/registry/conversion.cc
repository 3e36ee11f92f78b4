#include "apiserver/registry/conversion.h"

#include "api/core_v1.h"
#include "api/events_k8s_io_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/conversion_autoscaling.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace events = api::events_k8s_io_v1;

// Each field beside the one that says the same; `carry` takes it from one side to the other.
template <class Carry>
void carry_fields(core::Event& core, events::Event& event, Carry carry) {
  carry(core.metadata, event.metadata);
  carry(core.involved_object, event.regarding);
  carry(core.reason, event.reason);
  carry(core.message, event.note);
  carry(core.type, event.type);
  carry(core.event_time, event.event_time);
  carry(core.action, event.action);
  carry(core.reporting_component, event.reporting_controller);
  carry(core.reporting_instance, event.reporting_instance);
  carry(core.related, event.related);
  carry(core.source, event.deprecated_source);
  carry(core.first_timestamp, event.deprecated_first_timestamp);
  carry(core.last_timestamp, event.deprecated_last_timestamp);
  carry(core.count, event.deprecated_count);
}

void carry_series(const auto& from, auto& to) {
  if (!from.series) return;
  auto& series = to.series.emplace();
  series.count = from.series->count;
  series.last_observed_time = from.series->last_observed_time;
}

core::Event to_core(events::Event from) {
  core::Event to;
  carry_fields(to, from, [](auto& core, auto& event) { core = std::move(event); });
  carry_series(from, to);
  return to;
}

events::Event to_events(core::Event from) {
  events::Event to;
  carry_fields(from, to, [](auto& core, auto& event) { event = std::move(core); });
  carry_series(from, to);
  return to;
}

}  // namespace

base::Result<schema::Object> convert(schema::Object object, const schema::Type& type) {
  if (&object.type() == &type) return object;
  if (auto* event = object.get_if<core::Event>(); event && &type == &events::Event::kType) {
    return schema::Object(to_events(std::move(*event)));
  }
  if (auto* event = object.get_if<events::Event>(); event && &type == &core::Event::kType) {
    return schema::Object(to_core(std::move(*event)));
  }
  if (auto converted = convert_autoscaling(object, type); converted.has_value()) return std::move(converted);
  return base::fail(internal_error(base::cat(
      {"no conversion from ", object.type().api_version(), ", Kind=", object.kind(), " to ", type.api_version()})));
}

}  // namespace apiserver
