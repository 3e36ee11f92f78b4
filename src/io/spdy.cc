#include "io/spdy.h"

#include <algorithm>

#include "io/spdy_header_block.h"

namespace io {

namespace {

constexpr uint16_t kVersion = 3;
constexpr uint16_t kSynStream = 1;
constexpr uint16_t kSynReply = 2;
constexpr uint16_t kRstStream = 3;
constexpr uint16_t kPing = 6;
constexpr uint16_t kGoAway = 7;
constexpr uint16_t kHeaders = 8;

constexpr uint8_t kFin = 0x01;
constexpr uint8_t kUnidirectional = 0x02;
constexpr size_t kFrameHeaderBytes = 8;
constexpr uint32_t kIdMask = 0x7FFFFFFF;

uint32_t number_at(std::string_view bytes, size_t offset, size_t count) {
  uint32_t value = 0;
  for (char byte : bytes.substr(offset, count)) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

void put(std::string& out, uint32_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::unexpected<base::Error> too_short() {
  return base::fail(base::Code::BadRequest, "spdy: control frame is too short");
}

}  // namespace

SpdySession::SpdySession(SpdyRole role)
    : role_(role),
      header_writer_(std::make_unique<SpdyHeaderWriter>()),
      header_reader_(std::make_unique<SpdyHeaderReader>(kSpdyHeaderBytesMax)),
      next_stream_(role == SpdyRole::Client ? 1 : 2),
      next_ping_(role == SpdyRole::Client ? 1 : 2) {}

SpdySession::~SpdySession() = default;

base::Result<void> SpdySession::feed(std::string_view bytes) {
  if (broken_) return base::fail(base::Code::BadRequest, "spdy: the connection is broken");
  while (!bytes.empty() || (in_frame_ && left_ == 0)) {
    if (!in_frame_) {
      size_t count = std::min(bytes.size(), kFrameHeaderBytes - header_.size());
      header_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      if (header_.size() < kFrameHeaderBytes) break;
      auto begun = begin_frame();
      header_.clear();
      if (!begun) {
        broken_ = true;
        return begun;
      }
    }
    size_t count = std::min(bytes.size(), left_);
    if (is_control_) {
      body_.append(bytes.substr(0, count));
    } else if (count != 0) {
      data_arrived(bytes.substr(0, count));
    }
    bytes.remove_prefix(count);
    left_ -= count;
    if (left_ != 0) break;
    in_frame_ = false;
    if (!is_control_) {
      if ((flags_ & kFin) != 0) remote_end(data_stream_);
      continue;
    }
    if (auto taken = control_frame(); !taken) {
      broken_ = true;
      return taken;
    }
  }
  return {};
}

base::Result<void> SpdySession::begin_frame() {
  is_control_ = (header_[0] & 0x80) != 0;
  flags_ = static_cast<uint8_t>(header_[4]);
  left_ = number_at(header_, 5, 3);
  in_frame_ = true;
  body_.clear();
  if (!is_control_) {
    data_stream_ = number_at(header_, 0, 4) & kIdMask;
    return {};
  }
  type_ = static_cast<uint16_t>(number_at(header_, 2, 2));
  if ((number_at(header_, 0, 2) & 0x7FFF) != kVersion) return base::fail(base::Code::BadRequest, "spdy: not version 3");
  if (left_ > kSpdyControlBytesMax) return base::fail(base::Code::BadRequest, "spdy: control frame is too long");
  return {};
}

void SpdySession::data_arrived(std::string_view bytes) {
  auto found = streams_.find(data_stream_);
  // A stream that we have reset may still have data on its way.
  if (found == streams_.end()) return;
  if (found->second.remote_ended) {
    reset(data_stream_, kSpdyStreamAlreadyClosed);
    return;
  }
  SpdyEvent event{SpdyEvent::Kind::Data, data_stream_};
  event.data = std::string(bytes);
  events_.push_back(std::move(event));
}

base::Result<void> SpdySession::control_frame() {
  std::string_view body = body_;
  switch (type_) {
    case kSynStream:
      return syn_stream(body);
    case kSynReply:
      return headers_frame(body, true);
    case kHeaders:
      return headers_frame(body, false);
    case kRstStream: {
      if (body.size() < 8) return too_short();
      uint32_t stream = number_at(body, 0, 4) & kIdMask;
      if (streams_.erase(stream) == 0) return {};
      SpdyEvent event{SpdyEvent::Kind::Reset, stream};
      event.status = number_at(body, 4, 4);
      events_.push_back(std::move(event));
      return {};
    }
    case kPing: {
      if (body.size() < 4) return too_short();
      uint32_t id = number_at(body, 0, 4);
      if ((id & 1) == (next_ping_ & 1)) {
        events_.push_back({SpdyEvent::Kind::Pong, id});
      } else {
        write_control(kPing, 0, body.substr(0, 4));
      }
      return {};
    }
    case kGoAway:
      peer_gone_away_ = true;
      events_.push_back({SpdyEvent::Kind::GoAway});
      return {};
    default:
      return {};  // SETTINGS, WINDOW_UPDATE and what is unknown: no part of how Kubernetes uses SPDY
  }
}

base::Result<void> SpdySession::syn_stream(std::string_view body) {
  if (body.size() < 10) return too_short();
  uint32_t stream = number_at(body, 0, 4) & kIdMask;
  // The block is taken even for a stream that is refused: the compression goes on from it.
  TRY(Headers headers, header_reader_->read(body.substr(10)));
  bool from_client = (stream & 1) != 0;
  if (stream == 0 || from_client == (role_ == SpdyRole::Client) || stream <= last_peer_stream_) {
    write_reset(stream, kSpdyProtocolError);
    return {};
  }
  last_peer_stream_ = stream;
  if (streams_.size() >= kSpdyStreamsMax) {
    write_reset(stream, kSpdyRefusedStream);
    return {};
  }
  streams_[stream].local_ended = (flags_ & kUnidirectional) != 0;
  SpdyEvent event{SpdyEvent::Kind::Opened, stream};
  event.headers = std::move(headers);
  events_.push_back(std::move(event));
  if ((flags_ & kFin) != 0) remote_end(stream);
  return {};
}

base::Result<void> SpdySession::headers_frame(std::string_view body, bool is_reply) {
  if (body.size() < 4) return too_short();
  uint32_t stream = number_at(body, 0, 4) & kIdMask;
  TRY(Headers headers, header_reader_->read(body.substr(4)));
  auto found = streams_.find(stream);
  if (found == streams_.end()) return {};
  if (is_reply && !found->second.replied && (stream & 1) == (next_stream_ & 1)) {
    found->second.replied = true;
    SpdyEvent event{SpdyEvent::Kind::Reply, stream};
    event.headers = std::move(headers);
    events_.push_back(std::move(event));
  }
  if ((flags_ & kFin) != 0) remote_end(stream);
  return {};
}

void SpdySession::remote_end(uint32_t stream) {
  auto found = streams_.find(stream);
  if (found == streams_.end() || found->second.remote_ended) return;
  found->second.remote_ended = true;
  events_.push_back({SpdyEvent::Kind::End, stream});
  if (found->second.local_ended) streams_.erase(found);
}

std::optional<SpdyEvent> SpdySession::next() {
  if (events_.empty()) return std::nullopt;
  SpdyEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::string SpdySession::take_output() {
  return std::exchange(output_, {});
}

void SpdySession::write_control(uint16_t type, uint8_t flags, std::string_view body) {
  put(output_, 0x8000 | kVersion, 2);
  put(output_, type, 2);
  put(output_, flags, 1);
  put(output_, static_cast<uint32_t>(body.size()), 3);
  output_ += body;
}

void SpdySession::write_reset(uint32_t stream, uint32_t status) {
  std::string body;
  put(body, stream, 4);
  put(body, status, 4);
  write_control(kRstStream, 0, body);
}

uint32_t SpdySession::open(const Headers& headers) {
  if (peer_gone_away_ || next_stream_ > kIdMask) return 0;
  uint32_t stream = next_stream_;
  next_stream_ += 2;
  streams_[stream];
  std::string body;
  put(body, stream, 4);
  put(body, 0, 4);  // associated with no other stream
  put(body, 0, 2);  // highest priority, no credential slot
  body += header_writer_->write(headers);
  write_control(kSynStream, 0, body);
  return stream;
}

void SpdySession::reply(uint32_t stream, const Headers& headers) {
  auto found = streams_.find(stream);
  if (found == streams_.end() || found->second.replied) return;
  found->second.replied = true;
  std::string body;
  put(body, stream, 4);
  body += header_writer_->write(headers);
  write_control(kSynReply, 0, body);
}

void SpdySession::data(uint32_t stream, std::string_view bytes) {
  auto found = streams_.find(stream);
  if (found == streams_.end() || found->second.local_ended) return;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, kSpdyDataBytesMax);
    bytes.remove_prefix(piece.size());
    put(output_, stream, 4);
    put(output_, 0, 1);
    put(output_, static_cast<uint32_t>(piece.size()), 3);
    output_ += piece;
  }
}

void SpdySession::finish(uint32_t stream) {
  auto found = streams_.find(stream);
  if (found == streams_.end() || found->second.local_ended) return;
  found->second.local_ended = true;
  put(output_, stream, 4);
  put(output_, kFin, 1);
  put(output_, 0, 3);
  if (found->second.remote_ended) streams_.erase(found);
}

void SpdySession::reset(uint32_t stream, uint32_t status) {
  if (streams_.erase(stream) != 0) write_reset(stream, status);
}

uint32_t SpdySession::ping() {
  uint32_t id = next_ping_;
  next_ping_ += 2;
  std::string body;
  put(body, id, 4);
  write_control(kPing, 0, body);
  return id;
}

void SpdySession::go_away() {
  std::string body;
  put(body, last_peer_stream_, 4);
  put(body, 0, 4);  // OK
  write_control(kGoAway, 0, body);
}

}  // namespace io
