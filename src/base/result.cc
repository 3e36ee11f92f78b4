#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace base {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::Internal:
      return "Internal";
    case Code::BadRequest:
      return "BadRequest";
    case Code::Invalid:
      return "Invalid";
    case Code::NotFound:
      return "NotFound";
    case Code::AlreadyExists:
      return "AlreadyExists";
    case Code::Conflict:
      return "Conflict";
    case Code::Unauthorized:
      return "Unauthorized";
    case Code::Forbidden:
      return "Forbidden";
    case Code::MethodNotAllowed:
      return "MethodNotAllowed";
    case Code::NotAcceptable:
      return "NotAcceptable";
    case Code::UnsupportedMediaType:
      return "UnsupportedMediaType";
    case Code::TooLarge:
      return "TooLarge";
    case Code::TooManyRequests:
      return "TooManyRequests";
    case Code::Expired:
      return "Expired";
    case Code::Timeout:
      return "Timeout";
    case Code::Unavailable:
      return "Unavailable";
    case Code::Cancelled:
      return "Cancelled";
    case Code::Closed:
      return "Closed";
  }
  return "Internal";
}

Error Error::with_context(std::string_view context) const& {
  std::string message(context);
  message += ": ";
  message += message_;
  return Error(code_, std::move(message), details_);
}

static Code code_of(int number) {
  switch (number) {
    case ENOENT:
      return Code::NotFound;
    case EEXIST:
      return Code::AlreadyExists;
    case EACCES:
    case EPERM:
      return Code::Forbidden;
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH:
      return Code::Unavailable;
    case ETIMEDOUT:
      return Code::Timeout;
    case ECANCELED:
      return Code::Cancelled;
    case EPIPE:
    case ECONNRESET:
      return Code::Closed;
    default:
      return Code::Internal;
  }
}

Error system_error(std::string_view what, int number) {
  char text[128];
  std::string message(what);
  message += ": ";
  message += strerror_r(number, text, sizeof text);
  return Error(code_of(number), std::move(message));
}

}  // namespace base
