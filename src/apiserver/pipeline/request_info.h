// What a request is about, read off its method and path alone: upstream's request attributes.
//
//   GET /apis/apps/v1/namespaces/default/deployments/web/scale
//     -> verb "get", group "apps", version "v1", namespace "default", resource "deployments", name "web", subresource
//     "scale"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apiserver/pipeline/authorizer.h"
#include "apiserver/pipeline/query.h"

namespace apiserver {

struct RequestInfo {
  bool is_resource = false;  // else only path and verb count
  std::string path;          // unescaped
  std::string verb;  // "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"; of other
                     // paths the HTTP method in lower case
  std::string group;
  std::string version;
  std::string namespace_;
  std::string resource;
  std::string subresource;
  std::string name;
  std::vector<std::string> tail;  // what follows the subresource: the path of proxies

  // "pods.v1", "deployments.apps": the resource with its group, as messages name it.
  std::string qualified_resource() const;
};

RequestInfo parse_request_info(std::string_view method, std::string_view path, const Query& query);

// What authorizers are asked about `info`.
AuthorizationAttributes authorization_attributes(const RequestInfo& info, const Query& query, const User& user);

// Upstream's sentence about a request that is not allowed: `User "x" cannot list resource "pods" in API group "" in the
// namespace "y"`.
std::string forbidden_message(const AuthorizationAttributes& attributes, std::string_view reason);
// The same as Forbidden.
base::Error forbidden_to(const AuthorizationAttributes& attributes, std::string_view reason);

}  // namespace apiserver
