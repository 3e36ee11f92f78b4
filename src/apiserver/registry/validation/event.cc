#include "apiserver/registry/validation/event.h"

#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/go_form.h"
#include "base/strings.h"
#include "base/time.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr size_t kReportingInstanceMax = 128;
constexpr size_t kActionMax = 128;
constexpr size_t kReasonMax = 128;
constexpr size_t kNoteMax = 1024;

// An event is where its object is; those about objects without a namespace are in "default".
void check_namespace(Report& report, const core::Event& event) {
  Place object("involvedObject");
  const auto& about = event.involved_object.namespace_;
  const auto& here = event.metadata.namespace_;
  bool fits = about.empty() ? here.empty() || here == "default" : about == here;
  if (!fits) report.invalid(Place(object, "namespace"), about, "does not match event.namespace");
}

void check_text(Report& report, const std::string& text, size_t most, const char* name) {
  Place at(name);
  if (text.empty()) report.required(at);
  if (text.size() > most) report.invalid(at, "", base::cat({"can have at most ", std::to_string(most), " characters"}));
}

// What events say that were made for the newer form, whichever road they came by.
void check_reporter(Report& report, const core::Event& event, const char* component) {
  Place at(component);
  if (event.reporting_component.empty()) report.required(at);
  check_qualified(report, event.reporting_component, at);
  check_text(report, event.reporting_instance, kReportingInstanceMax, "reportingInstance");
  check_text(report, event.action, kActionMax, "action");
  check_text(report, event.reason, kReasonMax, "reason");
  if (event.message.size() > kNoteMax) {
    report.invalid(Place("message"), "", base::cat({"can have at most ", std::to_string(kNoteMax), " characters"}));
  }
}

void check_series(Report& report, const core::Event& event) {
  if (!event.series) return;
  Place at("series");
  if (event.series->count < 2) report.invalid(Place(at, "count"), "", "should be at least 2");
  if (event.series->last_observed_time.is_zero()) report.required(Place(at, "lastObservedTime"));
}

// The newer form has no use for what the older one counts with.
void check_newer_form(Report& report, const core::Event& event) {
  constexpr std::string_view kUnset = "needs to be unset";
  check_series(report, event);
  if (event.event_time.is_zero()) report.required(Place("eventTime"));
  if (event.type != "Normal" && event.type != "Warning") {
    report.invalid(Place("type"), "", base::cat({"has invalid value: ", event.type}));
  }
  if (!event.first_timestamp.is_zero()) report.invalid(Place("firstTimestamp"), "", kUnset);
  if (!event.last_timestamp.is_zero()) report.invalid(Place("lastTimestamp"), "", kUnset);
  if (event.count != 0) report.invalid(Place("count"), "", kUnset);
  if (!event.source.component.empty() || !event.source.host.empty()) report.invalid(Place("source"), "", kUnset);
}

schema::BadValue bad_time(base::Time time) {
  if (time.is_zero()) return {};
  return base::format_rfc3339(time);
}

// All but metadata and the series.
void check_unchanged(Report& report, const core::Event& next, const core::Event& current) {
  report.immutable_unless(next.involved_object == current.involved_object, Place("involvedObject"),
                          go_value(next.involved_object));
  report.immutable_unless(next.reason == current.reason, Place("reason"), next.reason);
  report.immutable_unless(next.message == current.message, Place("message"), next.message);
  report.immutable_unless(next.source == current.source, Place("source"), go_value(next.source));
  report.immutable_unless(next.first_timestamp == current.first_timestamp, Place("firstTimestamp"),
                          bad_time(next.first_timestamp));
  report.immutable_unless(next.last_timestamp == current.last_timestamp, Place("lastTimestamp"),
                          bad_time(next.last_timestamp));
  report.immutable_unless(next.count == current.count, Place("count"), next.count);
  report.immutable_unless(next.reason == current.reason, Place("reason"), next.reason);
  report.immutable_unless(next.type == current.type, Place("type"), next.type);
  // Microseconds are lost by those who know seconds only.
  if (next.event_time.truncated_to_seconds() != current.event_time.truncated_to_seconds()) {
    report.invalid(Place("eventTime"), bad_time(next.event_time), kImmutable);
  }
  report.immutable_unless(next.action == current.action, Place("action"), next.action);
  report.immutable_unless(next.related == current.related, Place("related"), go_value(next.related));
  report.immutable_unless(next.reporting_component == current.reporting_component, Place("reportingController"),
                          next.reporting_component);
  report.immutable_unless(next.reporting_instance == current.reporting_instance, Place("reportingInstance"),
                          next.reporting_instance);
}

}  // namespace

schema::FieldErrors validate_event(const core::Event& next, const core::Event* current, EventRoad road) {
  Report report;
  check_namespace(report, next);
  bool core_road = road == EventRoad::Core;
  if (!next.event_time.is_zero())
    check_reporter(report, next, core_road ? "reportingComponent" : "reportingController");
  if (core_road) return report.take();
  if (current == nullptr) {
    check_newer_form(report, next);
  } else {
    if (next.series != current->series) check_series(report, next);
    check_unchanged(report, next, *current);
  }
  return report.take();
}

}  // namespace apiserver
