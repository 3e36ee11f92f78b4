#include "io/grpc.h"

#include <algorithm>

#include "base/strings.h"

namespace io {

namespace {

struct CodeRow {
  GrpcCode grpc;
  std::string_view name;
  base::Code code;
};
// In the order of the numbers. The first row with a base::Code is what that code is sent as.
constexpr CodeRow kCodes[] = {
    {GrpcCode::Ok, "OK", base::Code::Internal},
    {GrpcCode::Cancelled, "Canceled", base::Code::Cancelled},
    {GrpcCode::Unknown, "Unknown", base::Code::Internal},
    {GrpcCode::InvalidArgument, "InvalidArgument", base::Code::BadRequest},
    {GrpcCode::DeadlineExceeded, "DeadlineExceeded", base::Code::Timeout},
    {GrpcCode::NotFound, "NotFound", base::Code::NotFound},
    {GrpcCode::AlreadyExists, "AlreadyExists", base::Code::AlreadyExists},
    {GrpcCode::PermissionDenied, "PermissionDenied", base::Code::Forbidden},
    {GrpcCode::ResourceExhausted, "ResourceExhausted", base::Code::TooManyRequests},
    {GrpcCode::FailedPrecondition, "FailedPrecondition", base::Code::Invalid},
    {GrpcCode::Aborted, "Aborted", base::Code::Conflict},
    {GrpcCode::OutOfRange, "OutOfRange", base::Code::BadRequest},
    {GrpcCode::Unimplemented, "Unimplemented", base::Code::MethodNotAllowed},
    {GrpcCode::Internal, "Internal", base::Code::Internal},
    {GrpcCode::Unavailable, "Unavailable", base::Code::Unavailable},
    {GrpcCode::DataLoss, "DataLoss", base::Code::Internal},
    {GrpcCode::Unauthenticated, "Unauthenticated", base::Code::Unauthorized},
};

struct GrpcDetails final : base::ErrorDetails {
  explicit GrpcDetails(GrpcCode code) : code(code) {}
  GrpcCode code;
};

constexpr size_t kFrameHeaderBytes = 5;

}  // namespace

base::Error grpc_error(GrpcCode code, std::string message) {
  return {kCodes[static_cast<size_t>(code)].code, std::move(message), std::make_shared<GrpcDetails>(code)};
}

GrpcCode grpc_code_of(const base::Error& error) {
  if (auto* details = dynamic_cast<const GrpcDetails*>(error.details())) return details->code;
  switch (error.code()) {
    case base::Code::Internal:
      return GrpcCode::Internal;
    case base::Code::Closed:
      return GrpcCode::Unavailable;
    case base::Code::TooLarge:
      return GrpcCode::ResourceExhausted;
    case base::Code::Expired:
      return GrpcCode::OutOfRange;
    default:
      break;
  }
  auto row =
      std::find_if(std::begin(kCodes), std::end(kCodes), [&](const CodeRow& row) { return row.code == error.code(); });
  return row == std::end(kCodes) ? GrpcCode::Unknown : row->grpc;
}

std::string_view grpc_code_name(GrpcCode code) {
  return kCodes[static_cast<size_t>(code)].name;
}

std::string grpc_frame(std::string_view message) {
  std::string frame(1, '\0');  // not compressed
  frame.reserve(message.size() + kFrameHeaderBytes);
  for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(message.size() >> shift));
  return frame.append(message);
}

void GrpcParser::feed(std::string_view bytes) {
  input_.erase(0, read_);
  read_ = 0;
  input_.append(bytes);
}

base::Result<std::optional<std::string>> GrpcParser::next() {
  std::string_view left = std::string_view(input_).substr(read_);
  if (left.size() < kFrameHeaderBytes) return std::nullopt;
  if (left[0] != 0)
    return base::fail(grpc_error(GrpcCode::Unimplemented, "grpc: compressed messages are not supported"));
  size_t size = 0;
  for (char byte : left.substr(1, 4)) size = size << 8 | static_cast<uint8_t>(byte);
  if (size > message_bytes_max_) {
    return base::fail(grpc_error(GrpcCode::ResourceExhausted,
                                 base::cat({"grpc: received message larger than max (", std::to_string(size), " vs. ",
                                            std::to_string(message_bytes_max_), ")"})));
  }
  if (left.size() < kFrameHeaderBytes + size) {
    // Room at once, so that a long message does not grow piece by piece.
    if (input_.capacity() - read_ < kFrameHeaderBytes + size) input_.reserve(read_ + kFrameHeaderBytes + size);
    return std::nullopt;
  }
  std::string message(left.substr(kFrameHeaderBytes, size));
  read_ += kFrameHeaderBytes + size;
  return message;
}

