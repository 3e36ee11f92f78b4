#include "io/websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace io {

namespace {

constexpr uint8_t kContinuation = 0x0;
constexpr uint8_t kText = 0x1;
constexpr uint8_t kBinary = 0x2;
constexpr uint8_t kClose = 0x8;
constexpr uint8_t kPing = 0x9;
constexpr uint8_t kPong = 0xA;
constexpr size_t kControlBytesMax = 125;

bool is_control(uint8_t opcode) {
  return (opcode & 0x8) != 0;
}

uint8_t opcode_of(WebSocketKind kind) {
  switch (kind) {
    case WebSocketKind::Text:
      return kText;
    case WebSocketKind::Binary:
      return kBinary;
    case WebSocketKind::Close:
      return kClose;
    case WebSocketKind::Ping:
      return kPing;
    case WebSocketKind::Pong:
      return kPong;
  }
  return kBinary;
}

uint64_t big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

void put_big_endian(std::string& out, uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

// RFC 6455, 7.4: codes that may appear in a frame.
bool is_close_code(uint16_t code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                               reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(length));
  return out;
}

bool has_token(const Headers& headers, std::string_view name, std::string_view token) {
  for (std::string_view value : headers.all(name)) {
    for (std::string_view piece : base::split(value, ',')) {
      if (base::equals_ignoring_case(base::trim(piece), token)) return true;
    }
  }
  return false;
}

}  // namespace

WebSocketParser::WebSocketParser(WebSocketRole role, size_t message_bytes_max)
    : role_(role), message_bytes_max_(message_bytes_max) {}

void WebSocketParser::feed(std::string_view bytes) {
  input_.erase(0, read_);  // what is left is a part of a header at most, once next() has said "more"
  read_ = 0;
  input_.append(bytes);
}

base::Result<bool> WebSocketParser::take_header() {
  std::string_view input = std::string_view(input_).substr(read_);
  if (input.size() < 2) return false;
  uint8_t first = static_cast<uint8_t>(input[0]);
  uint8_t second = static_cast<uint8_t>(input[1]);
  uint8_t opcode = first & 0x0F;
  bool final = (first & 0x80) != 0;
  bool masked = (second & 0x80) != 0;
  uint64_t length = second & 0x7F;

  if ((first & 0x70) != 0) return base::fail(base::Code::BadRequest, "websocket: reserved bits are set");
  if (opcode > kPong || (opcode > kBinary && opcode < kClose)) {
    return base::fail(base::Code::BadRequest, "websocket: unknown opcode");
  }
  if (is_control(opcode) && (!final || length > kControlBytesMax)) {
    return base::fail(base::Code::BadRequest, "websocket: control frame is fragmented or too long");
  }
  if (opcode == kContinuation && !message_kind_) {
    return base::fail(base::Code::BadRequest, "websocket: continuation of nothing");
  }
  if ((opcode == kText || opcode == kBinary) && message_kind_) {
    return base::fail(base::Code::BadRequest, "websocket: new message inside a fragmented one");
  }
  if (masked != (role_ == WebSocketRole::Server)) {
    return base::fail(base::Code::BadRequest,
                      masked ? "websocket: masked frame from a server" : "websocket: unmasked frame from a client");
  }

  size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
  size_t header_bytes = 2 + length_bytes + (masked ? 4 : 0);
  if (input.size() < header_bytes) return false;
  if (length_bytes != 0) length = big_endian(input.substr(2, length_bytes));
  if (!is_control(opcode) && (length > message_bytes_max_ || message_.size() + length > message_bytes_max_)) {
    return base::fail(base::Code::TooLarge, "websocket: message is too long");
  }
  if (masked) memcpy(mask_, input.data() + 2 + length_bytes, 4);

  in_frame_ = true;
  final_ = final;
  opcode_ = opcode;
  masked_ = masked;
  mask_place_ = 0;
  left_ = length;
  control_.clear();
  if (opcode == kText) message_kind_ = WebSocketKind::Text;
  if (opcode == kBinary) message_kind_ = WebSocketKind::Binary;
  read_ += header_bytes;
  return true;
}

