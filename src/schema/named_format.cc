#include "schema/named_format.h"

#include "base/strings.h"
#include "schema/names.h"

namespace schema {
namespace {

constexpr size_t kDomainMax = 63;
constexpr size_t kIdentifierMax = 32;

FieldErrors invalid(const FieldPath& path, std::string_view text, const Problems& problems) {
  FieldErrors errors;
  append_invalid(errors, path, text, problems);
  return errors;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

FieldErrors check_pool_name(std::string_view text, const FieldPath& path) {
  FieldErrors errors;
  if (text.size() > kMaxSubdomainLength) errors.push_back(FieldError::too_long(path, kMaxSubdomainLength));
  for (std::string_view part : base::split(text, '/'))
    append_invalid(errors, path, part, check_dns1123_subdomain(part));
  return errors;
}

void append_identifier(FieldErrors& errors, std::string_view text, const FieldPath& path) {
  if (text.size() > kIdentifierMax) errors.push_back(FieldError::too_long(path, kIdentifierMax));
  append_invalid(errors, path, text, check_c_identifier(text));
}

// [domain/]identifier
FieldErrors check_device_name(std::string_view text, const FieldPath& path, bool qualified) {
  FieldErrors errors;
  auto parts = base::split(text, '/');
  if (parts.size() == 1) {
    append_identifier(errors, text, path);
  } else if (parts.size() == 2) {
    if (parts[0].empty()) {
      errors.push_back(FieldError::invalid(path, "", "the domain must not be empty"));
    } else {
      if (parts[0].size() > kDomainMax) errors.push_back(FieldError::too_long(path, kDomainMax));
      append_invalid(errors, path, parts[0], check_dns1123_subdomain(parts[0]));
    }
    if (parts[1].empty()) {
      errors.push_back(FieldError::invalid(path, "", "the name must not be empty"));
    } else {
      append_identifier(errors, parts[1], path);
    }
  } else {
    errors.push_back(FieldError::invalid(path, text, "must have at most one slash"));
  }
  if (qualified && parts.size() == 1) {
    errors.push_back(
        FieldError::invalid(path, text, "a fully qualified name must be a domain and a name separated by a slash"));
  }
  return errors;
}

FieldErrors check_extended_resource(std::string_view text, const FieldPath& path) {
  if (text.find('/') == text.npos || text.find("kubernetes.io/") != text.npos || text.starts_with("requests.")) {
    return {FieldError::invalid(path, text, "must be a valid extended resource name")};
  }
  return invalid(path, text, check_qualified_name(base::cat({"requests.", text})));
}

}  // namespace

FieldErrors check_named_format(std::string_view format, std::string_view text, const FieldPath& path) {
  if (format == "k8s-short-name") return invalid(path, text, check_dns1123_label(text));
  if (format == "k8s-long-name") return invalid(path, text, check_dns1123_subdomain(text));
  if (format == "k8s-long-name-caseless") return invalid(path, text, check_dns1123_subdomain(base::to_lower(text)));
  if (format == "k8s-label-key") return invalid(path, text, check_qualified_name(text));
  if (format == "k8s-label-value") return invalid(path, text, check_label_value(text));
  if (format == "k8s-path-segment-name") return invalid(path, text, check_path_segment(text));
  if (format == "k8s-resource-pool-name") return check_pool_name(text, path);
  if (format == "k8s-resource-qualified-name") return check_device_name(text, path, false);
  if (format == "k8s-resource-fully-qualified-name") return check_device_name(text, path, true);
  if (format == "k8s-extended-resource-name") return check_extended_resource(text, path);
  if (format == "k8s-uuid" && !is_uuid(text)) {
    return {FieldError::invalid(path, text, "must be a lowercase UUID in 8-4-4-4-12 format")};
  }
  return {};
}

}  // namespace schema
