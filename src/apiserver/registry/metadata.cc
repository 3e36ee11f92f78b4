#include "apiserver/registry/metadata.h"

#include <set>

#include "apiserver/pipeline/errors.h"
#include "base/strings.h"
#include "schema/box.h"

namespace apiserver {
namespace {

namespace meta = api::meta_v1;
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

void validate_owners(FieldErrors& errors, const std::vector<meta::OwnerReference>& owners, const FieldPath& path) {
  const meta::OwnerReference* controller = nullptr;
  for (size_t i = 0; i < owners.size(); ++i) {
    const auto& owner = owners[i];
    auto at = path.index(i);
    auto slash = owner.api_version.find('/');
    std::string_view version =
        slash == std::string::npos ? std::string_view(owner.api_version) : std::string_view(owner.api_version).substr(slash + 1);
    if (version.empty()) {
      errors.push_back(FieldError::invalid(at.child("apiVersion"), owner.api_version, "version must not be empty"));
    }
    if (owner.kind.empty()) errors.push_back(FieldError::invalid(at.child("kind"), owner.kind, "must not be empty"));
    if (owner.name.empty()) errors.push_back(FieldError::invalid(at.child("name"), owner.name, "must not be empty"));
    if (owner.uid.empty()) errors.push_back(FieldError::invalid(at.child("uid"), owner.uid, "must not be empty"));
    if (owner.api_version == "v1" && owner.kind == "Event") {
      errors.push_back(FieldError::invalid(at, schema::BadValue(""), "/v1, Kind=Event is disallowed from being an owner"));
    }
    if (owner.controller.value_or(false)) {
      if (controller != nullptr) {
        errors.push_back(FieldError::invalid(
            path, schema::BadValue::json(""),
            base::cat({"Only one reference can have Controller set to true. Found \"true\" in references for ", controller->name, " and ",
                       owner.name})));
      } else {
        controller = &owner;
      }
    }
  }
}

void validate_finalizers(FieldErrors& errors, const std::vector<std::string>& finalizers, const FieldPath& path) {
  bool orphan = false;
  bool foreground = false;
  for (size_t i = 0; i < finalizers.size(); ++i) {
    const auto& finalizer = finalizers[i];
    orphan |= finalizer == "orphan";
    foreground |= finalizer == "foregroundDeletion";
    auto at = path.index(i);
    schema::append_invalid(errors, at, finalizer, schema::check_qualified_name(finalizer));
    bool standard = finalizer == "kubernetes" || finalizer == "orphan" || finalizer == "foregroundDeletion";
    if (finalizer.find('/') == std::string::npos && !standard) {
      errors.push_back(FieldError::invalid(at, finalizer, "name is neither a standard finalizer name nor is it fully qualified"));
    }
  }
  if (orphan && foreground) {
    std::string shown = "[";
    for (const auto& finalizer : finalizers) {
      if (shown.size() > 1) shown += ',';
      shown += base::quote(finalizer);
    }
    errors.push_back(FieldError::invalid(path, schema::BadValue::json(shown + "]"),
                                         "finalizer orphan and foregroundDeletion cannot be both set"));
  }
}

void immutable(FieldErrors& errors, const std::string& next, const std::string& current, const FieldPath& path) {
  if (next != current) errors.push_back(FieldError::invalid(path, next, "field is immutable"));
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
  // A prefix is completed by letters, so it may end in a dash or a dot.
  std::string masked;
  if (prefix && rule != NameRule::PathSegment && !name.empty() && name.back() == '-') {
    masked = name;
    masked.back() = 'a';
    name = masked;
  }
  switch (rule) {
    case NameRule::Subdomain: return schema::check_dns1123_subdomain(name);
    case NameRule::Label: return schema::check_dns1123_label(name);
    case NameRule::Label1035: return schema::check_dns1035_label(name);
    case NameRule::PathSegment:
      return prefix ? schema::check_path_segment_prefix(name) : schema::check_path_segment(name);
  }
  return {};
}

void validate_labels(FieldErrors& errors, const std::map<std::string, std::string, std::less<>>& labels, const FieldPath& path) {
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

FieldErrors validate_metadata(const meta::ObjectMeta& meta, bool namespaced, const Traits& traits, const FieldPath& path) {
  FieldErrors errors;
  if (!meta.generate_name.empty()) {
    schema::append_invalid(errors, path.child("generateName"), meta.generate_name,
                           check_name(traits.name_rule, meta.generate_name, true));
  }
  if (meta.name.empty()) {
    errors.push_back(FieldError::required(path.child("name"), "name or generateName is required"));
  } else {
    schema::append_invalid(errors, path.child("name"), meta.name, check_name(traits.name_rule, meta.name, false));
    if (traits.name_length_max != 0 && meta.name.size() > traits.name_length_max) {
      errors.push_back(FieldError::invalid(path.child("name"), meta.name,
                                           base::cat({"must be no more than ", std::to_string(traits.name_length_max), " characters"})));
    }
  }
  if (namespaced) {
    if (meta.namespace_.empty()) {
      errors.push_back(FieldError::required(path.child("namespace")));
    } else {
      schema::append_invalid(errors, path.child("namespace"), meta.namespace_, schema::check_dns1123_label(meta.namespace_));
    }
  } else if (!meta.namespace_.empty()) {
    errors.push_back(FieldError::forbidden(path.child("namespace"), "not allowed on this type"));
  }
  if (meta.generation < 0) {
    errors.push_back(FieldError::invalid(path.child("generation"), meta.generation, "must be greater than or equal to 0"));
  }
  validate_labels(errors, meta.labels, path.child("labels"));
  validate_annotations(errors, meta.annotations, path.child("annotations"));
  validate_owners(errors, meta.owner_references, path.child("ownerReferences"));
  validate_finalizers(errors, meta.finalizers, path.child("finalizers"));
  return errors;
}

FieldErrors validate_metadata_update(const meta::ObjectMeta& next, const meta::ObjectMeta& current, bool namespaced,
                                     const FieldPath& path) {
  FieldErrors errors;
  // Once it is marked for deletion finalizers only go.
  if (!current.deletion_timestamp.is_zero()) {
    std::set<std::string> had(current.finalizers.begin(), current.finalizers.end());
    std::vector<std::string> extra;
    for (const auto& finalizer : next.finalizers) {
      if (!had.contains(finalizer)) extra.push_back(finalizer);
    }
    if (!extra.empty()) {
      std::string shown;
      for (const auto& finalizer : extra) shown += (shown.empty() ? "" : ", ") + base::quote(finalizer);
      errors.push_back(FieldError::forbidden(
          path.child("finalizers"),
          base::cat({"no new finalizers can be added if the object is being deleted, found new finalizers []string{", shown, "}"})));
    }
  }
  if (next.name != current.name) errors.push_back(FieldError::invalid(path.child("name"), next.name, "field is immutable"));
  immutable(errors, next.namespace_, current.namespace_, path.child("namespace"));
  immutable(errors, next.uid, current.uid, path.child("uid"));
  if (next.creation_timestamp != current.creation_timestamp) {
    errors.push_back(FieldError::invalid(path.child("creationTimestamp"),
                                         base::format_rfc3339(next.creation_timestamp), "field is immutable"));
  }
  if (next.deletion_timestamp != current.deletion_timestamp) {
    errors.push_back(FieldError::invalid(
        path.child("deletionTimestamp"),
        next.deletion_timestamp.is_zero() ? schema::BadValue() : schema::BadValue(base::format_rfc3339(next.deletion_timestamp)),
        "field is immutable"));
  }
  if (next.deletion_grace_period_seconds != current.deletion_grace_period_seconds) {
    errors.push_back(FieldError::invalid(path.child("deletionGracePeriodSeconds"),
                                         next.deletion_grace_period_seconds ? schema::BadValue(*next.deletion_grace_period_seconds)
                                                                            : schema::BadValue(),
                                         "field is immutable"));
  }
  if (next.generation < current.generation) {
    errors.push_back(FieldError::invalid(path.child("generation"), next.generation, "must not be decremented"));
  }
  validate_labels(errors, next.labels, path.child("labels"));
  validate_annotations(errors, next.annotations, path.child("annotations"));
  validate_owners(errors, next.owner_references, path.child("ownerReferences"));
  validate_finalizers(errors, next.finalizers, path.child("finalizers"));
  return errors;
}

void repeat_metadata_causes(FieldErrors& errors, bool whole) {
  FieldErrors once = errors;
  FieldErrors content;
  for (const auto& error : errors) {
    std::string_view field = error.field;
    if (field.starts_with("metadata.labels") || field.starts_with("metadata.annotations") ||
        field.starts_with("metadata.ownerReferences")) {
      content.push_back(error);
    }
  }
  schema::append(errors, content);
  schema::append(errors, std::move(once));
  if (whole) schema::append(errors, std::move(content));
}

void copy_field(schema::Object& to, const schema::Object& from, std::string_view name) {
  if (const schema::Field* field = struct_field(to.type(), name)) assign_struct(*field, field->in(to.data()), field->in(from.data()));
}

void clear_field(schema::Object& object, std::string_view name) {
  const schema::Field* field = struct_field(object.type(), name);
  if (field == nullptr) return;
  schema::Object fresh(object.type());
  assign_struct(*field, field->in(object.data()), field->in(fresh.data()));
}

bool has_field(const schema::Type& type, std::string_view name) { return struct_field(type, name) != nullptr; }

bool field_equal(const schema::Object& a, const schema::Object& b, std::string_view name) {
  const schema::Field* field = struct_field(a.type(), name);
  if (field == nullptr) return true;
  if (field->holder == schema::Holder::Value) return schema::equal(*field->type, field->in(a.data()), field->in(b.data()));
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

bool fields_equal_but(const schema::Object& a, const schema::Object& b, std::string_view but) {
  schema::Object left = a;
  copy_field(left, b, but);
  copy_field(left, b, "metadata");
  return left == b;
}

}  // namespace apiserver
