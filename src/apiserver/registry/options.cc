#include "apiserver/registry/options.h"

#include <algorithm>

#include "apiserver/pipeline/errors.h"
#include "apiserver/pipeline/negotiate.h"
#include "apiserver/registry/managed_fields_rules.h"
#include "apiserver/registry/served.h"
#include "base/strings.h"
#include "schema/field_error.h"
#include "schema/json.h"
#include "schema/protobuf.h"
#include "schema/yaml.h"

namespace apiserver {
namespace {

namespace meta = api::meta_v1;
using schema::BadValue;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

constexpr std::string_view kMetaGroup = "meta.k8s.io";

template <class Strings>
std::string json_list(const Strings& values) {
  std::string text = "[";
  for (const auto& value : values) {
    if (text.size() > 1) text += ',';
    base::append_json_string(text, value);
  }
  return text + "]";
}

template <class Strings>
void check_dry_run(FieldErrors& errors, const Strings& values) {
  bool good = std::all_of(values.begin(), values.end(), [](const auto& value) { return value == "All"; });
  if (!good)
    errors.push_back(FieldError::not_supported(FieldPath("dryRun"), BadValue::json(json_list(values)), {"All"}));
}

base::Result<bool> go_bool(std::string_view text) {
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return base::fail(bad_request(base::cat({"strconv.ParseBool: parsing ", base::quote(text), ": invalid syntax"})));
}

base::Result<meta::DeleteOptions> delete_options_of_body(const Call& call) {
  auto media = body_type(call.content_type);
  MediaType type = media ? *media : MediaType::Json;
  std::string_view body = call.body;
  std::string json;
  if (type == MediaType::Protobuf && schema::is_envelope(body)) {
    TRY(auto envelope, schema::open_envelope(body));
    return schema::from_protobuf<meta::DeleteOptions>(envelope.raw);
  }
  if (type == MediaType::Yaml) {
    TRY(json, schema::yaml_to_json(body));
    body = json;
  }
  auto type_meta = schema::read_type_meta(body);
  if (!type_meta) return base::fail(bad_request(type_meta.error().message()));
  if (!type_meta->kind.empty() && type_meta->kind != "DeleteOptions") {
    return base::fail(bad_request(base::cat(
        {"no kind ", base::quote(type_meta->kind), " is registered for version ", base::quote(type_meta->api_version),
         " in scheme \"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\""})));
  }
  auto options = schema::from_json<meta::DeleteOptions>(body);
  if (!options) return base::fail(bad_request(options.error().message()));
  return options;
}

base::Result<meta::DeleteOptions> delete_options_of_query(const Query& query) {
  meta::DeleteOptions options;
  TRY(options.grace_period_seconds, read_int(query, "gracePeriodSeconds"));
  if (query.has("orphanDependents")) {
    TRY(options.orphan_dependents, go_bool(query.get("orphanDependents")));
  }
  if (query.has("propagationPolicy")) options.propagation_policy = std::string(query.get("propagationPolicy"));
  for (auto value : query.all("dryRun")) options.dry_run.emplace_back(value);
  return options;
}

// The label as it is kept in the index: aliases resolved.
std::string stored_field(const schema::Resource& row, std::string_view field) {
  for (const auto& alias : row.field_aliases) {
    if (alias.from == field) return std::string(alias.to);
  }
  return std::string(field);
}

bool is_selectable(const schema::Resource& row, std::string_view field) {
  for (auto known : row.selectable_fields) {
    if (known == field) return true;
  }
  for (const auto& alias : row.field_aliases) {
    if (alias.from == field) return true;
  }
  return row.selectable_fields.empty() && (field == "metadata.name" || field == "metadata.namespace");
}

base::Error unknown_field(const schema::Resource& row, std::string_view field) {
  bool only_default = row.selectable_fields.empty() ||
                      (row.selectable_fields.size() == 2 && row.selectable_fields[0] == "metadata.name" &&
                       row.selectable_fields[1] == "metadata.namespace");
  if (only_default) {
    return bad_request(base::cat(
        {base::quote(field), " is not a known field selector: only \"metadata.name\", \"metadata.namespace\""}));
  }
  return bad_request(base::cat({"field label not supported: ", field}));
}

}  // namespace

base::Result<std::optional<int64_t>> read_int(const Query& query, std::string_view name) {
  if (!query.has(name)) return std::nullopt;
  auto text = query.get(name);
  if (text.empty()) return std::nullopt;
  if (auto value = base::parse_int(text)) return value;
  bool digits = text.find_first_not_of("+-0123456789") == std::string_view::npos;
  return base::fail(bad_request(base::cat(
      {"strconv.ParseInt: parsing ", base::quote(text), ": ", digits ? "value out of range" : "invalid syntax"})));
}

base::Result<WriteQuery> read_write_query(const Query& query, std::string_view kind, bool is_apply) {
  WriteQuery options;
  options.field_manager = query.get("fieldManager");
  auto dry_run = query.all("dryRun");
  std::erase(dry_run, "");
  options.dry_run = !dry_run.empty();
  if (query.has("force")) {
    TRY(options.force, go_bool(query.get("force")));
  }
  FieldErrors errors;
  if (kind == "PatchOptions" && !is_apply && options.force) {
    errors.push_back(FieldError::forbidden(FieldPath("force"), "may not be specified for non-apply patch"));
  }
  if (is_apply && options.field_manager.empty()) {
    errors.push_back(FieldError::required(FieldPath("fieldManager"), "is required for apply patch"));
  }
  validate_field_manager(errors, options.field_manager, FieldPath("fieldManager"));
  check_dry_run(errors, dry_run);
  auto validation = query.get("fieldValidation");
  if (validation == "Ignore") {
    options.field_validation = FieldValidation::Ignore;
  } else if (validation == "Strict") {
    options.field_validation = FieldValidation::Strict;
  } else if (!validation.empty() && validation != "Warn") {
    errors.push_back(
        FieldError::not_supported(FieldPath("fieldValidation"), validation, {"", "Ignore", "Strict", "Warn"}));
  }
  if (!errors.empty()) return base::fail(invalid(kMetaGroup, kind, "", errors));
  return options;
}

base::Result<meta::DeleteOptions> read_delete_options(const Call& call) {
  meta::DeleteOptions options;
  if (!call.body.empty()) {
    TRY(options, delete_options_of_body(call));
  } else {
    TRY(options, delete_options_of_query(call.query));
  }
  FieldErrors errors;
  if (options.orphan_dependents && options.propagation_policy) {
    errors.push_back(FieldError::invalid(FieldPath("propagationPolicy"), *options.propagation_policy,
                                         "orphanDependents and deletionPropagation cannot be both set"));
  }
  if (options.propagation_policy && *options.propagation_policy != "Foreground" &&
      *options.propagation_policy != "Background" && *options.propagation_policy != "Orphan") {
    errors.push_back(FieldError::not_supported(FieldPath("propagationPolicy"), *options.propagation_policy,
                                               {"Foreground", "Background", "Orphan", "nil"}));
  }
  check_dry_run(errors, options.dry_run);
  if (!errors.empty()) return base::fail(invalid(kMetaGroup, "DeleteOptions", "", errors));
  return options;
}

base::Result<store::Revision> parse_resource_version(std::string_view text) {
  if (text.empty() || text == "0") return 0;
  if (auto value = base::parse_uint(text)) return *value;
  return base::fail(plain_error(base::cat({"resourceVersion: Invalid value: ", base::quote(text),
                                           ": strconv.ParseUint: parsing ", base::quote(text), ": invalid syntax"})));
}

base::Result<ListQuery> read_list_query(const Query& query, const Served& served, bool watch) {
  ListQuery options;
  TRY(options.limit, [&]() -> base::Result<int64_t> {
    TRY(auto limit, read_int(query, "limit"));
    return limit.value_or(0);
  }());
  TRY(options.timeout_seconds, read_int(query, "timeoutSeconds"));
  options.watch = watch;
  options.continue_token = query.get("continue");
  options.resource_version = query.get("resourceVersion");
  options.resource_version_match = query.get("resourceVersionMatch");
  options.allow_bookmarks = query.flag("allowWatchBookmarks");
  if (query.has("sendInitialEvents") && !query.get("sendInitialEvents").empty()) {
    options.send_initial_events = query.flag("sendInitialEvents");
  }
  auto labels = schema::LabelSelector::parse(query.get("labelSelector"));
  if (!labels) return base::fail(bad_request(labels.error().message()));
  options.labels = std::move(*labels);
  auto fields = schema::FieldSelector::parse(query.get("fieldSelector"));
  if (!fields) return base::fail(bad_request(fields.error().message()));
  std::vector<schema::FieldSelector::Term> terms;
  for (const auto& term : fields->terms()) {
    if (term.field.empty()) continue;
    if (!is_selectable(served.row(), term.field)) return base::fail(unknown_field(served.row(), term.field));
    terms.push_back({stored_field(served.row(), term.field), term.equal, term.value});
  }
  options.fields = schema::FieldSelector(std::move(terms));

  // apimachinery, ValidateListOptions.
  FieldErrors errors;
  FieldPath match("resourceVersionMatch");
  const auto& value = options.resource_version_match;
  if (watch || options.send_initial_events) {
    bool initial = options.send_initial_events.has_value();
    if (options.send_initial_events && !watch) {
      errors.push_back(
          FieldError::forbidden(FieldPath("sendInitialEvents"), "sendInitialEvents is forbidden for list"));
    } else if (initial && value != "NotOlderThan") {
      errors.push_back(
          FieldError::forbidden(match, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
    } else if (!value.empty() && !initial) {
      errors.push_back(FieldError::forbidden(
          match, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
    }
    if (!value.empty() && value != "NotOlderThan") {
      errors.push_back(FieldError::not_supported(match, value, {"NotOlderThan"}));
    }
  } else if (!value.empty()) {
    if (options.resource_version.empty()) {
      errors.push_back(
          FieldError::forbidden(match, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    }
    if (!options.continue_token.empty()) {
      errors.push_back(FieldError::forbidden(match, "resourceVersionMatch is forbidden when continue is provided"));
    }
    if (value != "Exact" && value != "NotOlderThan") {
      errors.push_back(FieldError::not_supported(match, value, {"Exact", "NotOlderThan", ""}));
    }
    if (value == "Exact" && options.resource_version == "0") {
      errors.push_back(
          FieldError::forbidden(match, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
    }
  }
  if (!errors.empty()) return base::fail(invalid(kMetaGroup, "ListOptions", "", errors));
  return options;
}

base::Result<ListQuery> read_watch_query(const Call& call, const Served& served) {
  TRY(auto options, read_list_query(call.query, served, true));
  const std::string& name = call.info.name;
  if (name.empty()) return options;
  bool named = false;
  for (const auto& term : options.fields.terms())
    named |= term.field == "metadata.name" && term.equal && term.value == name;
  if (!named && !options.fields.is_everything()) {
    return base::fail(bad_request("fieldSelector metadata.name doesn't match requested name"));
  }
  if (!named)
    options.fields = schema::FieldSelector(std::vector<schema::FieldSelector::Term>{{"metadata.name", true, name}});
  return options;
}

}  // namespace apiserver
