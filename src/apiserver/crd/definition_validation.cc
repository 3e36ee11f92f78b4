#include "apiserver/crd/definition_validation.h"

#include <algorithm>
#include <set>

#include "apiserver/crd/internal_form.h"
#include "apiserver/crd/json_path.h"
#include "apiserver/crd/schema_validation.h"
#include "apiserver/crd/webhook_validation.h"
#include "base/strings.h"
#include "schema/given.h"
#include "schema/names.h"

namespace apiserver::crd {
namespace {

namespace v1 = api::apiextensions_k8s_io_v1;
using schema::BadValue;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;
using Version = v1::CustomResourceDefinitionVersion;

constexpr std::string_view kApproval = "api-approved.kubernetes.io";
constexpr std::string_view kApprovalHelp = "see https://github.com/kubernetes/enhancements/pull/1111";
constexpr size_t kSelectableFieldsMax = 8;
constexpr size_t kDeprecationWarningMax = 256;

// What all versions have in common.
Hoisted hoisted_of(const std::vector<Version>& versions) {
  auto same = [&](auto field) {
    return std::ranges::all_of(versions, [&](const Version& version) { return version.*field == versions[0].*field; });
  };
  if (versions.empty()) return {};
  return {.schema = same(&Version::schema) && versions[0].schema,
          .subresources = same(&Version::subresources) && versions[0].subresources,
          .columns = same(&Version::additional_printer_columns) && !versions[0].additional_printer_columns.empty(),
          .selectable_fields = same(&Version::selectable_fields) && !versions[0].selectable_fields.empty()};
}

class Validator {
 public:
  FieldErrors take() { return std::move(errors_); }

  void check_spec(const v1::CustomResourceDefinitionSpec& spec);
  void check_names(const v1::CustomResourceDefinitionNames& names, const FieldPath& path);
  void check_immutable(const Definition& next, const Definition& current);
  void check_stored_versions(const Definition& definition);
  void check_approval(const Definition& next, const Definition* current);
  void invalid(const FieldPath& path, const BadValue& value, std::string_view why) {
    errors_.push_back(FieldError::invalid(path, value, why));
  }

 private:
  void required(const FieldPath& path, std::string_view why = "") {
    errors_.push_back(FieldError::required(path, why));
  }
  void forbidden(const FieldPath& path, std::string_view why) { errors_.push_back(FieldError::forbidden(path, why)); }
  void check_label(const FieldPath& path, const std::string& text, std::string_view shown,
                   std::string_view before = "");
  void check_enum(const FieldPath& path, const std::string& text, const std::vector<std::string>& values);
  void check_versions(const v1::CustomResourceDefinitionSpec& spec, const Hoisted& hoisted);
  void check_version(const Version& version, const Hoisted& hoisted, const FieldPath& path);
  void check_deprecation(const Version& version, const FieldPath& path);
  void check_schema(const Version& version, bool has_status, const FieldPath& path);
  void check_subresources(const Version& version, const FieldPath& path);
  void check_scale_path(const std::string& text, const FieldPath& path, std::initializer_list<std::string_view> roots,
                        std::string_view why);
  void check_columns(const Version& version, const FieldPath& path);
  bool check_simple_path(const std::string& text, const FieldPath& path);
  void check_selectable_fields(const Version& version, const FieldPath& path);
  void check_conversion(const v1::CustomResourceConversion& conversion, const FieldPath& path);
  void check_review_versions(const std::vector<std::string>& versions, const FieldPath& path);

