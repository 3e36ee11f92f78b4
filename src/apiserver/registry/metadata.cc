#include "apiserver/registry/metadata.h"

#include <algorithm>
#include <set>

#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/managed_fields_rules.h"
#include "base/json.h"
#include "base/strings.h"
#include "schema/box.h"
#include "schema/custom.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace meta = api::meta_v1;
using schema::BadValue;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

constexpr size_t kAnnotationBytesMax = size_t{256} << 10;

void assign_struct(const schema::Field& field, void* to, const void* from) {
  if (field.holder == schema::Holder::Value) {
    field.type->assign(to, from);
    return;
  }
  auto* target = static_cast<schema::AnyBox*>(to);
  auto* source = static_cast<const schema::AnyBox*>(from);
  if (target->value != nullptr) field.type->remove(target->value);
  target->value = source->value == nullptr ? nullptr : field.type->copy(source->value);
}

// Only fields that hold a struct can be dealt with as a whole.
const schema::Field* struct_field(const schema::Type& type, std::string_view name) {
  const schema::Field* field = type.find(name);
  if (field == nullptr || field->shape != schema::Shape::Struct) return nullptr;
  if (field->holder != schema::Holder::Value && field->holder != schema::Holder::Box) return nullptr;
  return field;
}

// Whether the field is part of the tree that objects of custom kinds are.
bool is_in_tree(const schema::Object& object, std::string_view name) {
  return object.type().form == schema::Form::Custom && name != "metadata";
}

template <class T>
BadValue json_list(const std::vector<T>& items) {
  std::string shown;
  for (const auto& item : items) {
    shown += shown.empty() ? '[' : ',';
    if constexpr (std::is_same_v<T, std::string>) {
      base::append_json_string(shown, item);
    } else {
      shown += schema::to_json(item);
    }
  }
  return BadValue::json(shown + "]");
}

// Upstream's complaints are about the list, not about its items.
void validate_owner(FieldErrors& errors, const meta::OwnerReference& owner, const FieldPath& path) {
  std::string_view version = owner.api_version;
  size_t slashes = static_cast<size_t>(std::count(version.begin(), version.end(), '/'));
  if (slashes > 1) version = {};
  if (slashes == 1) version.remove_prefix(version.find('/') + 1);
  if (version.empty())
    errors.push_back(FieldError::invalid(path.child("apiVersion"), owner.api_version, "version must not be empty"));
  constexpr std::string_view kEmpty = "must not be empty";
  if (owner.kind.empty()) errors.push_back(FieldError::invalid(path.child("kind"), owner.kind, kEmpty));
  if (owner.name.empty()) errors.push_back(FieldError::invalid(path.child("name"), owner.name, kEmpty));
  if (owner.uid.empty()) errors.push_back(FieldError::invalid(path.child("uid"), owner.uid, kEmpty));
  if (owner.api_version == "v1" && owner.kind == "Event") {
    errors.push_back(FieldError::invalid(path, BadValue::json(schema::to_json(owner)),
                                         "/v1, Kind=Event is disallowed from being an owner"));
  }
}

void validate_owners(FieldErrors& errors, const std::vector<meta::OwnerReference>& owners, const FieldPath& path) {
  std::string controller;
  for (const auto& owner : owners) {
    validate_owner(errors, owner, path);
    if (!owner.controller.value_or(false)) continue;
    std::string shown = base::cat({owner.kind, "/", owner.name});
    if (controller.empty()) {
      controller = std::move(shown);
      continue;
    }
    errors.push_back(FieldError::invalid(
        path, json_list(owners),
        base::cat({"Only one reference can have Controller set to true. Found \"true\" in references for ", controller,
                   " and ", shown})));
  }
}

