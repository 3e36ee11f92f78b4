// The resources the API serves, as generated from schemas/: what routing, discovery, storage, tables and selectors are
// driven by. The tables are constant; custom resources have rows of the same form, made at run time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "schema/type.h"

namespace schema {

struct Column {
  std::string_view name;    // "Ready"
  std::string_view type;    // "string", "integer", "date", ...
  std::string_view format;  // "name" for the column that names the object
  int32_t priority;         // above 0: only in wide output
};

struct Subresource {
  std::string_view name;   // "status"
  std::string_view group;  // of the kind it speaks
  std::string_view version;
  std::string_view kind;
  std::span<const std::string_view> verbs;
  const Type* type;  // of the kind
};

struct FieldAlias {
  std::string_view from;  // label a client may use: "spec.host"
  std::string_view to;    // label it means: "spec.nodeName"
};

struct Resource {
  std::string_view group;  // "" for the core group
  std::string_view version;
  std::string_view plural;
  std::string_view singular;
  std::string_view kind;
  std::string_view list_kind;  // "" when it cannot be listed
  bool namespaced;
  bool stored_as_protobuf;                  // else JSON
  std::span<const std::string_view> verbs;  // sorted
  std::span<const std::string_view> short_names;
  std::span<const std::string_view> categories;
  std::span<const Subresource> subresources;
  std::string_view storage_version_hash;
  std::string_view storage_version;  // apiVersion of the stored form: "apps/v1"; "" when it is not stored
  // Path in the store: "/registry/pods/<namespace>/<name>"; "" when it is not stored.
  std::string_view etcd_key;
  std::span<const Column> columns;                      // of tables; never empty
  std::span<const std::string_view> selectable_fields;  // labels of field selectors
  std::span<const FieldAlias> field_aliases;
  const Type* type;       // of the kind
  const Type* list_type;  // null when it cannot be listed

  bool has_verb(std::string_view verb) const;
  const Subresource* subresource(std::string_view name) const;  // null when there is none
};

struct GroupVersion {
  std::string_view group;
  std::string_view version;
  int32_t group_priority;  // 0 when upstream gives none
  int32_t version_priority;
  bool preferred;  // of its group
};

std::span<const Resource> resources();           // by group, then version, in the order of schemas/
std::span<const GroupVersion> group_versions();  // those with resources
const Resource* find_resource(std::string_view group, std::string_view version, std::string_view plural);
// The resource whose objects are of this kind; null for kinds that are no resource of their own.
const Resource* resource_of_kind(std::string_view group, std::string_view version, std::string_view kind);

// Every kind that has a struct, served or not (Status, DeleteOptions, AdmissionReview, KubeletConfiguration, ...).
std::span<const Type* const> kinds();
const Type* find_kind(std::string_view group, std::string_view version, std::string_view kind);
// The same by "apps/v1".
const Type* find_kind(std::string_view api_version, std::string_view kind);

}  // namespace schema
