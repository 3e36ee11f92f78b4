// What anything the world can make fail returns: a value, or an Error. Nothing throws across a function of ours.
//
//   TRY(auto object, codec.decode(body));      // binds the value, or returns the error to the caller
//   TRY(store.sync());                         // the same without a value
//   CO_TRY(auto stored, co_await get(key));    // the same inside a coroutine
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace base {

// A distinct code exists where some caller acts differently on it. Texts are for people and never inspected.
enum class Code : uint8_t {
  Internal,    // a failure that has no better name
  BadRequest,  // the caller's input cannot be read
  Invalid,     // the input was read and breaks a rule; details name the fields
  NotFound,
  AlreadyExists,
  Conflict,      // a precondition (revision, uid) no longer holds
  Unauthorized,  // who are you?
  Forbidden,     // you may not
  MethodNotAllowed,
  NotAcceptable,
  UnsupportedMediaType,
  TooLarge,         // over a named limit
  TooManyRequests,  // try later; see retry_after_seconds
  Expired,          // the revision asked for is no longer kept (410)
  Timeout,
  Unavailable,  // the peer cannot be reached, or is not ready
  Cancelled,
  Closed,  // the component or the peer has ended
};

std::string_view code_name(Code code);

// More about an error, for the border that translates it. The API server attaches a Status.
struct ErrorDetails {
  virtual ~ErrorDetails() = default;
};

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}
  Error(Code code, std::string message, std::shared_ptr<const ErrorDetails> details)
      : code_(code), message_(std::move(message)), details_(std::move(details)) {}

  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const ErrorDetails* details() const { return details_.get(); }

  // The same error with the context that the caller owns put before it: "open store: permission denied".
  Error with_context(std::string_view context) const&;

 private:
  Code code_;
  std::string message_;
  std::shared_ptr<const ErrorDetails> details_;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected<Error>(Error(code, std::move(message)));
}
inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

// The system error `number` (an errno) as an Error: "open /x: No such file or directory".
// ENOENT is NotFound, EEXIST AlreadyExists, EACCES and EPERM Forbidden, ECONNREFUSED Unavailable, else Internal.
Error system_error(std::string_view what, int number);

}  // namespace base

#define BASE_CONCAT_(a, b) a##b
#define BASE_CONCAT(a, b) BASE_CONCAT_(a, b)
#define BASE_TRY_VALUE_(ret, var, decl, ...)                 \
  auto var = (__VA_ARGS__);                                  \
  if (!var) ret ::std::unexpected(::std::move(var).error()); \
  decl = *::std::move(var)
#define BASE_TRY_VOID_(ret, ...)                                                                                 \
  do {                                                                                                           \
    if (auto try_result_ = (__VA_ARGS__); !try_result_) ret ::std::unexpected(::std::move(try_result_).error()); \
  } while (false)
// With a comma the first argument is a declaration; without one there is no value. A call with commas goes in one
// argument list, so TRY(f(a, b)) works and TRY(auto x, f<a, b>()) needs parentheses round the call.
#define BASE_TRY_SELECT_(_1, _2, _3, _4, _5, _6, _7, _8, NAME, ...) NAME
#define TRY(...)                                                                                              \
  BASE_TRY_SELECT_(__VA_ARGS__, BASE_TRY_2_, BASE_TRY_2_, BASE_TRY_2_, BASE_TRY_2_, BASE_TRY_2_, BASE_TRY_2_, \
                   BASE_TRY_2_, BASE_TRY_1_, )(return, __VA_ARGS__)
#define CO_TRY(...)                                                                                           \
  BASE_TRY_SELECT_(__VA_ARGS__, BASE_TRY_2_, BASE_TRY_2_, BASE_TRY_2_, BASE_TRY_2_, BASE_TRY_2_, BASE_TRY_2_, \
                   BASE_TRY_2_, BASE_TRY_1_, )(co_return, __VA_ARGS__)
#define BASE_TRY_1_(ret, ...) BASE_TRY_VOID_(ret, __VA_ARGS__)
#define BASE_TRY_2_(ret, decl, ...) BASE_TRY_VALUE_(ret, BASE_CONCAT(try_, __COUNTER__), decl, __VA_ARGS__)
