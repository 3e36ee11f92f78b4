#include "apiserver/crd/kind.h"

#include <openssl/sha.h>

#include <algorithm>

#include "api/autoscaling_v1.h"
#include "apiserver/crd/conditions.h"
#include "apiserver/crd/custom_strategy.h"
#include "apiserver/crd/rules.h"
#include "base/strings.h"

namespace apiserver::crd {
namespace {

namespace v1 = api::apiextensions_k8s_io_v1;

// In the order in which discovery tells them.
constexpr std::string_view kVerbs[] = {"delete", "deletecollection", "get",    "list",
                                       "patch",  "create",           "update", "watch"};
constexpr std::string_view kSubresourceVerbs[] = {"get", "patch", "update"};

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// Tells clients whether the stored form of a kind is another than before.
std::string storage_hash(std::string_view group, std::string_view version, std::string_view kind) {
  std::string text = base::cat({group, "/", version, "/", kind});
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return base::base64_encode({reinterpret_cast<char*>(digest), 8});
}

std::vector<std::string> names_of(std::string_view path) {
  auto parsed = JsonPath::parse(path);
  if (!parsed) return {};
  return parsed->names().value_or(std::vector<std::string>());
}

const v1::CustomResourceDefinitionVersion& storage_of(const v1::CustomResourceDefinition& definition) {
  for (const auto& version : definition.spec.versions) {
    if (version.storage) return version;
  }
  return definition.spec.versions.front();
}

std::shared_ptr<const schema::Structural> structural_of(const v1::CustomResourceDefinition& definition,
                                                        const v1::CustomResourceDefinitionVersion& version) {
  if (!version.schema || !version.schema->open_api_v3_schema) return nullptr;
  auto made = schema::make_structural(*version.schema->open_api_v3_schema);
  // Definitions from before there were schemas may keep everything.
  if (definition.spec.preserve_unknown_fields) made.preserve_unknown_fields = true;
  return std::make_shared<const schema::Structural>(std::move(made));
}

}  // namespace

Kind::Kind(const Definition& definition, const Version& version)
    : definition_uid_(definition.metadata.uid),
      definition_revision_(base::parse_uint(definition.metadata.resource_version).value_or(0)),
      structural_(structural_of(definition, version)),
      type_(std::make_unique<schema::CustomType>(definition.spec.group, version.name,
                                                 definition.status.accepted_names.kind, structural_)),
      stored_type_(&type_->type()),
      is_terminating_(has_condition(definition, "Terminating")) {
  const auto& storage = storage_of(definition);
  if (storage.name != version.name) {
    other_type_ = std::make_unique<schema::CustomType>(
        definition.spec.group, storage.name, definition.status.accepted_names.kind, structural_of(definition, storage));
    stored_type_ = &other_type_->type();
  }
  if (version.schema && version.schema->open_api_v3_schema) {
    open_api_schema_ = std::make_unique<v1::JSONSchemaProps>(*version.schema->open_api_v3_schema);
    rules_ = RuleSet::create(*open_api_schema_);
  }
  if (definition.spec.conversion && definition.spec.conversion->strategy == "Webhook" &&
      definition.spec.conversion->webhook) {
    webhook_ = std::make_unique<v1::WebhookConversion>(*definition.spec.conversion->webhook);
  }
  for (const auto& column : version.additional_printer_columns) {
    auto path = JsonPath::parse(column.json_path);
    columns_.push_back({column.name, column.type, column.format, column.description, column.json_path, column.priority,
                        path ? std::move(*path) : JsonPath()});
  }
  if (columns_.empty())
    columns_.push_back({"Age", "date", "", "How long ago the object was made.", "", 0,
                        *JsonPath::parse(".metadata.creationTimestamp")});
  for (const auto& field : version.selectable_fields) {
    auto path = JsonPath::parse(field.json_path);
    if (path && field.json_path.size() > 1) selectable_.emplace_back(field.json_path.substr(1), std::move(*path));
  }
  if (version.subresources && version.subresources->scale) {
    const auto& scale = *version.subresources->scale;
    scale_ = {names_of(scale.spec_replicas_path), names_of(scale.status_replicas_path),
              scale.label_selector_path ? names_of(*scale.label_selector_path) : std::vector<std::string>()};
  }
  if (version.deprecated) {
    deprecation_warning_ = version.deprecation_warning.value_or(base::cat(
        {definition.spec.group, "/", version.name, " ", definition.status.accepted_names.kind, " is deprecated"}));
  }
  make_row(definition, version);
  strategy_ = std::make_unique<CustomStrategy>(*this);
}

Kind::~Kind() = default;

void Kind::make_row(const Definition& definition, const Version& version) {
  const auto& names = definition.status.accepted_names;
  group_ = definition.spec.group;
  version_ = version.name;
  plural_ = names.plural;
  singular_ = names.singular;
  kind_ = names.kind;
  list_kind_ = names.list_kind.empty() ? names.kind + "List" : names.list_kind;
  list_type_ = std::make_unique<schema::CustomType>(group_, version_, list_kind_, nullptr);
  short_names_ = names.short_names;
  categories_ = names.categories;
  storage_version_ = stored_type_->api_version();
  key_ = base::cat({"/registry/", group_, "/", plural_, "/<name>"});
  hash_ = storage_hash(group_, stored_type_->version, kind_);
  selectable_names_ = {"metadata.name", "metadata.namespace"};
  for (const auto& [name, path] : selectable_) selectable_names_.push_back(name);
  short_name_views_ = views(short_names_);
  category_views_ = views(categories_);
  selectable_views_ = views(selectable_names_);
  if (version.subresources && version.subresources->status) {
    subresources_.push_back({"status", group_, version_, kind_, kSubresourceVerbs, &type()});
  }
  if (scale_)
    subresources_.push_back(
        {"scale", "autoscaling", "v1", "Scale", kSubresourceVerbs, &api::autoscaling_v1::Scale::kType});
  column_rows_.push_back({"Name", "string", "name", 0});
  for (const auto& column : columns_)
    column_rows_.push_back({column.name, column.type, column.format, column.priority});
  row_ = schema::Resource{.group = group_,
                          .version = version_,
                          .plural = plural_,
                          .singular = singular_,
                          .kind = kind_,
                          .list_kind = list_kind_,
                          .namespaced = definition.spec.scope == "Namespaced",
                          .stored_as_protobuf = false,
                          .verbs = kVerbs,
                          .short_names = short_name_views_,
                          .categories = category_views_,
                          .subresources = subresources_,
                          .storage_version_hash = hash_,
                          .storage_version = storage_version_,
                          .etcd_key = key_,
                          .columns = column_rows_,
                          .selectable_fields = selectable_views_,
                          .field_aliases = {},
                          .type = &type(),
                          .list_type = &list_type_->type()};
}

}  // namespace apiserver::crd
