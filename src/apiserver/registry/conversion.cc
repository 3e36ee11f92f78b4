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

core::Event to_core(events::Event from) {
  core::Event to;
  to.metadata = std::move(from.metadata);
  to.involved_object = std::move(from.regarding);
  to.reason = std::move(from.reason);
  to.message = std::move(from.note);
  to.type = std::move(from.type);
  to.event_time = from.event_time;
  to.action = std::move(from.action);
  to.reporting_component = std::move(from.reporting_controller);
  to.reporting_instance = std::move(from.reporting_instance);
  to.related = std::move(from.related);
  if (from.series) {
    auto& series = to.series.emplace();
    series.count = from.series->count;
    series.last_observed_time = from.series->last_observed_time;
  }
  to.source = std::move(from.deprecated_source);
  to.first_timestamp = from.deprecated_first_timestamp;
  to.last_timestamp = from.deprecated_last_timestamp;
  to.count = from.deprecated_count;
  return to;
}

events::Event to_events(core::Event from) {
  events::Event to;
  to.metadata = std::move(from.metadata);
  to.regarding = std::move(from.involved_object);
  to.reason = std::move(from.reason);
  to.note = std::move(from.message);
  to.type = std::move(from.type);
  to.event_time = from.event_time;
  to.action = std::move(from.action);
  to.reporting_controller = std::move(from.reporting_component);
  to.reporting_instance = std::move(from.reporting_instance);
  to.related = std::move(from.related);
  if (from.series) {
    auto& series = to.series.emplace();
    series.count = from.series->count;
    series.last_observed_time = from.series->last_observed_time;
  }
  to.deprecated_source = std::move(from.source);
  to.deprecated_first_timestamp = from.first_timestamp;
  to.deprecated_last_timestamp = from.last_timestamp;
  to.deprecated_count = from.count;
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
