#include "apiserver/proxy/errors.h"

#include "api/meta_v1.h"
#include "apiserver/pipeline/errors.h"
#include "base/strings.h"
#include "schema/status.h"

namespace apiserver {
namespace {

api::meta_v1::Status failure(int code, std::string_view reason, std::string message) {
  api::meta_v1::Status status;
  status.status = "Failure";
  status.code = code;
  status.reason = reason;
  status.message = std::move(message);
  return status;
}

}  // namespace

base::Error service_unavailable(std::string message) {
  return schema::error_of(failure(503, "ServiceUnavailable", std::move(message)));
}

base::Error kubelet_refusal(int status, std::string text, std::string_view resource, std::string_view name) {
  if (status == 500) return internal_error(text);
  if (status == 400) return bad_request(std::move(text));
  std::string_view reason = "InternalError";
  std::string message = base::cat(
      {"the server responded with the status code ", std::to_string(status), " but did not return more information"});
  if (status == 404) {
    reason = "NotFound";
    message = "the server could not find the requested resource";
  } else if (status == 401) {
    reason = "Unauthorized";
    message = text.empty() ? "the server has asked for the client to provide credentials" : text;
  } else if (status == 403) {
    reason = "Forbidden";
    message = text.empty() ? "the server does not allow access to the requested resource" : text;
  } else if (status == 503) {
    reason = "ServiceUnavailable";
    message = text.empty() ? "the server is currently unable to handle the request" : text;
  }
  auto made = failure(status, reason, base::cat({message, " ( ", resource, " ", name, ")"}));
  auto& details = made.details.emplace();
  details.kind = resource;
  details.name = name;
  auto& cause = details.causes.emplace_back();
  cause.reason = "UnexpectedServerResponse";
  cause.message = std::move(text);
  return schema::error_of(std::move(made));
}

}  // namespace apiserver
