// The annotation in which kubectl kept what it applied on its own side: read when it turns to server-side apply, and
// kept true after.
#pragma once

#include <optional>
#include <string_view>

#include "api/meta_v1.h"
#include "schema/apply/field_set.h"
#include "schema/apply/type_ref.h"
#include "schema/value.h"

namespace apiserver {

inline constexpr std::string_view kKubectl = "kubectl";  // the field manager of kubectl apply --server-side

// The fields that were applied so and are what they were then. Nothing when there is no such annotation, or none that
// can be read.
std::optional<schema::apply::FieldSet> last_applied_fields(const schema::apply::TypeRef& type,
                                                           std::string_view api_version, const schema::Value& live);

// Where there is such an annotation, it is `config` from now on; it goes when that is too large.
void refresh_last_applied(api::meta_v1::ObjectMeta& meta, const schema::Value& config);

}  // namespace apiserver
