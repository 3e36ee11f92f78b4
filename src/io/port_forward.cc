#include "io/port_forward.h"

#include <algorithm>

#include "base/strings.h"
#include "io/spdy_connection.h"
#include "io/upgrade.h"
#include "io/websocket_connection.h"

namespace io {

namespace {

constexpr std::string_view kProtocol = "portforward.k8s.io";
constexpr std::string_view kTunnelled = "SPDY/3.1+portforward.k8s.io";
constexpr size_t kOldPortsMax = 64;  // two channels each, numbered in a byte

bool offers_tunnel(const Request& request) {
  auto offered = websocket_protocols(request.headers);
  return std::find(offered.begin(), offered.end(), kTunnelled) != offered.end();
}

base::Result<uint16_t> parse_port(std::string_view text) {
  auto port = base::parse_uint(text);
  if (!port || *port == 0 || *port > 65535)
    return base::fail(base::Code::BadRequest, base::cat({"invalid port ", base::quote(text)}));
  return static_cast<uint16_t>(*port);
}

// "ports=80&ports=443", or "port=80".
base::Result<std::vector<uint16_t>> ports_of(std::string_view query) {
  std::vector<uint16_t> ports;
  for (std::string_view pair : base::split(query, '&')) {
    size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    if (std::string_view name = pair.substr(0, equals); name != "ports" && name != "port") continue;
    TRY(std::string value, base::url_decode(pair.substr(equals + 1), true));
    for (std::string_view text : base::split(value, ',')) {
      TRY(uint16_t port, parse_port(text));
      ports.push_back(port);
    }
  }
  if (ports.empty()) return base::fail(base::Code::BadRequest, "at least one port is required");
  if (ports.size() > kOldPortsMax) return base::fail(base::Code::BadRequest, "too many ports");
  return ports;
}

}  // namespace

PortForward::PortForward() = default;
PortForward::~PortForward() = default;

void PortForward::close() {
  if (spdy_) spdy_->close();
  if (websocket_) websocket_->close();
}

Task<void> PortForward::shut_down() {
  return spdy_ ? spdy_->shut_down() : websocket_->shut_down();
}

Task<base::Result<ForwardedPort>> PortForward::accept() {
  if (spdy_) co_return co_await accept_pair();
  if (ports_.empty()) {
    co_await websocket_->ended();
    co_return base::fail(base::Code::Closed, "the client has gone");
  }
  ForwardedPort port = std::move(ports_.front());
  ports_.pop_front();
  // The first message of each channel is the port it is for.
  std::string number = {static_cast<char>(port.port & 0xFF), static_cast<char>(port.port >> 8)};
  CO_TRY(co_await port.data->write(base::Bytes(number)));
  CO_TRY(co_await port.error->write(base::Bytes(number)));
  co_return std::move(port);
}

namespace {

// What is left of the connections on old channels.
struct Remaining {
  size_t connections = 0;
  Event changed;
};

Task<void> run_counted(Task<void> connection, Remaining* remaining) {
  co_await std::move(connection);
  --remaining->connections;
  remaining->changed.set();
}

Task<void> note_end(WebSocketConnection* connection, Remaining* remaining) {
  co_await connection->ended();
  remaining->connections = 0;
  remaining->changed.set();
}

}  // namespace

Task<void> PortForward::serve(std::function<Task<void>(ForwardedPort)> carry) {
  Remaining remaining;
  Scope connections;
  while (spdy_ || !ports_.empty()) {
    auto port = co_await accept();
    if (!port) co_return;
    ++remaining.connections;
    connections.spawn(run_counted(carry(std::move(*port)), &remaining));
  }
  connections.spawn(note_end(websocket_.get(), &remaining));
  while (remaining.connections > 0) {
    remaining.changed.reset();
    co_await remaining.changed.wait();
  }
  co_await shut_down();
}

Task<base::Result<ForwardedPort>> PortForward::accept_pair() {
  for (;;) {
    CO_TRY(auto stream, co_await spdy_->accept());
    int64_t now_ns = Loop::current().clock().monotonic_ns();
    std::erase_if(halves_, [&](const auto& entry) { return now_ns - entry.second.since_ns > kForwardPairMax.count(); });

    std::string id(stream->headers().get("requestid"));
    std::string_view type = stream->headers().get("streamtype");
    // A client without request ids opens the error stream of a pair, then its data.
    if (id.empty()) id = base::cat({"port ", stream->headers().get("port")});
    auto port = parse_port(stream->headers().get("port"));
    // Dropping a stream resets it.
    if (!port || (type != "data" && type != "error")) continue;
    if (!halves_.contains(id) && halves_.size() >= kForwardPairsMax) continue;

    Half& half = halves_[id];
    if (half.since_ns == 0) half.since_ns = now_ns;
    auto& place = type == "data" ? half.data : half.error;
    if (place) continue;
    place = std::move(stream);
    if (!half.data || !half.error) continue;
    ForwardedPort pair{*port, std::move(half.data), std::move(half.error)};
    halves_.erase(id);
    co_return std::move(pair);
  }
}

Task<base::Result<ForwardedPort>> PortForward::open(uint16_t port) {
  if (!spdy_) co_return base::fail(base::Code::MethodNotAllowed, "ports are fixed on this connection");
  ForwardedPort pair;
  pair.port = port;
  Headers headers;
  headers.add("streamtype", "error");
  headers.add("port", std::to_string(port));
  headers.add("requestid", std::to_string(next_request_++));
  CO_TRY(pair.error, co_await spdy_->open(headers));
  pair.error->finish();  // we only read it
  headers.set("streamtype", "data");
  CO_TRY(pair.data, co_await spdy_->open(headers));
  co_return std::move(pair);
}

struct PortForwardBuilder {
  static std::unique_ptr<PortForward> over_spdy(std::unique_ptr<Stream> stream, SpdyRole role) {
    std::unique_ptr<PortForward> forward(new PortForward);
    forward->spdy_ = std::make_unique<SpdyConnection>(std::move(stream), role);
    return forward;
  }