  FieldErrors errors_;
};

void Validator::check_label(const FieldPath& path, const std::string& text, std::string_view shown,
                            std::string_view before) {
  auto problems = schema::check_dns1035_label(text);
  if (!problems.empty()) invalid(path, shown, base::cat({before, base::join(problems, ",")}));
}

void Validator::check_enum(const FieldPath& path, const std::string& text, const std::vector<std::string>& values) {
  if (text.empty()) {
    required(path);
  } else if (std::ranges::find(values, text) == values.end()) {
    errors_.push_back(FieldError::not_supported(path, text, values));
  }
}

void Validator::check_names(const v1::CustomResourceDefinitionNames& names, const FieldPath& path) {
  constexpr std::string_view kMixed = "may have mixed case, but should otherwise match: ";
  if (!names.plural.empty()) check_label(path.child("plural"), names.plural, names.plural);
  if (!names.singular.empty()) check_label(path.child("singular"), names.singular, names.singular);
  if (!names.kind.empty()) check_label(path.child("kind"), base::to_lower(names.kind), names.kind, kMixed);
  if (!names.list_kind.empty())
    check_label(path.child("listKind"), base::to_lower(names.list_kind), names.list_kind, kMixed);
  for (size_t i = 0; i < names.short_names.size(); ++i) {
    check_label(path.child("shortNames").index(i), names.short_names[i], names.short_names[i]);
  }
  if (!names.kind.empty() && names.kind == names.list_kind) {
    invalid(path.child("listKind"), names.list_kind, "kind and listKind may not be the same");
  }
  for (size_t i = 0; i < names.categories.size(); ++i) {
    check_label(path.child("categories").index(i), names.categories[i], names.categories[i]);
  }
}

void Validator::check_spec(const v1::CustomResourceDefinitionSpec& spec) {
  FieldPath path("spec");
  if (spec.group.empty()) {
    required(path.child("group"));
  } else if (auto problems = schema::check_dns1123_subdomain(spec.group); !problems.empty()) {
    invalid(path.child("group"), spec.group, base::join(problems, ","));
  } else if (spec.group.find('.') == std::string::npos) {
    invalid(path.child("group"), spec.group, "should be a domain with at least one dot");
  }
  check_enum(path.child("scope"), spec.scope, {"Cluster", "Namespaced"});
  Hoisted hoisted = hoisted_of(spec.versions);
  check_versions(spec, hoisted);
  auto name = [&](const std::string& text, std::string_view field) {
    if (text.empty()) required(path.child("names").child(field));
  };
  name(spec.names.plural, "plural");
  name(spec.names.singular, "singular");
  name(spec.names.kind, "kind");
  name(spec.names.list_kind, "listKind");
  check_names(spec.names, path.child("names"));
  if (!spec.versions.empty()) {
    const Version& first = spec.versions[0];
    bool any_status = std::ranges::any_of(
        spec.versions, [](const Version& one) { return one.subresources && one.subresources->status; });
    if (hoisted.schema) check_schema(first, any_status, path.child("validation"));
    if (hoisted.subresources) check_subresources(first, path.child("subresources"));
    if (hoisted.columns) check_columns(first, path);
    if (hoisted.selectable_fields) check_selectable_fields(first, path);
  }
  if (spec.conversion) {
    if (spec.conversion->strategy != "None" && spec.preserve_unknown_fields) {
      invalid(path.child("conversion").child("strategy"), spec.conversion->strategy,
              "must be None if spec.preserveUnknownFields is true");
    }
    check_conversion(*spec.conversion, path.child("conversion"));
  }
}

void Validator::check_versions(const v1::CustomResourceDefinitionSpec& spec, const Hoisted& hoisted) {
  FieldPath path = FieldPath("spec").child("versions");
  std::set<std::string> names;
  size_t stored = 0;
  for (size_t i = 0; i < spec.versions.size(); ++i) {
    const Version& version = spec.versions[i];
    bool has_schema = version.schema && version.schema->open_api_v3_schema;
    if (!has_schema) required(path.index(i).child("schema").child("openAPIV3Schema"));
  }
  for (size_t i = 0; i < spec.versions.size(); ++i) {
    const Version& version = spec.versions[i];
    stored += version.storage;
    names.insert(version.name);
    check_label(path.index(i).child("name"), version.name, version.name);
    check_version(version, hoisted, path.index(i));
  }
  auto shown = [&] {
    return BadValue::json(schema::is_given(spec, spec.versions) ? internal_form(spec.versions, hoisted) : "null");
  };
  if (names.size() != spec.versions.size()) invalid(path, shown(), "must contain unique version names");
  if (stored != 1) invalid(path, shown(), "must have exactly one version marked as storage version");
  if (!spec.versions.empty() && !spec.versions[0].name.empty()) {
    check_label(FieldPath("spec").child("version"), spec.versions[0].name, spec.versions[0].name);
  }
}

void Validator::check_version(const Version& version, const Hoisted& hoisted, const FieldPath& path) {
  check_deprecation(version, path.child("deprecationWarning"));
  bool has_status = version.subresources && version.subresources->status;
  if (!hoisted.schema) check_schema(version, has_status, path.child("schema"));
  if (!hoisted.subresources) check_subresources(version, path.child("subresources"));
  if (!hoisted.columns) check_columns(version, path);
  if (!hoisted.selectable_fields) check_selectable_fields(version, path);
}

void Validator::check_deprecation(const Version& version, const FieldPath& path) {
  if (!version.deprecation_warning) return;
  const auto& text = *version.deprecation_warning;
  if (!version.deprecated) invalid(path, text, "can only be set for deprecated versions");
  if (text.size() > kDeprecationWarningMax) {
    invalid(path, text, base::cat({"must be <= ", std::to_string(kDeprecationWarningMax), " characters long"}));
  }
  if (text.empty()) invalid(path, text, "must not be an empty string");
  auto bad = std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (bad != text.end()) {
    invalid(path, text,
            base::cat({"must only contain printable UTF-8 characters; non-printable character found at index ",
                       std::to_string(bad - text.begin())}));
  }
}

void Validator::check_schema(const Version& version, bool has_status, const FieldPath& path) {
  if (version.schema) append(errors_, validate_schema(*version.schema, has_status, path));
}

bool Validator::check_simple_path(const std::string& text, const FieldPath& path) {
  if (text.empty()) {
    invalid(path, text, "must not be empty");
  } else if (text[0] != '.') {
    invalid(path, text, "must be a simple json path starting with .");
  } else {
    return true;
  }
  return false;
}

void Validator::check_scale_path(const std::string& text, const FieldPath& path,
                                 std::initializer_list<std::string_view> roots, std::string_view why) {
  if (!check_simple_path(text, path)) return;
  if (std::ranges::none_of(roots, [&](std::string_view root) { return text.starts_with(root); }))
    invalid(path, text, why);
}

void Validator::check_subresources(const Version& version, const FieldPath& path) {
  if (!version.subresources || !version.subresources->scale) return;
  const auto& scale = *version.subresources->scale;
  auto spec = path.child("scale.specReplicasPath"), status = path.child("scale.statusReplicasPath");
  scale.spec_replicas_path.empty()
      ? required(spec)
      : check_scale_path(scale.spec_replicas_path, spec, {".spec."}, "should be a json path under .spec");
  scale.status_replicas_path.empty()
      ? required(status)
      : check_scale_path(scale.status_replicas_path, status, {".status."}, "should be a json path under .status");
  if (scale.label_selector_path && !scale.label_selector_path->empty()) {
    check_scale_path(*scale.label_selector_path, path.child("scale.labelSelectorPath"), {".spec.", ".status."},
                     "should be a json path under either .spec or .status");
  }
}

void Validator::check_columns(const Version& version, const FieldPath& path) {
  constexpr std::string_view kTypes[] = {"boolean", "date", "integer", "number", "string"};
  constexpr std::string_view kFormats[] = {"byte",  "date",  "date-time", "double",
                                           "float", "int32", "int64",     "password"};
  auto one_of = [](std::span<const std::string_view> values) {
    return base::cat({"must be one of ", base::join(std::vector<std::string>(values.begin(), values.end()), ",")});
  };
  for (size_t i = 0; i < version.additional_printer_columns.size(); ++i) {
    const auto& column = version.additional_printer_columns[i];
    auto at = path.child("additionalPrinterColumns").index(i);
    if (column.name.empty()) required(at.child("name"));
    if (column.type.empty()) {
      required(at.child("type"), one_of(kTypes));
    } else if (std::ranges::find(kTypes, column.type) == std::end(kTypes)) {
      invalid(at.child("type"), column.type, one_of(kTypes));
    }
    if (!column.format.empty() && std::ranges::find(kFormats, column.format) == std::end(kFormats)) {
      invalid(at.child("format"), column.format, one_of(kFormats));
    }
    if (column.json_path.empty()) {
      required(at.child("JSONPath"));
    } else {
      check_simple_path(column.json_path, at.child("JSONPath"));
    }
  }
}

void Validator::check_selectable_fields(const Version& version, const FieldPath& path) {
  if (version.selectable_fields.empty()) return;
  auto fields = path.child("selectableFields");
  if (!version.schema || !version.schema->open_api_v3_schema) {
    invalid(fields, "", "may only be set when spec.validations.schema is used");
    return;
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < version.selectable_fields.size(); ++i) {
    const auto& text = version.selectable_fields[i].json_path;
    auto at = fields.index(i).child("jsonPath");
    if (text.empty()) {
      required(at);
      continue;
    }
    auto parsed = JsonPath::parse(text);
    auto names = parsed ? parsed->names() : std::nullopt;
    if (text[0] != '.' || !names || names->empty() || text.find('[') != std::string::npos) {
      invalid(at, text, "is an invalid path: must be a simple json path starting with .");
      continue;
    }
    const auto* found = schema_at(*version.schema->open_api_v3_schema, *names);
    bool in_metadata = names->front() == "metadata";
    if (found == nullptr && !in_metadata) {
      invalid(at, text, "is an invalid path: does not refer to a valid field");
      continue;
    }
    if (in_metadata) invalid(at, text, "must not point to fields in metadata");
    bool is_scalar =
        found != nullptr && (found->type == "string" || found->type == "boolean" || found->type == "integer");
    if (!is_scalar) {
      invalid(at, text,
              "must point to a field of type string, boolean or integer. Enum string fields and strings with formats "
              "are allowed.");
    }
    if (!seen.insert(text).second) errors_.push_back(FieldError::duplicate(at, text));
  }
  if (seen.size() > kSelectableFieldsMax)
    errors_.push_back(FieldError::too_many(fields, seen.size(), kSelectableFieldsMax));
}

void Validator::check_review_versions(const std::vector<std::string>& versions, const FieldPath& path) {
  if (versions.empty()) {
    required(path);
    return;
  }
  std::set<std::string> seen;
  bool has_known = false;
  for (size_t i = 0; i < versions.size(); ++i) {
    if (!seen.insert(versions[i]).second) {
      invalid(path.index(i), versions[i], "duplicate version");
      continue;
    }
    for (const auto& problem : schema::check_dns1035_label(versions[i])) invalid(path.index(i), versions[i], problem);
    has_known |= versions[i] == "v1" || versions[i] == "v1beta1";
  }
  if (!has_known) invalid(path, BadValue::json(internal_form(versions)), "must include at least one of v1, v1beta1");
}

void Validator::check_conversion(const v1::CustomResourceConversion& conversion, const FieldPath& path) {
  check_enum(path.child("strategy"), conversion.strategy, {"None", "Webhook"});
  auto config = path.child("webhookClientConfig"), reviews = path.child("conversionReviewVersions");
  const v1::WebhookClientConfig* client =
      conversion.webhook && conversion.webhook->client_config ? conversion.webhook->client_config.get() : nullptr;
  const std::vector<std::string> versions =
      conversion.webhook ? conversion.webhook->conversion_review_versions : std::vector<std::string>();
  if (conversion.strategy != "Webhook") {
    if (client != nullptr) forbidden(config, "should not be set when strategy is not set to Webhook");
    if (!versions.empty()) forbidden(reviews, "should not be set when strategy is not set to Webhook");
    return;
  }
  if (client == nullptr) {
    required(config, "required when strategy is set to Webhook");
  } else if (client->url.has_value() == client->service.has_value()) {
    required(config, "exactly one of url or service is required");
  } else if (client->url) {
    append(errors_, validate_webhook_url(*client->url, config.child("url")));
  } else {
    append(errors_, validate_webhook_service(*client->service, config.child("service")));
  }
  check_review_versions(versions, reviews);
}

void Validator::check_immutable(const Definition& next, const Definition& current) {
  FieldPath path("spec");
  auto same = [&](const std::string& now, const std::string& before, const FieldPath& at) {
    if (now != before) invalid(at, now, "field is immutable");
  };
  if (has_condition(current, "Established")) {
    same(next.spec.scope, current.spec.scope, path.child("scope"));
    same(next.spec.names.kind, current.spec.names.kind, path.child("names").child("kind"));
  }
  same(next.spec.group, current.spec.group, path.child("group"));
  same(next.spec.names.plural, current.spec.names.plural, path.child("names").child("plural"));
}

void Validator::check_stored_versions(const Definition& definition) {
  FieldPath path = FieldPath("status").child("storedVersions");
  const auto& stored = definition.status.stored_versions;
  auto shown = BadValue::json(internal_form(stored));
  if (stored.empty()) invalid(path, shown, "must have at least one stored version");
  for (const auto& version : definition.spec.versions) {
    if (version.storage && !stored.empty() && std::ranges::find(stored, version.name) == stored.end()) {
      invalid(path, shown, base::cat({"must have the storage version ", version.name}));
    }
  }
  for (size_t i = 0; i < stored.size(); ++i) {
    if (std::ranges::find(definition.spec.versions, stored[i], &Version::name) != definition.spec.versions.end())
      continue;
    invalid(path.index(i), stored[i],
            base::cat({"missing from spec.versions; ", stored[i],
                       " was previously a storage version, and must remain in spec.versions until a ",
                       "storage migration ensures no data remains persisted in ", stored[i], " and removes ", stored[i],
                       " from status.storedVersions"}));
  }
}

enum class ApprovalState : uint8_t { Missing, Invalid, Approved, Bypassed };

bool is_protected(std::string_view group) {
  return group == "k8s.io" || group.ends_with(".k8s.io") || group == "kubernetes.io" ||
         group.ends_with(".kubernetes.io");
}

ApprovalState approval_state(const Definition& definition) {
  auto annotation = definition.metadata.annotations.find(kApproval);
  if (annotation == definition.metadata.annotations.end() || annotation->second.empty()) return ApprovalState::Missing;
  if (annotation->second.starts_with("unapproved")) return ApprovalState::Bypassed;
  auto colon = annotation->second.find("://");
  bool is_address = colon != std::string::npos && colon > 0 && annotation->second.size() > colon + 3 &&
                    annotation->second[colon + 3] != '/';
  return is_address ? ApprovalState::Approved : ApprovalState::Invalid;
}

std::string approval_complaint(ApprovalState state) {
  if (state == ApprovalState::Missing) {
    return base::cat({"protected groups must have approval annotation ", base::quote(kApproval), ", ", kApprovalHelp});
  }
  return base::cat({"protected groups must have approval annotation ", base::quote(kApproval),
                    " with either a URL or a reason starting with \"unapproved\", ", kApprovalHelp});
}

void Validator::check_approval(const Definition& next, const Definition* current) {
  if (!is_protected(next.spec.group)) return;
  auto state = approval_state(next);
  if (current != nullptr && approval_state(*current) == state) return;
  auto path = FieldPath("metadata").child("annotations").key(kApproval);
  if (state == ApprovalState::Missing) required(path, approval_complaint(state));
  if (state == ApprovalState::Invalid)
    invalid(path, next.metadata.annotations.find(kApproval)->second, approval_complaint(state));
}

}  // namespace

FieldErrors validate_definition(const Definition& next, const Definition* current) {
  Validator validator;
  if (current == nullptr && next.metadata.name != base::cat({next.spec.names.plural, ".", next.spec.group})) {
    validator.invalid(FieldPath("metadata").child("name"), next.metadata.name,
                      "must be spec.names.plural+\".\"+spec.group");
  }
  validator.check_spec(next.spec);
  if (current != nullptr) validator.check_immutable(next, *current);
  validator.check_names(next.status.accepted_names, FieldPath("status").child("acceptedNames"));
  validator.check_stored_versions(next);
  validator.check_approval(next, current);
  if (next.spec.preserve_unknown_fields && (current == nullptr || !current->spec.preserve_unknown_fields)) {
    validator.invalid(
        FieldPath("spec").child("preserveUnknownFields"), true,
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
  }
  return validator.take();
}

FieldErrors validate_definition_status(const Definition& next) {
  Validator validator;
  validator.check_names(next.status.accepted_names, FieldPath("status").child("acceptedNames"));
  return validator.take();
}

std::optional<Approval> approval_of(const Definition& definition) {
  if (!is_protected(definition.spec.group)) return std::nullopt;
  auto state = approval_state(definition);
  auto annotation = definition.metadata.annotations.find(kApproval);
  switch (state) {
    case ApprovalState::Missing:
      return Approval{false, "MissingAnnotation", approval_complaint(state)};
    case ApprovalState::Invalid:
      return Approval{false, "InvalidAnnotation", approval_complaint(state)};
    case ApprovalState::Bypassed:
      return Approval{false, "UnapprovedAnnotation", base::cat({"not approved: ", base::quote(annotation->second)})};
    case ApprovalState::Approved:
      return Approval{true, "ApprovedAnnotation", base::cat({"approved in ", annotation->second})};
  }
  return std::nullopt;
}

}  // namespace apiserver::crd
