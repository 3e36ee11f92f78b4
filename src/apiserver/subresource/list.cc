#include "apiserver/subresource/handler.h"
#include "apiserver/subresource/handlers.h"

namespace apiserver {
namespace {

struct Row {
  std::string_view group;
  std::string_view resource;
  std::string_view subresource;
  Handler handler;
};

constexpr Row kRows[] = {
    {"", "bindings", "", handle_binding},
    {"", "pods", "binding", handle_binding},
    {"", "pods", "eviction", handle_eviction},
    {"", "serviceaccounts", "token", handle_token},
    {"", "componentstatuses", "", handle_component_statuses},
    {"", "replicationcontrollers", "scale", handle_scale},
    {"apps", "deployments", "scale", handle_scale},
    {"apps", "replicasets", "scale", handle_scale},
    {"apps", "statefulsets", "scale", handle_scale},
    {"authentication.k8s.io", "selfsubjectreviews", "", handle_self_subject_review},
    {"authentication.k8s.io", "tokenreviews", "", handle_token_review},
    {"authorization.k8s.io", "localsubjectaccessreviews", "", handle_access_review},
    {"authorization.k8s.io", "selfsubjectaccessreviews", "", handle_access_review},
    {"authorization.k8s.io", "selfsubjectrulesreviews", "", handle_rules_review},
    {"authorization.k8s.io", "subjectaccessreviews", "", handle_access_review},
};

}  // namespace

Handler find_handler(const Served& served, std::string_view subresource) {
  std::string_view group = served.row().group, resource = served.row().plural;
  // What is scaled of custom kinds is for their definition to say.
  if (served.custom() != nullptr) return subresource == "scale" ? handle_scale : nullptr;
  for (const Row& row : kRows) {
    if (row.resource == resource && row.subresource == subresource && row.group == group) return row.handler;
  }
  return nullptr;
}

}  // namespace apiserver
