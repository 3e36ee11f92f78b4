// A component's configuration file: YAML or JSON of one kind, read strictly.
#pragma once

#include <string>

#include "base/file.h"
#include "base/result.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/value.h"
#include "schema/yaml.h"

namespace navarch {

// The tree of a file of that kind. BadRequest: another kind or version, what T does not know, values that do not fit.
template <class T>
base::Result<schema::Value> read_configuration_tree(const std::string& path, std::string_view api_version,
                                                    std::string_view kind) {
  TRY(auto text, base::read_file(path));
  TRY(auto json, schema::yaml_to_json(text, schema::DuplicateKeys::Refused));
  TRY(auto type, schema::read_type_meta(json));
  if (type.kind.empty()) return base::fail(base::Code::BadRequest, base::cat({path, ": Object 'Kind' is missing"}));
  if (type.api_version != api_version || type.kind != kind) {
    return base::fail(base::Code::BadRequest,
                      base::cat({path, ": no kind ", base::quote(type.kind), " is registered for version ",
                                 base::quote(type.api_version)}));
  }
  std::vector<std::string> strict_errors;
  auto read = schema::from_json<T>(json, &strict_errors);
  if (!read) return base::fail(read.error().with_context(path));
  if (!strict_errors.empty())
    return base::fail(base::Code::BadRequest,
                      base::cat({path, ": strict decoding error: ", base::join(strict_errors, ", ")}));
  return schema::Value::parse(json);
}

template <class T>
base::Result<T> read_configuration(const std::string& path, std::string_view api_version, std::string_view kind) {
  TRY(auto tree, read_configuration_tree<T>(path, api_version, kind));
  return schema::from_json<T>(tree.to_json());
}

}  // namespace navarch
