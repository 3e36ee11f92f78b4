// gRPC's framing and status, without sockets: five bytes before each message, and how a call ended.
// (gRPC over HTTP/2, PROTOCOL-HTTP2.md.) Messages are opaque bytes; compression is not offered, so none comes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/http.h"
#include "io/loop.h"

namespace io {

inline constexpr size_t kGrpcMessageBytesMax = 16 * 1024 * 1024;  // as the kubelet allows the runtime

enum class GrpcCode : uint8_t {
  Ok = 0,
  Cancelled = 1,
  Unknown = 2,
  InvalidArgument = 3,
  DeadlineExceeded = 4,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
  DataLoss = 15,
  Unauthenticated = 16,
};

// A server's status as an Error and back. grpc_code_of() of an error that came over gRPC is exactly what the server
// sent.
base::Error grpc_error(GrpcCode code, std::string message);
GrpcCode grpc_code_of(const base::Error& error);
std::string_view grpc_code_name(GrpcCode code);  // "DeadlineExceeded", as Go prints them

// `message` behind its frame header.
std::string grpc_frame(std::string_view message);

class GrpcParser {
 public:
  explicit GrpcParser(size_t message_bytes_max = kGrpcMessageBytesMax) : message_bytes_max_(message_bytes_max) {}
  void feed(std::string_view bytes);
  // The next whole message, or nothing until more is fed. ResourceExhausted for one that is too long, Unimplemented for
  // a compressed one; both are final.
  base::Result<std::optional<std::string>> next();
  // True if nothing of a message is left over.
  bool is_between_messages() const { return read_ == input_.size(); }

 private:
  size_t message_bytes_max_;
  std::string input_;
  size_t read_ = 0;
};

// The value of grpc-timeout: at most eight digits and a unit, rounded up. And read, for servers.
std::string grpc_timeout(Duration span);
std::optional<Duration> parse_grpc_timeout(std::string_view text);

// grpc-message: printable ASCII but '%' stays, everything else is escaped. Bad escapes are kept as they are.
std::string grpc_message_encode(std::string_view message);
std::string grpc_message_decode(std::string_view text);

// How a call ended, from its trailers; or from the head of an answer that has no body. Nothing if grpc-status is not
// there.
std::optional<base::Result<void>> grpc_status(const Headers& fields);
// What an answer that is not gRPC's amounts to; http-grpc-status-mapping.md.
base::Error grpc_error_of_http_status(int status);
// The trailers that say it.
Headers grpc_trailers(const base::Result<void>& outcome);

}  // namespace io
