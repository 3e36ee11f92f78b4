#include "apiserver/crd/webhook_validation.h"

#include "base/strings.h"
#include "schema/names.h"

namespace apiserver::crd {

using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

FieldErrors validate_webhook_url(const std::string& url, const FieldPath& path) {
  constexpr std::string_view kForm = "; desired format: https://host[/path]";
  FieldErrors errors;
  std::string_view rest = url;
  auto cut = [&](char mark) {
    auto at = rest.find(mark);
    std::string_view after = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
    rest = rest.substr(0, at);
    return after;
  };
  auto fragment = cut('#');
  auto query = cut('?');
  auto colon = rest.find(':');
  std::string_view scheme =
      colon == std::string_view::npos || rest.find('/') < colon ? std::string_view() : rest.substr(0, colon);
  std::string_view authority;
  std::string_view behind = scheme.empty() ? rest : rest.substr(colon + 1);
  if (behind.starts_with("//")) authority = behind.substr(2, behind.find('/', 2) - 2);
  auto at_sign = authority.rfind('@');
  std::string_view user = at_sign == std::string_view::npos ? std::string_view() : authority.substr(0, at_sign);
  std::string_view host = at_sign == std::string_view::npos ? authority : authority.substr(at_sign + 1);
  if (base::to_lower(scheme) != "https") {
    errors.push_back(FieldError::invalid(path, scheme, base::cat({"'https' is the only allowed URL scheme", kForm})));
  }
  if (host.empty()) errors.push_back(FieldError::invalid(path, host, base::cat({"host must be specified", kForm})));
  if (!user.empty()) errors.push_back(FieldError::invalid(path, user, "user information is not permitted in the URL"));
  if (!fragment.empty())
    errors.push_back(FieldError::invalid(path, fragment, "fragments are not permitted in the URL"));
  if (!query.empty())
    errors.push_back(FieldError::invalid(path, query, "query parameters are not permitted in the URL"));
  return errors;
}

FieldErrors validate_webhook_service(const api::apiextensions_k8s_io_v1::ServiceReference& service,
                                     const FieldPath& path) {
  FieldErrors errors;
  if (service.name.empty()) errors.push_back(FieldError::required(path.child("name"), "service name is required"));
  if (service.namespace_.empty())
    errors.push_back(FieldError::required(path.child("namespace"), "service namespace is required"));
  for (const auto& problem : schema::check_port_number(service.port.value_or(443))) {
    errors.push_back(FieldError::invalid(path.child("port"), service.port.value_or(443),
                                         base::cat({"port is not valid: ", problem})));
  }
  if (!service.path || service.path->empty() || *service.path == "/") return errors;
  auto at = path.child("path");
  const std::string& text = *service.path;
  if (text == "//") {
    errors.push_back(FieldError::invalid(at, text, "segment[0] may not be empty"));
    return errors;
  }
  if (text[0] != '/') errors.push_back(FieldError::invalid(at, text, "must start with a '/'"));
  std::string_view rest = std::string_view(text).substr(1);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  size_t i = 0;
  for (auto segment : base::split(rest, '/')) {
    std::string name = base::cat({"segment[", std::to_string(i++), "]"});
    if (segment.empty()) errors.push_back(FieldError::invalid(at, text, base::cat({name, " may not be empty"})));
    if (segment.empty()) continue;
    for (const auto& problem : schema::check_dns1123_subdomain(segment)) {
      errors.push_back(FieldError::invalid(at, text, base::cat({name, ": ", problem})));
    }
  }
  return errors;
}

}  // namespace apiserver::crd
