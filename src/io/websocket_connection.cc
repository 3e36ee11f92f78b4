#include "io/websocket_connection.h"

#include "base/strings.h"

namespace io {

namespace {

constexpr size_t kPieceBytesMax = 32 * 1024;  // of one message we send
constexpr uint8_t kChannelsMax = 10;          // digits, in base64

}  // namespace

class WebSocketConnection::Session final : public Multiplexer {
 public:
  Session(std::unique_ptr<Stream> transport, WebSocketRole role, WebSocketCarriage carriage,
          std::vector<uint8_t> channels, bool close_signal, base::Random& random)
      : Multiplexer(std::move(transport), Writes::Apart),
        role_(role),
        carriage_(carriage),
        close_signal_(close_signal),
        random_(random),
        parser_(role, kWebSocketMessageBytesMax),
        channels_(std::move(channels)) {
    for (uint8_t channel : channels_) inbound(channel);
  }

  std::unique_ptr<MultiplexedStream> channel(uint8_t number) { return make_stream(number, {}); }

 private:
  base::Result<void> take(std::string_view bytes) override {
    parser_.feed(bytes);
    for (;;) {
      TRY(auto message, parser_.next());
      if (!message) return {};
      TRY(handle(*message));
    }
  }

  base::Result<void> handle(const WebSocketMessage& message) {
    switch (message.kind) {
      case WebSocketKind::Ping:
        queue(websocket_frame(role_, WebSocketKind::Pong, message.payload, random_));
        return {};
      case WebSocketKind::Pong:
        return {};
      case WebSocketKind::Close:
        peer_closes(message);
        return {};
      case WebSocketKind::Text:
      case WebSocketKind::Binary:
        return data(message.payload);
    }
    return {};
  }

  base::Result<void> data(std::string_view payload) {
    if (payload.empty() || is_one_way()) return {};
    if (carriage_ == WebSocketCarriage::Tunnel) {
      arrived(0, payload);
      return {};
    }
    uint8_t channel = static_cast<uint8_t>(payload[0]);
    payload.remove_prefix(1);
    if (carriage_ == WebSocketCarriage::Base64Channels) {
      TRY(std::string decoded, base::base64_decode(payload));
      arrived(static_cast<uint8_t>(channel - '0'), decoded);
      return {};
    }
    if (close_signal_ && channel == kChannelCloseSignal) {
      if (!payload.empty()) arrived_end(static_cast<uint8_t>(payload[0]));
      return {};
    }
    arrived(channel, payload);
    return {};
  }

  void peer_closes(const WebSocketMessage& message) {
    bool in_order = message.close_code == kWebSocketNormal || message.close_code == kWebSocketNoStatus;
    // To a client it is how a server ends its output; a client that closes has gone away.
    if (role_ == WebSocketRole::Client && in_order) {
      for (uint8_t channel : channels_) arrived_end(channel);
    }
    if (!said_goodbye_) {
      said_goodbye_ = true;
      queue(websocket_close_frame(role_, in_order ? kWebSocketNormal : message.close_code, "", random_));
    }
    std::string text =
        base::cat({"the peer has closed the connection: ", std::to_string(message.close_code), " ", message.payload});
    fail({base::Code::Closed, std::move(text)});
  }

  bool is_one_way() const { return carriage_ == WebSocketCarriage::Texts || carriage_ == WebSocketCarriage::Binaries; }

  void send_data(uint32_t stream, std::string_view bytes) override {
    if (is_one_way()) {
      auto kind = carriage_ == WebSocketCarriage::Texts ? WebSocketKind::Text : WebSocketKind::Binary;
      return queue(websocket_frame(role_, kind, bytes, random_));
    }
    do {
      std::string_view piece = bytes.substr(0, kPieceBytesMax);
      bytes.remove_prefix(piece.size());
      std::string message;
      switch (carriage_) {
        case WebSocketCarriage::Channels:
          message = static_cast<char>(stream) + std::string(piece);
          break;
        case WebSocketCarriage::Base64Channels:
          message = static_cast<char>('0' + stream % kChannelsMax) + base::base64_encode(piece);
          break;
        default:
          message = piece;
      }
      auto kind = carriage_ == WebSocketCarriage::Base64Channels ? WebSocketKind::Text : WebSocketKind::Binary;
      queue(websocket_frame(role_, kind, message, random_));
    } while (!bytes.empty());
  }

  void send_end(uint32_t stream) override {
    if (!close_signal_ || role_ != WebSocketRole::Client || carriage_ != WebSocketCarriage::Channels) return;
    char signal[] = {static_cast<char>(kChannelCloseSignal), static_cast<char>(stream)};
    queue(websocket_frame(role_, WebSocketKind::Binary, {signal, 2}, random_));
  }

  void send_reset(uint32_t) override {}

  void send_goodbye(const base::Error* why) override {
    if (said_goodbye_) return;
    said_goodbye_ = true;
    uint16_t code = !why                                  ? kWebSocketNormal
                    : why->code() == base::Code::TooLarge ? kWebSocketTooBig
                                                          : kWebSocketProtocolError;
    queue(websocket_close_frame(role_, code, why ? why->message() : "", random_));
  }

  WebSocketRole role_;
  WebSocketCarriage carriage_;
  bool close_signal_;
  base::Random& random_;
  WebSocketParser parser_;
  std::vector<uint8_t> channels_;
  bool said_goodbye_ = false;
};

WebSocketConnection::WebSocketConnection(std::unique_ptr<Stream> transport, WebSocketRole role,
                                         WebSocketCarriage carriage, const std::vector<uint8_t>& channels,
                                         bool close_signal, base::Random& random)
    : session_(std::make_shared<Session>(std::move(transport), role, carriage, channels, close_signal, random)) {
  tasks_.spawn(session_->reader());
  tasks_.spawn(session_->writer());
}

WebSocketConnection::~WebSocketConnection() {
  tasks_.cancel();
  session_->close();
}

std::unique_ptr<MultiplexedStream> WebSocketConnection::channel(uint8_t number) {
  return session_->channel(number);
}

void WebSocketConnection::close() {
  session_->close();
}

Task<void> WebSocketConnection::shut_down() {
  return session_->shut_down();
}

Task<void> WebSocketConnection::ended() {
  return session_->ended();
}

namespace {

class Tunnel final : public Stream {
 public:
  Tunnel(std::unique_ptr<Stream> transport, WebSocketRole role, base::Random& random)
      : connection_(std::move(transport), role, WebSocketCarriage::Tunnel, {0}, false, random),
        channel_(connection_.channel(0)) {}

  Task<base::Result<std::string>> read(size_t max) override { return channel_->read(max); }
  Task<base::Result<void>> write(base::Bytes bytes) override { return channel_->write(std::move(bytes)); }
  void finish() override {
    if (goodbye_.empty()) goodbye_.spawn(connection_.shut_down());
  }
  void close() override { connection_.close(); }

 private:
  WebSocketConnection connection_;
  std::unique_ptr<MultiplexedStream> channel_;
  Scope goodbye_;
};

}  // namespace

std::unique_ptr<Stream> websocket_tunnel(std::unique_ptr<Stream> transport, WebSocketRole role, base::Random& random) {
  return std::make_unique<Tunnel>(std::move(transport), role, random);
}

}  // namespace io