  static std::unique_ptr<PortForward> over_channels(Upgraded upgraded, const std::vector<uint16_t>& ports) {
    std::unique_ptr<PortForward> forward(new PortForward);
    auto carriage = upgraded.protocol.find("base64") == std::string::npos ? WebSocketCarriage::Channels
                                                                          : WebSocketCarriage::Base64Channels;
    std::vector<uint8_t> channels;
    for (size_t i = 0; i < ports.size() * 2; ++i) channels.push_back(static_cast<uint8_t>(i));
    forward->websocket_ =
        std::make_unique<WebSocketConnection>(std::move(upgraded.stream), WebSocketRole::Server, carriage, channels);
    for (size_t i = 0; i < ports.size(); ++i) {
      forward->ports_.push_back({ports[i], forward->websocket_->channel(static_cast<uint8_t>(i * 2)),
                                 forward->websocket_->channel(static_cast<uint8_t>(i * 2 + 1)), Duration::zero()});
    }
    return forward;
  }
};

bool is_old_port_forward(const Request& request) {
  return is_websocket_request(request) && !offers_tunnel(request);
}

base::Result<PortForwardTunnel> accept_port_forward_tunnel(const Request& request, ResponseWriter& writer) {
  if (!is_websocket_request(request)) {
    TRY(Upgraded upgraded, accept_spdy(request, writer, {kProtocol}));
    return PortForwardTunnel{std::move(upgraded.stream), std::move(upgraded.protocol)};
  }
  TRY(Upgraded upgraded, accept_websocket(request, writer, {kTunnelled}));
  return PortForwardTunnel{websocket_tunnel(std::move(upgraded.stream), WebSocketRole::Server), std::string(kProtocol)};
}

base::Result<std::unique_ptr<PortForward>> accept_port_forward(const Request& request, ResponseWriter& writer) {
  if (is_old_port_forward(request)) {
    auto ports = ports_of(request.query());
    if (!ports) {
      writer.send(400, {}, base::Bytes(ports.error().message()));
      return base::fail(ports.error());
    }
    TRY(Upgraded upgraded, accept_websocket(request, writer, {"v4.channel.k8s.io", "v4.base64.channel.k8s.io"}));
    return PortForwardBuilder::over_channels(std::move(upgraded), *ports);
  }
  TRY(PortForwardTunnel tunnel, accept_port_forward_tunnel(request, writer));
  return PortForwardBuilder::over_spdy(std::move(tunnel.spdy), SpdyRole::Server);
}

Task<base::Result<std::unique_ptr<PortForward>>> connect_port_forward(std::unique_ptr<Stream> connection,
                                                                      Request request) {
  if (request.method.empty()) request.method = "POST";
  ask_for_spdy(request, {kProtocol});
  CO_TRY(Upgraded upgraded, co_await connect_upgraded(std::move(connection), std::move(request)));
  co_return PortForwardBuilder::over_spdy(std::move(upgraded.stream), SpdyRole::Client);
}

}  // namespace io
