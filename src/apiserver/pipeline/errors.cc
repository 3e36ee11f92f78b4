#include "apiserver/pipeline/errors.h"

#include "api/meta_v1.h"
#include "base/strings.h"
#include "schema/status.h"

namespace apiserver {
namespace {

namespace meta = api::meta_v1;

meta::Status failure(int code, std::string_view reason, std::string message) {
  meta::Status status;
  status.status = "Failure";
  status.code = code;
  status.reason = reason;
  status.message = std::move(message);
  return status;
}

base::Error about(int code, std::string_view reason, std::string_view group, std::string_view resource,
                  std::string_view name, std::string message) {
  auto status = failure(code, reason, std::move(message));
  auto& details = status.details.emplace();
  details.group = group;
  details.kind = resource;
  details.name = name;
  return schema::error_of(std::move(status));
}

}  // namespace

std::string qualified(std::string_view resource, std::string_view group) {
  return group.empty() ? std::string(resource) : base::cat({resource, ".", group});
}

base::Error not_found(std::string_view group, std::string_view resource, std::string_view name) {
  return about(404, "NotFound", group, resource, name,
               base::cat({qualified(resource, group), " ", base::quote(name), " not found"}));
}

base::Error no_such_path() {
  return about(404, "NotFound", "", "", "", "the server could not find the requested resource");
}

base::Error no_such_method() {
  return about(405, "MethodNotAllowed", "", "", "", "the server does not allow this method on the requested resource");
}

base::Error already_exists(std::string_view group, std::string_view resource, std::string_view name) {
  return about(409, "AlreadyExists", group, resource, name,
               base::cat({qualified(resource, group), " ", base::quote(name), " already exists"}));
}

base::Error generate_name_conflict(std::string_view group, std::string_view resource, std::string_view name) {
  return about(409, "AlreadyExists", group, resource, name,
               base::cat({qualified(resource, group), " ", base::quote(name),
                          " already exists, the server was not able to generate a unique name for the object"}));
}

base::Error conflict(std::string_view group, std::string_view resource, std::string_view name, std::string_view why) {
  return about(
      409, "Conflict", group, resource, name,
      base::cat({"Operation cannot be fulfilled on ", qualified(resource, group), " ", base::quote(name), ": ", why}));
}

base::Error forbidden(std::string_view group, std::string_view resource, std::string_view name, std::string_view why) {
  std::string message;
  if (resource.empty()) {
    message = base::cat({"forbidden: ", why});
  } else if (name.empty()) {
    message = base::cat({qualified(resource, group), " is forbidden: ", why});
  } else {
    message = base::cat({qualified(resource, group), " ", base::quote(name), " is forbidden: ", why});
  }
  return about(403, "Forbidden", group, resource, name, std::move(message));
}

base::Error bad_request(std::string message) {
  return schema::error_of(failure(400, "BadRequest", std::move(message)));
}

base::Error invalid(std::string_view group, std::string_view kind, std::string_view name,
                    const schema::FieldErrors& errors) {
  auto status =
      failure(422, "Invalid",
              base::cat({qualified(kind, group), " ", base::quote(name), " is invalid: ", schema::to_string(errors)}));
  auto& details = status.details.emplace();
  details.group = group;
  details.kind = kind;
  details.name = name;
  for (const auto& error : errors) {
    auto& cause = details.causes.emplace_back();
    cause.reason = error.reason();
    cause.message = error.body();
    cause.field = error.field;
  }
  return schema::error_of(std::move(status));
}

base::Error unauthorized() {
  return schema::error_of(failure(401, "Unauthorized", "Unauthorized"));
}

base::Error not_supported(std::string_view group, std::string_view resource, std::string_view verb) {
  return about(405, "MethodNotAllowed", group, resource, "",
               base::cat({verb, " is not supported on resources of kind ", base::quote(qualified(resource, group))}));
}

base::Error internal_error(std::string_view what) {
  auto status = failure(500, "InternalError", base::cat({"Internal error occurred: ", what}));
  auto& details = status.details.emplace();
  auto& cause = details.causes.emplace_back();
  cause.message = what;
  return schema::error_of(std::move(status));
}

base::Error plain_error(std::string message) {
  return schema::error_of(failure(500, "", std::move(message)));
}

base::Error expired(std::string message) {
  return schema::error_of(failure(410, "Expired", std::move(message)));
}

base::Error too_large(std::string message) {
  return schema::error_of(failure(413, "RequestEntityTooLarge", base::cat({"Request entity too large: ", message})));
}

base::Error too_many_requests(std::string message, int retry_after_seconds) {
  auto status = failure(429, "TooManyRequests", std::move(message));
  if (retry_after_seconds > 0) status.details.emplace().retry_after_seconds = retry_after_seconds;
  return schema::error_of(std::move(status));
}

base::Error unsupported_media_type() {
  return about(415, "UnsupportedMediaType", "", "", "", "415: Unsupported Media Type");
}

base::Error timeout(std::string message, int retry_after_seconds) {
  auto status = failure(504, "Timeout", base::cat({"Timeout: ", message}));
  status.details.emplace().retry_after_seconds = retry_after_seconds;
  return schema::error_of(std::move(status));
}

base::Error too_large_resource_version(uint64_t asked, uint64_t current) {
  auto status = failure(504, "Timeout",
                        base::cat({"Timeout: Too large resource version: ", std::to_string(asked),
                                   ", current: ", std::to_string(current)}));
  auto& details = status.details.emplace();
  details.retry_after_seconds = 1;
  auto& cause = details.causes.emplace_back();
  cause.reason = "ResourceVersionTooLarge";
  cause.message = "Too large resource version";
  return schema::error_of(std::move(status));
}

}  // namespace apiserver