void validate_finalizers(FieldErrors& errors, const std::vector<std::string>& finalizers, const FieldPath& path) {
  bool orphan = false;
  bool foreground = false;
  for (const auto& finalizer : finalizers) {
    orphan |= finalizer == "orphan";
    foreground |= finalizer == "foregroundDeletion";
    schema::append_invalid(errors, path, finalizer, schema::check_qualified_name(finalizer));
  }
  if (orphan && foreground) {
    errors.push_back(
        FieldError::invalid(path, json_list(finalizers), "finalizer orphan and foregroundDeletion cannot be both set"));
  }
}

// Names without a domain are for Kubernetes' own finalizers.
void validate_finalizer_domains(FieldErrors& errors, const std::vector<std::string>& finalizers,
                                const FieldPath& path) {
  for (size_t i = 0; i < finalizers.size(); ++i) {
    const auto& finalizer = finalizers[i];
    bool standard = finalizer == "kubernetes" || finalizer == "orphan" || finalizer == "foregroundDeletion";
    if (standard || finalizer.find('/') != std::string::npos) continue;
    errors.push_back(FieldError::invalid(path.index(i), finalizer,
                                         "name is neither a standard finalizer name nor is it fully qualified"));
  }
}

template <class T>
void immutable(FieldErrors& errors, const T& next, const T& current, const FieldPath& path, std::string_view name) {
  if (next == current) return;
  BadValue shown;
  if constexpr (std::is_same_v<T, base::Time>) {
    if (!next.is_zero()) shown = base::format_rfc3339(next);
  } else if constexpr (std::is_same_v<T, std::optional<int64_t>>) {
    if (next) shown = *next;
  } else {
    shown = next;
  }
  errors.push_back(FieldError::invalid(path.child(name), shown, "field is immutable"));
}

void validate_names(FieldErrors& errors, const meta::ObjectMeta& meta, bool namespaced, NameRule rule,
                    size_t length_max, const FieldPath& path) {
  if (!meta.generate_name.empty()) {
    schema::append_invalid(errors, path.child("generateName"), meta.generate_name,
                           check_name(rule, meta.generate_name, true));
  }
  if (meta.name.empty()) {
    errors.push_back(FieldError::required(path.child("name"), "name or generateName is required"));
  } else {
    schema::append_invalid(errors, path.child("name"), meta.name, check_name(rule, meta.name, false));
    if (length_max != 0 && meta.name.size() > length_max) {
      errors.push_back(
          FieldError::invalid(path.child("name"), meta.name,
                              base::cat({"must be no more than ", std::to_string(length_max), " characters"})));
    }
  }
  if (!namespaced) {
    if (!meta.namespace_.empty())
      errors.push_back(FieldError::forbidden(path.child("namespace"), "not allowed on this type"));
  } else if (meta.namespace_.empty()) {
    errors.push_back(FieldError::required(path.child("namespace")));
  } else {
    schema::append_invalid(errors, path.child("namespace"), meta.namespace_,
                           schema::check_dns1123_label(meta.namespace_));
  }
}

void validate_whole(FieldErrors& errors, const meta::ObjectMeta& meta, bool namespaced, NameRule rule,
                    size_t length_max, const FieldPath& path) {
  validate_names(errors, meta, namespaced, rule, length_max, path);
  if (meta.generation < 0) {
    errors.push_back(
        FieldError::invalid(path.child("generation"), meta.generation, "must be greater than or equal to 0"));
  }
  validate_labels(errors, meta.labels, path.child("labels"));
  validate_annotations(errors, meta.annotations, path.child("annotations"));
  validate_owners(errors, meta.owner_references, path.child("ownerReferences"));
  validate_finalizers(errors, meta.finalizers, path.child("finalizers"));
  validate_managed_fields(errors, meta.managed_fields, path.child("managedFields"));
}

// Once an object is marked for deletion finalizers only go.
void validate_no_new_finalizers(FieldErrors& errors, const meta::ObjectMeta& next, const meta::ObjectMeta& current,
                                const FieldPath& path) {
  if (current.deletion_timestamp.is_zero()) return;
  std::set<std::string_view> extra(next.finalizers.begin(), next.finalizers.end());
  for (const auto& finalizer : current.finalizers) extra.erase(finalizer);
  if (extra.empty()) return;
  std::string shown;
  for (std::string_view finalizer : extra) shown += (shown.empty() ? "" : ", ") + base::quote(finalizer);
  errors.push_back(FieldError::forbidden(
      path, base::cat({"no new finalizers can be added if the object is being deleted, found new finalizers []string{",
                       shown, "}"})));
}