std::string grpc_timeout(Duration span) {
  constexpr int64_t kMost = 99'999'999;
  struct Unit {
    char name;
    int64_t ns;
  };
  int64_t ns = std::max<int64_t>(span.count(), 1);
  for (Unit unit :
       {Unit{'n', 1}, Unit{'u', 1'000}, Unit{'m', 1'000'000}, Unit{'S', 1'000'000'000}, Unit{'M', 60'000'000'000}}) {
    int64_t count = ns / unit.ns + (ns % unit.ns != 0);
    if (count <= kMost) return std::to_string(count) + unit.name;
  }
  return std::to_string(kMost) + "H";
}

std::optional<Duration> parse_grpc_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  auto count = base::parse_uint(text.substr(0, text.size() - 1));
  if (!count) return std::nullopt;
  auto value = static_cast<int64_t>(*count);
  switch (text.back()) {
    case 'n':
      return std::chrono::nanoseconds(value);
    case 'u':
      return std::chrono::microseconds(value);
    case 'm':
      return std::chrono::milliseconds(value);
    case 'S':
      return std::chrono::seconds(value);
    // Longer than a century would not fit; it is no bound anyway.
    case 'M':
      return std::chrono::minutes(std::min<int64_t>(value, 50'000'000));
    case 'H':
      return std::chrono::hours(std::min<int64_t>(value, 800'000));
    default:
      return std::nullopt;
  }
}

std::string grpc_message_encode(std::string_view message) {
  std::string text;
  for (char byte : message) {
    if (byte >= ' ' && byte <= '~' && byte != '%') {
      text += byte;
    } else {
      constexpr char kDigits[] = "0123456789ABCDEF";
      text += {'%', kDigits[static_cast<uint8_t>(byte) >> 4], kDigits[static_cast<uint8_t>(byte) & 15]};
    }
  }
  return text;
}

std::string grpc_message_decode(std::string_view text) {
  auto digit = [](char byte) {
    return byte >= '0' && byte <= '9'                 ? byte - '0'
           : (byte | 32) >= 'a' && (byte | 32) <= 'f' ? (byte | 32) - 'a' + 10
                                                      : -1;
  };
  std::string message;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      message += static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2]));
      i += 2;
    } else {
      message += text[i];
    }
  }
  return message;
}

std::optional<base::Result<void>> grpc_status(const Headers& fields) {
  if (!fields.has("grpc-status")) return std::nullopt;
  auto number = base::parse_uint(fields.get("grpc-status"));
  auto code = number && *number <= 16 ? static_cast<GrpcCode>(*number) : GrpcCode::Unknown;
  if (code == GrpcCode::Ok) return base::Result<void>();
  return base::Result<void>(base::fail(grpc_error(code, grpc_message_decode(fields.get("grpc-message")))));
}

base::Error grpc_error_of_http_status(int status) {
  GrpcCode code = GrpcCode::Unknown;
  if (status == 400) code = GrpcCode::Internal;
  if (status == 401) code = GrpcCode::Unauthenticated;
  if (status == 403) code = GrpcCode::PermissionDenied;
  if (status == 404) code = GrpcCode::Unimplemented;
  if (status == 429 || status == 502 || status == 503 || status == 504) code = GrpcCode::Unavailable;
  return grpc_error(code, base::cat({"unexpected HTTP status code received from server: ", std::to_string(status)}));
}

Headers grpc_trailers(const base::Result<void>& outcome) {
  Headers trailers;
  GrpcCode code = outcome ? GrpcCode::Ok : grpc_code_of(outcome.error());
  trailers.add("grpc-status", std::to_string(static_cast<int>(code)));
  if (!outcome) trailers.add("grpc-message", grpc_message_encode(outcome.error().message()));
  return trailers;
}

}  // namespace io
