#include "schema/status.h"

namespace schema {
namespace {

using base::Code;

struct Row {
  Code code;
  int http;
  std::string_view reason;
};

// API conventions, "Response Status Kind"; of two rows with one code the first is written.
constexpr Row kRows[] = {
    {Code::Internal, 500, "InternalError"},
    {Code::BadRequest, 400, "BadRequest"},
    {Code::Invalid, 422, "Invalid"},
    {Code::NotFound, 404, "NotFound"},
    {Code::AlreadyExists, 409, "AlreadyExists"},
    {Code::Conflict, 409, "Conflict"},
    {Code::Unauthorized, 401, "Unauthorized"},
    {Code::Forbidden, 403, "Forbidden"},
    {Code::MethodNotAllowed, 405, "MethodNotAllowed"},
    {Code::NotAcceptable, 406, "NotAcceptable"},
    {Code::UnsupportedMediaType, 415, "UnsupportedMediaType"},
    {Code::TooLarge, 413, "RequestEntityTooLarge"},
    {Code::TooManyRequests, 429, "TooManyRequests"},
    {Code::Expired, 410, "Expired"},
    {Code::Expired, 410, "Gone"},
    {Code::Timeout, 504, "Timeout"},
    {Code::Timeout, 500, "ServerTimeout"},
    {Code::Unavailable, 503, "ServiceUnavailable"},
};

const Row& row_of(Code code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row;
  }
  return kRows[0];
}

}  // namespace

int http_code(Code code) {
  return row_of(code).http;
}
std::string_view reason(Code code) {
  return row_of(code).reason;
}

Code code_of_http(int http_code) {
  if (http_code == 409) return Code::Conflict;
  for (const Row& row : kRows) {
    if (row.http == http_code) return row.code;
  }
  return http_code >= 400 && http_code < 500 ? Code::BadRequest : Code::Internal;
}

base::Error error_of(api::meta_v1::Status status) {
  Code code = code_of_http(status.code);
  for (const Row& row : kRows) {
    if (row.reason == status.reason) {
      code = row.code;
      break;
    }
  }
  std::string message = status.message;
  return base::Error(code, std::move(message), std::make_shared<StatusError>(std::move(status)));
}

const api::meta_v1::Status* carried_status(const base::Error& error) {
  auto carried = dynamic_cast<const StatusError*>(error.details());
  return carried == nullptr ? nullptr : &carried->status;
}

api::meta_v1::Status status_of(const base::Error& error) {
  if (const api::meta_v1::Status* carried = carried_status(error)) {
    api::meta_v1::Status status = *carried;
    status.message = error.message();
    return status;
  }
  api::meta_v1::Status status;
  status.status = "Failure";
  status.code = http_code(error.code());
  status.reason = reason(error.code());
  status.message = error.message();
  return status;
}

}  // namespace schema