base::Result<std::optional<WebSocketMessage>> WebSocketParser::end_frame() {
  in_frame_ = false;
  switch (opcode_) {
    case kPing:
      return WebSocketMessage{WebSocketKind::Ping, std::move(control_)};
    case kPong:
      return WebSocketMessage{WebSocketKind::Pong, std::move(control_)};
    case kClose: {
      if (control_.empty()) return WebSocketMessage{WebSocketKind::Close, "", kWebSocketNoStatus};
      uint16_t code =
          control_.size() < 2 ? 0 : static_cast<uint16_t>(big_endian(std::string_view(control_).substr(0, 2)));
      if (!is_close_code(code)) return base::fail(base::Code::BadRequest, "websocket: bad close code");
      return WebSocketMessage{WebSocketKind::Close, control_.substr(2), code};
    }
    default:
      break;
  }
  if (!final_) return std::nullopt;
  WebSocketMessage message{*message_kind_, std::move(message_)};
  message_kind_.reset();
  message_.clear();
  return message;
}

base::Result<std::optional<WebSocketMessage>> WebSocketParser::next() {
  for (;;) {
    if (!in_frame_) {
      TRY(bool taken, take_header());
      if (!taken) return std::nullopt;
    }
    size_t count = static_cast<size_t>(std::min<uint64_t>(left_, input_.size() - read_));
    std::string& target = is_control(opcode_) ? control_ : message_;
    size_t start = target.size();
    target.append(input_, read_, count);
    if (masked_) {
      for (size_t i = 0; i < count; ++i) target[start + i] ^= static_cast<char>(mask_[(mask_place_ + i) & 3]);
      mask_place_ += count;
    }
    read_ += count;
    left_ -= count;
    if (left_ != 0) return std::nullopt;
    TRY(auto message, end_frame());
    if (message) return message;
  }
}

std::string websocket_frame(WebSocketRole role, WebSocketKind kind, std::string_view payload, base::Random& random) {
  uint8_t opcode = opcode_of(kind);
  if (is_control(opcode)) payload = payload.substr(0, kControlBytesMax);
  uint8_t mask_bit = role == WebSocketRole::Client ? 0x80 : 0;

  std::string frame;
  frame.reserve(payload.size() + 14);
  frame.push_back(static_cast<char>(0x80 | opcode));
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(mask_bit | payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    frame.push_back(static_cast<char>(mask_bit | 126));
    put_big_endian(frame, payload.size(), 2);
  } else {
    frame.push_back(static_cast<char>(mask_bit | 127));
    put_big_endian(frame, payload.size(), 8);
  }
  if (mask_bit == 0) return frame.append(payload);

  uint64_t number = random.next();
  char mask[4];
  memcpy(mask, &number, 4);
  frame.append(mask, 4);
  size_t start = frame.size();
  frame.append(payload);
  for (size_t i = 0; i < payload.size(); ++i) frame[start + i] ^= mask[i & 3];
  return frame;
}

std::string websocket_close_frame(WebSocketRole role, uint16_t code, std::string_view reason, base::Random& random) {
  std::string payload;
  put_big_endian(payload, code, 2);
  payload.append(reason.substr(0, kControlBytesMax - 2));
  return websocket_frame(role, WebSocketKind::Close, payload, random);
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return base64({reinterpret_cast<const char*>(digest), sizeof(digest)});
}

std::string websocket_key(base::Random& random) {
  uint64_t numbers[2] = {random.next(), random.next()};
  return base64({reinterpret_cast<const char*>(numbers), sizeof(numbers)});
}

bool is_websocket_request(const Request& request) {
  return has_token(request.headers, "connection", "upgrade") && has_token(request.headers, "upgrade", "websocket");
}

std::vector<std::string_view> websocket_protocols(const Headers& headers) {
  std::vector<std::string_view> protocols;
  for (std::string_view value : headers.all("sec-websocket-protocol")) {
    for (std::string_view piece : base::split(value, ',')) {
      if (piece = base::trim(piece); !piece.empty()) protocols.push_back(piece);
    }
  }
  return protocols;
}

base::Result<Headers> websocket_answer(const Request& request, std::string_view protocol) {
  std::string_view key = request.headers.get("sec-websocket-key");
  if (key.empty()) return base::fail(base::Code::BadRequest, "missing Sec-WebSocket-Key");
  if (request.headers.get("sec-websocket-version") != "13") {
    return base::fail(base::Code::BadRequest, "unsupported Sec-WebSocket-Version");
  }
  Headers headers;
  headers.add("upgrade", "websocket");
  headers.add("connection", "Upgrade");
  headers.add("sec-websocket-accept", websocket_accept(key));
  if (!protocol.empty()) headers.add("sec-websocket-protocol", protocol);
  return headers;
}

}  // namespace io
