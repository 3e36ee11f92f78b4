// The API's errors, in upstream's words. Each carries its Status (schema/status.h), so the border that answers a
// request only has to look it up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "schema/field_error.h"

namespace apiserver {

// A resource with its group as messages name it: "deployments.apps", "pods".
std::string qualified(std::string_view resource, std::string_view group);

base::Error not_found(std::string_view group, std::string_view resource, std::string_view name);
base::Error no_such_path();    // 404 "the server could not find the requested resource"
base::Error no_such_method();  // 405 "the server does not allow this method on the requested resource"
base::Error already_exists(std::string_view group, std::string_view resource, std::string_view name);
// 409, the generated name was taken.
base::Error generate_name_conflict(std::string_view group, std::string_view resource, std::string_view name);
base::Error conflict(std::string_view group, std::string_view resource, std::string_view name, std::string_view why);
base::Error forbidden(std::string_view group, std::string_view resource, std::string_view name, std::string_view why);
base::Error bad_request(std::string message);
// 422, each field error a cause. `kind` is the kind ("Pod"), or the resource where upstream says so.
base::Error invalid(std::string_view group, std::string_view kind, std::string_view name,
                    const schema::FieldErrors& errors);
base::Error unauthorized();
// 405, `verb` of a resource that does not have it.
base::Error not_supported(std::string_view group, std::string_view resource, std::string_view verb);
base::Error internal_error(std::string_view what);  // 500 "Internal error occurred: ..."
base::Error plain_error(std::string message);       // 500 without a reason, as errors nobody foresaw come out upstream
base::Error expired(std::string message);           // 410
base::Error too_large(std::string message);         // 413
base::Error too_many_requests(std::string message, int retry_after_seconds);
base::Error unsupported_media_type();
// 504 "Timeout: ..." with the seconds after which to come back.
base::Error timeout(std::string message, int retry_after_seconds);
base::Error too_large_resource_version(uint64_t asked, uint64_t current);

}  // namespace apiserver