void validate_change(FieldErrors& errors, const meta::ObjectMeta& next, const meta::ObjectMeta& current,
                     const FieldPath& path) {
  validate_no_new_finalizers(errors, next, current, path.child("finalizers"));
  if (next.generation < current.generation) {
    errors.push_back(FieldError::invalid(path.child("generation"), next.generation, "must not be decremented"));
  }
  immutable(errors, next.name, current.name, path, "name");
  immutable(errors, next.namespace_, current.namespace_, path, "namespace");
  immutable(errors, next.uid, current.uid, path, "uid");
  immutable(errors, next.creation_timestamp, current.creation_timestamp, path, "creationTimestamp");
  immutable(errors, next.deletion_timestamp, current.deletion_timestamp, path, "deletionTimestamp");
  immutable(errors, next.deletion_grace_period_seconds, current.deletion_grace_period_seconds, path,
            "deletionGracePeriodSeconds");
  validate_labels(errors, next.labels, path.child("labels"));
  validate_annotations(errors, next.annotations, path.child("annotations"));
  validate_owners(errors, next.owner_references, path.child("ownerReferences"));
  validate_managed_fields(errors, next.managed_fields, path.child("managedFields"));
}

}  // namespace

void fill_system_metadata(meta::ObjectMeta& meta, base::Time now, base::Random& random) {
  meta.creation_timestamp = now.truncated_to_seconds();
  meta.uid = random.uuid();
  meta.self_link.clear();
  meta.deletion_timestamp = {};
  meta.deletion_grace_period_seconds.reset();
}

void keep_system_metadata(meta::ObjectMeta& next, const meta::ObjectMeta& current) {
  next.generation = current.generation;
  if (next.uid.empty()) next.uid = current.uid;
  next.creation_timestamp = current.creation_timestamp;
  next.self_link.clear();
  // An update cannot end a deletion; that it cannot begin one either is for validation to say.
  if (!current.deletion_timestamp.is_zero()) next.deletion_timestamp = current.deletion_timestamp;
  if (current.deletion_grace_period_seconds && !next.deletion_grace_period_seconds) {
    next.deletion_grace_period_seconds = current.deletion_grace_period_seconds;
  }
}

schema::Problems check_name(NameRule rule, std::string_view name, bool prefix) {
  // A prefix is completed by letters, so it may end in a dash; upstream puts one letter in place of the last two
  // characters.
  std::string masked;
  if (prefix && rule != NameRule::PathSegment && name.size() > 1 && name.back() == '-') {
    masked = base::cat({name.substr(0, name.size() - 2), "a"});
    name = masked;
  }
  switch (rule) {
    case NameRule::Subdomain:
      return schema::check_dns1123_subdomain(name);
    case NameRule::LongName:
      return schema::check_dns1123_subdomain(name, schema::LengthUnit::Bytes);
    case NameRule::Label:
      return schema::check_dns1123_label(name);
    case NameRule::Label1035:
      return schema::check_dns1035_label(name);
    case NameRule::PathSegment:
      return prefix ? schema::check_path_segment_prefix(name) : schema::check_path_segment(name);
  }
  return {};
}

void validate_labels(FieldErrors& errors, const std::map<std::string, std::string, std::less<>>& labels,
                     const FieldPath& path) {
  for (const auto& [key, value] : labels) {
    schema::append_invalid(errors, path, key, schema::check_qualified_name(key));
    schema::append_invalid(errors, path, value, schema::check_label_value(value));
  }
}

