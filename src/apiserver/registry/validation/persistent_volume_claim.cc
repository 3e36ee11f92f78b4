#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/resources.h"
#include "apiserver/registry/validation/storage.h"
#include "apiserver/registry/validation/volume_sources.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

constexpr std::string_view kClassAnnotation = "volume.beta.kubernetes.io/storage-class";

template <class Source>
void check_data_source(Report& report, const Source& source, bool any_api_group, const Place& at) {
  check_required(report, source.name, Place(at, "name"));
  check_required(report, source.kind, Place(at, "kind"));
  std::string_view group = source.api_group ? std::string_view(*source.api_group) : std::string_view();
  if (group.empty()) {
    if (source.kind != "PersistentVolumeClaim") {
      report.invalid(at, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
    }
  } else if (!any_api_group) {
    report.problems(Place(at, "apiGroup"), group, schema::check_dns1123_subdomain(group));
  }
}

void check_data_sources(Report& report, const core::PersistentVolumeClaimSpec& spec, bool any_api_group,
                        const Place& at) {
  if (spec.data_source) check_data_source(report, *spec.data_source, any_api_group, Place(at, "dataSource"));
  if (spec.data_source_ref) {
    Place here(at, "dataSourceRef");
    const auto& source = *spec.data_source_ref;
    check_data_source(report, source, any_api_group, here);
    if (source.namespace_ && !source.namespace_->empty()) {
      report.problems(Place(here, "namespace"), *source.namespace_, schema::check_dns1123_label(*source.namespace_));
    }
  }
  if (!spec.data_source || !spec.data_source_ref) return;
  const auto& old = *spec.data_source;
  const auto& now = *spec.data_source_ref;
  auto shown = schema::BadValue(Place(at, "dataSource").path().text());
  if (now.namespace_ && !now.namespace_->empty()) {
    report.invalid(at, shown, "may not be specified when dataSourceRef.namespace is specified");
  } else if (old.api_group != now.api_group || old.kind != now.kind || old.name != now.name) {
    report.invalid(at, shown, "must match dataSourceRef");
  }
}

void check_modes(Report& report, const std::vector<std::string>& modes, const Place& at) {
  bool exclusive = false;
  bool other = false;
  for (const auto& mode : modes) {
    report.one_of(at, mode, {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"});
    if (mode == "ReadWriteOncePod") {
      exclusive = true;
    } else if (is_one_of(mode, {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce"})) {
      other = true;
    }
  }
  if (exclusive && other) report.forbidden(at, "may not use ReadWriteOncePod with other access modes");
}

base::Quantity storage_of(const Amounts& amounts) {
  auto found = amounts.find("storage");
  return found == amounts.end() ? base::Quantity() : found->second;
}

const std::string* annotation(const core::PersistentVolumeClaim& claim) {
  auto found = claim.metadata.annotations.find(kClassAnnotation);
  return found == claim.metadata.annotations.end() ? nullptr : &found->second;
}

void check_update(Report& report, const core::PersistentVolumeClaim& next, const core::PersistentVolumeClaim& current) {
  core::PersistentVolumeClaimSpec now = next.spec;
  core::PersistentVolumeClaimSpec before = current.spec;
  if (before.volume_name.empty()) before.volume_name = now.volume_name;  // it may be bound once

  // The class may move from its old place, the annotation, into the spec; and it may be set where there was none.
  const auto* old_class = annotation(current);
  const auto* new_class = annotation(next);
  bool named_now = now.storage_class_name && !before.storage_class_name;
  if (named_now && old_class != nullptr && *now.storage_class_name == *old_class &&
      (new_class == nullptr || *new_class == *old_class)) {
    now.storage_class_name.reset();
  } else {
    std::string_view old_text = old_class == nullptr ? std::string_view() : *old_class;
    std::string_view new_text = new_class == nullptr ? std::string_view() : *new_class;
    report.immutable_unless(old_text == new_text, Place("metadata.annotations.volume.beta.kubernetes.io/storage-class"),
                            new_text);
    if (named_now && (old_class == nullptr || *now.storage_class_name == *old_class))
      now.storage_class_name = before.storage_class_name;
  }
  if (next.status.phase == "Bound") {
    if (!now.resources.requests.empty()) now.resources.requests["storage"] = storage_of(before.resources.requests);
    now.volume_attributes_class_name = before.volume_attributes_class_name;
  }
  if (!(now == before)) {
    report.forbidden(
        Place("spec"),
        base::cat({"spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
                   "claims\n",
                   go_diff(before, now)}));
  }
  auto size = storage_of(next.spec.resources.requests);
  // Asking for less is a way back from growth that failed.
  if (size < storage_of(current.spec.resources.requests) && size <= storage_of(current.status.capacity)) {
    report.forbidden(Place("spec.resources.requests.storage"), "field can not be less than status.capacity");
  }
  report.immutable_unless(next.spec.volume_mode == current.spec.volume_mode, Place("volumeMode"),
                          bad_value(next.spec.volume_mode));
  // A class that the volume has can be exchanged only.
  if (current.status.current_volume_attributes_class_name &&
      next.spec.volume_attributes_class_name != current.spec.volume_attributes_class_name) {
    Place at("spec.volumeAttributesClassName");
    if (!next.spec.volume_attributes_class_name) {
      report.forbidden(at, "update to nil is forbidden when status.currentVolumeAttributesClassName is not nil");
    } else if (next.spec.volume_attributes_class_name->empty()) {
      report.forbidden(at,
                       "update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil");
    }
  }
}

// Of the resources that the system knows, a claim has storage only.
bool check_claim_resource(Report& report, std::string_view name, const Place& at) {
  auto problems = schema::check_qualified_name(name);
  report.problems(at, name, problems);
  if (!problems.empty()) return false;
  if (!is_native_resource(name) || name == "storage") return true;
  report.not_supported(at, name, {"storage"});
  return false;
}

bool has_group(const core::PersistentVolumeClaimSpec& spec) {
  return (spec.data_source && spec.data_source->api_group) || (spec.data_source_ref && spec.data_source_ref->api_group);
}

bool has_bad_selector(const core::PersistentVolumeClaimSpec& spec) {
  if (!spec.selector) return false;
  Report report;
  check_label_selector(report, *spec.selector, Place(""));
  return !report.empty();
}

}  // namespace

void check_claim_spec(Report& report, const core::PersistentVolumeClaimSpec& spec, SelectorValues values,
                      bool any_api_group, const Place& at) {
  Place modes(at, "accessModes");
  if (spec.access_modes.empty()) report.required(modes, "at least 1 access mode is required");
  if (spec.selector) check_label_selector(report, *spec.selector, Place(at, "selector"), values);
  check_modes(report, spec.access_modes, modes);
  Place resources(at, "resources");
  Place storage = Place::key(resources, "storage");
  auto amount = spec.resources.requests.find("storage");
  if (amount == spec.resources.requests.end()) {
    report.required(storage);
  } else {
    check_positive(report, amount->second, storage);
  }
  if (spec.storage_class_name && !spec.storage_class_name->empty()) {
    report.problems(Place(at, "storageClassName"), *spec.storage_class_name,
                    schema::check_dns1123_subdomain(*spec.storage_class_name));
  }
  if (spec.volume_mode) report.one_of(Place(at, "volumeMode"), *spec.volume_mode, {"Block", "Filesystem"});
  check_data_sources(report, spec, any_api_group, at);
  if (spec.volume_attributes_class_name && !spec.volume_attributes_class_name->empty()) {
    report.problems(Place(at, "volumeAttributesClassName"), *spec.volume_attributes_class_name,
                    schema::check_dns1123_subdomain(*spec.volume_attributes_class_name));
  }
}

FieldErrors validate_claim(const core::PersistentVolumeClaim& next, const core::PersistentVolumeClaim* current) {
  Report report;
  bool lenient = current != nullptr && has_bad_selector(current->spec);
  auto check_spec = [&] {
    check_claim_spec(report, next.spec, lenient ? SelectorValues::Unchecked : SelectorValues::Checked,
                     current != nullptr && has_group(current->spec), Place("spec"));
  };
  check_spec();
  if (current == nullptr) return report.take();
  check_spec();  // what is wrong with it is said once more with the update
  check_update(report, next, *current);
  return report.take();
}

FieldErrors validate_claim_status(const core::PersistentVolumeClaim& next, const core::PersistentVolumeClaim& current) {
  Report report;
  if (next.spec.access_modes.empty()) report.required(Place("Spec.accessModes"));
  Place status("status");
  Place capacity(status, "capacity");
  for (const auto& [name, amount] : next.status.capacity)
    check_basic_amount(report, amount, Place::key(capacity, name));
  Place resize(status, "allocatedResourceStatuses");
  for (const auto& [name, state] : next.status.allocated_resource_statuses) {
    check_claim_resource(report, name, resize);
    static constexpr Supported kStates = {"ControllerResizeInProgress", "ControllerResizeInfeasible",
                                          "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"};
    if (!is_one_of(state, kStates)) report.not_supported(resize, name, kStates);
  }
  Place allocated(status, "allocatedResources");
  for (const auto& [name, amount] : next.status.allocated_resources) {
    if (!check_claim_resource(report, name, allocated)) continue;
    Place here = Place::key(allocated, name);
    size_t before = report.size();
    check_basic_amount(report, amount, here);
    if (report.size() == before) check_amount(report, "storage", amount, here);
  }
  return report.take();
}

}  // namespace apiserver
