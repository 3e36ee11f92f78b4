// What can be asked of each path, as rows made from the resource tables. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/resource.h"

namespace apiserver::openapi {

struct QueryParameter {
  std::string_view name;
  std::string_view type;  // "string", "boolean", "integer"
  std::string_view description;
};

enum class Body : uint8_t { None, Object, Patch, DeleteOptions };
enum class Produces : uint8_t { Api, Stream, Text, Anything, Json };

struct Operation {
  std::string path;         // "/api/v1/namespaces/{namespace}/pods/{name}"
  std::string_view method;  // "get"
  std::string id;           // "readCoreV1NamespacedPod"
  std::string tag;          // "core_v1"
  std::string description;
  std::string_view action;                // x-kubernetes-action, "" for what is no resource
  std::string_view group, version, kind;  // that it speaks
  bool is_custom = false;
  Body body = Body::None;
  Produces produces = Produces::Api;
  const schema::Type* body_type = nullptr;      // when body is Object
  const schema::Type* response_type = nullptr;  // null: a text
  std::vector<int> statuses;                    // that have the response
  std::vector<const QueryParameter*> query;     // by name, in order
};

// Those of one group version, in order of path, then method. Includes its root ("/apis/apps/v1/").
std::vector<Operation> operations_of(std::string_view group, std::string_view version,
                                     const std::vector<const schema::Resource*>& resources);
// Those of a path of discovery and the like: "api", "apis", "apis/apps", "version", "openid/v1/jwks",
// ".well-known/openid-configuration". Empty when there is none.
std::vector<Operation> root_operations(std::string_view document);

// "namespace" and the like: the names in braces, in order of the alphabet.
std::vector<std::string_view> path_parameters(std::string_view path);

}  // namespace apiserver::openapi