void validate_annotations(FieldErrors& errors, const std::map<std::string, std::string, std::less<>>& annotations,
                          const FieldPath& path) {
  size_t bytes = 0;
  for (const auto& [key, value] : annotations) {
    schema::append_invalid(errors, path, key, schema::check_qualified_name(base::to_lower(key)));
    bytes += key.size() + value.size();
  }
  if (bytes > kAnnotationBytesMax) errors.push_back(FieldError::too_long(path, kAnnotationBytesMax));
}

FieldErrors validate_common_metadata(const meta::ObjectMeta& meta, const meta::ObjectMeta* current, bool namespaced) {
  FieldErrors errors;
  FieldPath path("metadata");
  validate_whole(errors, meta, namespaced, NameRule::PathSegment, 0, path);
  if (current != nullptr) validate_change(errors, meta, *current, path);
  return errors;
}

FieldErrors validate_metadata(const meta::ObjectMeta& meta, const meta::ObjectMeta* current, bool namespaced,
                              const Traits& traits) {
  FieldErrors errors;
  if (traits.metadata_rule == MetadataRule::None) return errors;
  FieldPath path("metadata");
  bool core = traits.metadata_rule == MetadataRule::Core;
  if (current != nullptr) {
    validate_change(errors, meta, *current, path);
    if (core) validate_finalizer_domains(errors, meta.finalizers, path.child("finalizers"));
  }
  if (current == nullptr || traits.update_checks_whole_metadata) {
    validate_whole(errors, meta, namespaced, traits.name_rule, traits.name_length_max, path);
    if (core) validate_finalizer_domains(errors, meta.finalizers, path.child("finalizers"));
  }
  return errors;
}

void copy_field(schema::Object& to, const schema::Object& from, std::string_view name) {
  if (is_in_tree(to, name)) {
    const schema::Value* value = schema::custom_of(from)->content.find(name);
    auto& members = schema::custom_of(to)->content.as_object();
    if (value != nullptr) {
      members.set(name, *value);
    } else {
      members.erase(name);
    }
    return;
  }
  if (const schema::Field* field = struct_field(to.type(), name))
    assign_struct(*field, field->in(to.data()), field->in(from.data()));
}

void clear_field(schema::Object& object, std::string_view name) {
  if (is_in_tree(object, name)) {
    schema::custom_of(object)->content.as_object().erase(name);
    return;
  }
  const schema::Field* field = struct_field(object.type(), name);
  if (field == nullptr) return;
  schema::Object fresh(object.type());
  assign_struct(*field, field->in(object.data()), field->in(fresh.data()));
}

bool has_field(const schema::Type& type, std::string_view name) {
  return struct_field(type, name) != nullptr;
}

bool field_equal(const schema::Object& a, const schema::Object& b, std::string_view name) {
  if (is_in_tree(a, name)) {
    const schema::Value* left = schema::custom_of(a)->content.find(name);
    const schema::Value* right = schema::custom_of(b)->content.find(name);
    return left == nullptr || right == nullptr ? left == right : *left == *right;
  }
  const schema::Field* field = struct_field(a.type(), name);
  if (field == nullptr) return true;
  if (field->holder == schema::Holder::Value)
    return schema::equal(*field->type, field->in(a.data()), field->in(b.data()));
  const void* left = static_cast<const schema::AnyBox*>(field->in(a.data()))->value;
  const void* right = static_cast<const schema::AnyBox*>(field->in(b.data()))->value;
  return left == nullptr || right == nullptr ? left == right : schema::equal(*field->type, left, right);
}

void copy_fields_but(schema::Object& to, const schema::Object& from, std::string_view but) {
  schema::Object merged = from;
  copy_field(merged, to, but);
  copy_field(merged, to, "metadata");
  to = std::move(merged);
}

bool fields_equal_but(const schema::Object& a, const schema::Object& b, std::string_view but,
                      schema::EmptyAndAbsent rule) {
  schema::Object left = a;
  copy_field(left, b, but);
  copy_field(left, b, "metadata");
  return schema::equal(a.type(), left.data(), b.data(), rule);
}

}  // namespace apiserver
