// A configuration file of the API server: YAML or JSON of one kind, read strictly.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/yaml.h"

namespace apiserver {

// BadRequest: another kind, a version that is not among `versions` of `group`, unknown fields, values that do not fit.
template <class T>
base::Result<T> read_configuration_text(std::string_view yaml, std::string_view group,
                                        const std::vector<std::string_view>& versions, std::string_view kind) {
  TRY(auto json, schema::yaml_to_json(yaml, schema::DuplicateKeys::Refused));
  TRY(auto type, schema::read_type_meta(json));
  if (type.kind.empty()) return base::fail(base::Code::BadRequest, "Object 'Kind' is missing");
  bool known =
      std::ranges::any_of(versions, [&](auto version) { return type.api_version == base::cat({group, "/", version}); });
  if (!known || type.kind != kind) {
    return base::fail(
        base::Code::BadRequest,
        base::cat({"no kind ", base::quote(type.kind), " is registered for version ", base::quote(type.api_version)}));
  }
  std::vector<std::string> strict_errors;
  TRY(auto read, schema::from_json<T>(json, &strict_errors));
  if (!strict_errors.empty()) {
    return base::fail(base::Code::BadRequest, base::cat({"strict decoding error: ", base::join(strict_errors, ", ")}));
  }
  return read;
}

}  // namespace apiserver
