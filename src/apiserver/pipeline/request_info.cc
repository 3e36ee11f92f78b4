#include "apiserver/pipeline/request_info.h"

#include <algorithm>

#include "apiserver/pipeline/errors.h"
#include "base/strings.h"

namespace apiserver {
namespace {

std::string verb_of(std::string_view method) {
  if (method == "POST") return "create";
  if (method == "GET" || method == "HEAD") return "get";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "";
}

// "metadata.name=x" as the only term picks one object by name.
std::string name_in_selector(std::string_view selector) {
  constexpr std::string_view kPrefix = "metadata.name=";
  for (std::string_view term : base::split(selector, ',')) {
    if (!term.starts_with(kPrefix)) continue;
    auto name = term.substr(kPrefix.size());
    if (name.starts_with('=')) name.remove_prefix(1);
    if (!name.empty() && name != "." && name != ".." && name.find_first_of("/%\\") == std::string_view::npos) {
      return std::string(name);
    }
  }
  return "";
}

}  // namespace

std::string RequestInfo::qualified_resource() const {
  return group.empty() ? resource : base::cat({resource, ".", group});
}

RequestInfo parse_request_info(std::string_view method, std::string_view path, const Query& query) {
  RequestInfo info;
  info.path = path;
  info.verb = base::to_lower(method);
  if (path.find("//") != std::string_view::npos) return info;  // never a resource
  std::string_view trimmed = path;
  if (trimmed.starts_with('/')) trimmed.remove_prefix(1);
  if (trimmed.ends_with('/')) trimmed.remove_suffix(1);
  std::vector<std::string_view> parts;
  if (!trimmed.empty()) parts = base::split(trimmed, '/');
  size_t at = 0;
  if (parts.size() < 3) return info;
  if (parts[0] == "apis") {
    if (parts.size() < 4) return info;
    info.group = parts[1];
    at = 2;
  } else if (parts[0] == "api") {
    at = 1;
  } else {
    return info;
  }
  info.is_resource = true;
  info.version = parts[at++];
  info.verb = verb_of(method);
  // The old form of watches: /api/v1/watch/namespaces/x/pods.
  bool watch_path = parts[at] == "watch" && parts.size() > at + 1;
  if (watch_path) ++at;

  if (parts[at] == "namespaces") {
    if (parts.size() > at + 1) {
      info.namespace_ = parts[at + 1];
      // "status" and "finalize" are subresources of the namespace, all else is a resource inside it.
      if (parts.size() > at + 2 && parts[at + 2] != "status" && parts[at + 2] != "finalize") at += 2;
    }
  }
  info.resource = parts[at];
  if (parts.size() > at + 1) info.name = parts[at + 1];
  if (parts.size() > at + 2) info.subresource = parts[at + 2];
  for (size_t i = at + 3; i < parts.size(); ++i) info.tail.emplace_back(parts[i]);

  if (watch_path) info.verb = "watch";
  if (info.name.empty() && (info.verb == "get" || info.verb == "watch")) {
    info.verb = watch_path || query.flag("watch") ? "watch" : "list";
    info.name = name_in_selector(query.get("fieldSelector"));
  } else if (info.name.empty() && info.verb == "delete") {
    info.verb = "deletecollection";
  }
  return info;
}

AuthorizationAttributes authorization_attributes(const RequestInfo& info, const Query& query, const User& user) {
  AuthorizationAttributes attributes;
  attributes.user = user;
  attributes.verb = info.verb;
  attributes.path = info.path;
  attributes.resource_request = info.is_resource;
  if (!info.is_resource) return attributes;
  attributes.api_group = info.group;
  attributes.api_version = info.version;
  attributes.resource = info.resource;
  attributes.subresource = info.subresource;
  attributes.namespace_ = info.namespace_;
  attributes.name = info.name;
  if (info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection") {
    attributes.field_selector = query.get("fieldSelector");
    attributes.label_selector = query.get("labelSelector");
  }
  return attributes;
}

std::string forbidden_message(const AuthorizationAttributes& attributes, std::string_view reason) {
  std::string user = base::cat({"User ", base::quote(attributes.user.name)});
  std::string text;
  if (!attributes.resource_request) {
    text = base::cat({user, " cannot ", attributes.verb, " path ", base::quote(attributes.path)});
  } else {
    std::string resource = attributes.resource;
    if (!attributes.subresource.empty()) resource += "/" + attributes.subresource;
    text = base::cat({user, " cannot ", attributes.verb, " resource ", base::quote(resource), " in API group ",
                      base::quote(attributes.api_group)});
    text += attributes.namespace_.empty() ? " at the cluster scope"
                                          : base::cat({" in the namespace ", base::quote(attributes.namespace_)});
  }
  if (!reason.empty()) text += base::cat({": ", reason});
  return text;
}

base::Error forbidden_to(const AuthorizationAttributes& attributes, std::string_view reason) {
  std::string message = forbidden_message(attributes, reason);
  if (!attributes.resource_request) return forbidden("", "", "", message);
  return forbidden(attributes.api_group, attributes.resource, attributes.name, message);
}

}  // namespace apiserver
