// Objects as rows of a table, for kubectl and other people's tools: columns come from the resource tables, cells from
// one small function per kind. Kubernetes documentation, "Table fetches".
#pragma once

#include "api/meta_v1.h"
#include "base/time.h"
#include "schema/object.h"
#include "schema/resource.h"

namespace apiserver::crd {
class Kind;
}

namespace apiserver::table {

// The columns for objects of `type`: the resource's own, or the kind of one of its subresources.
std::vector<api::meta_v1::TableColumnDefinition> columns(const schema::Resource& resource, const schema::Type& type);

// The cells (JSON texts, one per column) and row conditions of an object of that resource; its `object` is the caller's
// to add.
api::meta_v1::TableRow row(const schema::Resource& resource, const schema::Object& object, base::Time now);

// The same for custom kinds, whose definition says what is in the columns.
std::vector<api::meta_v1::TableColumnDefinition> custom_columns(const crd::Kind& kind);
api::meta_v1::TableRow custom_row(const crd::Kind& kind, const schema::Object& object, base::Time now);

}  // namespace apiserver::table
