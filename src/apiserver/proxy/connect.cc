#include "apiserver/proxy/connect.h"

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/proxy/errors.h"
#include "apiserver/proxy/forward.h"
#include "apiserver/proxy/kubelet_dialer.h"
#include "apiserver/proxy/locate.h"
#include "apiserver/proxy/pod_streams.h"
#include "base/ip.h"
#include "base/strings.h"
#include "io/http_client.h"
#include "io/upgrade.h"
#include "io/websocket_connection.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kBase64Messages = "base64.binary.k8s.io";
constexpr size_t kRefusalBytesMax = 2048;  // of a kubelet's text

// One request on its way.
struct Exchange {
  ConnectDesk desk;
  const io::Request& request;
  const io::Peer& peer;
  io::RequestBody& body;
  const Call& call;
  Response& response;
};

base::Result<KubeletDialer*> need_kubelets(const ConnectDesk& desk) {
  if (desk.kubelets == nullptr) return base::fail(internal_error("no credentials for kubelets are configured"));
  return desk.kubelets;
}

io::Task<base::Result<io::Address>> kubelet_of(ConnectDesk desk, std::string node_name) {
  CO_TRY(auto node, co_await desk.reader.get<core::Node>("", std::move(node_name)));
  CO_TRY(auto* kubelets, need_kubelets(desk));
  auto address = kubelets->address_of(node);
  if (!address) co_return base::fail(plain_error(address.error().message()));
  co_return std::move(*address);
}

// The log as messages of a WebSocket, for browsers: an empty one first, that tells the client that it has been opened;
// then pieces, in base64 if the client wants text. `done` is set at the end.
io::Task<void> send_messages(io::WebSocketConnection& connection, io::ResponseStream& log, bool text, io::Event& done) {
  auto messages = connection.channel(0);
  base::Bytes message;
  while (co_await messages->write(std::move(message))) {
    auto piece = co_await log.read();
    if (!piece) break;
    if (piece->empty()) {
      co_await connection.shut_down();
      break;
    }
    message = text ? base::Bytes(base::base64_encode(piece->view())) : std::move(*piece);
  }
  done.set();
}

io::Task<void> wait_until_left(io::WebSocketConnection& connection, io::Event& done) {
  co_await connection.ended();
  done.set();
}

io::Task<void> send_as_messages(Exchange exchange, std::unique_ptr<io::ResponseStream> log) {
  auto upgraded =
      io::accept_websocket(exchange.request, exchange.response.writer(), {"", "binary.k8s.io", kBase64Messages});
  if (!upgraded) co_return;  // has been answered
  bool text = upgraded->protocol == kBase64Messages;
  io::WebSocketConnection connection(std::move(upgraded->stream), io::WebSocketRole::Server,
                                     text ? io::WebSocketCarriage::Texts : io::WebSocketCarriage::Binaries, {}, false,
                                     exchange.desk.random);
  io::Event done;
  io::Scope sending;
  sending.spawn(send_messages(connection, *log, text, done));
  sending.spawn(wait_until_left(connection, done));
  co_await done.wait();
}

// Pods that no node runs have no log yet, which is no error.
io::Task<base::Result<void>> serve_log(Exchange exchange) {
  const auto& info = exchange.call.info;
  CO_TRY(auto pod, co_await exchange.desk.reader.get<core::Pod>(info.namespace_, info.name));
  CO_TRY(auto target, log_target(pod, exchange.call.query));
  if (pod.spec.node_name.empty()) {
    exchange.response.send(204, "", {});
    co_return base::Result<void>();
  }
  CO_TRY(auto address, co_await kubelet_of(exchange.desk, pod.spec.node_name));
  CO_TRY(auto client, exchange.desk.kubelets->client(address));
  auto answer = co_await client->request("GET", target);
  if (!answer) {
    co_return base::fail(
        plain_error(base::cat({"Get \"https://", address.text(), target, "\": ", answer.error().message()})));
  }
  int status = (*answer)->head().status;
  if (status < 200 || status > 206) {
    std::string text;
    while (text.size() < kRefusalBytesMax) {
      auto piece = co_await (*answer)->read();
      if (!piece || piece->empty()) break;
      text += piece->view();
    }
    text.resize(std::min(text.size(), kRefusalBytesMax));
    co_return base::fail(kubelet_refusal(status, std::move(text), "pods/log", info.name));
  }
  if (io::is_websocket_request(exchange.request)) {
    co_await send_as_messages(exchange, std::move(*answer));
    co_return base::Result<void>();
  }
  exchange.response.start(200, "text/plain");
  auto& writer = exchange.response.writer();
  for (;;) {
    auto piece = co_await (*answer)->read();
    if (!piece) co_return base::Result<void>();  // left unfinished, so that the client notices
    if (piece->empty()) break;
    if (!co_await writer.write(std::move(*piece))) co_return base::Result<void>();
  }
  writer.finish();
  co_return base::Result<void>();
}

io::Task<base::Result<void>> serve_pod_stream(Exchange exchange) {
  const auto& info = exchange.call.info;
  CO_TRY(auto pod, co_await exchange.desk.reader.get<core::Pod>(info.namespace_, info.name));
  std::string target;
  if (info.subresource == "portforward") {
    target = port_forward_target(pod, exchange.call.query);
  } else {
    CO_TRY(target, command_target(info.subresource, pod, exchange.call.query));
  }
  if (pod.spec.node_name.empty())
    co_return base::fail(bad_request(base::cat({"pod ", info.name, " does not have a host assigned"})));
  Backend backend;
  CO_TRY(backend.address, co_await kubelet_of(exchange.desk, pod.spec.node_name));
  if (!is_upgrade(exchange.request)) co_return base::fail(bad_request("Upgrade request required"));
  backend.tls = exchange.desk.kubelets->tls();
  backend.target = std::move(target);
  co_await forward_upgrade_to(std::move(backend), exchange.request, exchange.response);
  co_return base::Result<void>();
}

base::Result<std::shared_ptr<io::TlsClient>> trust_anyone(const ProxyName& name) {
  if (name.scheme != "https") return std::shared_ptr<io::TlsClient>();
  io::TlsClient::Options options;
  options.skip_verify = true;
  return io::TlsClient::create(std::move(options));
}

// Addresses that mean the machine we run on are not for others to reach through us.
base::Result<void> check_proxyable(const ConnectDesk& desk, std::string_view host) {
  auto ip = base::IpAddress::parse(host);
  bool local = ip && (ip->is_loopback() || ip->is_unspecified() || ip->is_link_local_unicast() || ip->is_multicast());
  if (!ip || (local && !desk.local_addresses)) return base::fail(bad_request("address not allowed"));
  return {};
}

io::Task<base::Result<Backend>> locate(Exchange exchange, ProxyName name) {
  const auto& info = exchange.call.info;
  const auto& reader = exchange.desk.reader;
  Backend backend;
  if (info.resource == "nodes") {
    CO_TRY(auto node, co_await reader.get<core::Node>("", name.name));
    CO_TRY(auto* kubelets, need_kubelets(exchange.desk));
    auto address = kubelets->address_of(node);
    if (!address) co_return base::fail(plain_error(address.error().message()));
    backend.address = std::move(*address);
    auto port = name.port.empty() ? backend.address.port : base::parse_uint(name.port).value_or(0);
    if (port == 0 || port > 65535)
      co_return base::fail(bad_request(base::cat({"invalid node request ", base::quote(info.name)})));
    if (port == backend.address.port) {
      backend.tls = kubelets->tls();
      co_return backend;
    }
    CO_TRY(check_proxyable(exchange.desk, backend.address.host));
    backend.address.port = static_cast<uint16_t>(port);
  } else {
    ProxyPlace place;
    if (info.resource == "pods") {
      CO_TRY(auto pod, co_await reader.get<core::Pod>(info.namespace_, name.name));
      CO_TRY(place, locate_pod(pod, name));
    } else {
      CO_TRY(auto service, co_await reader.get<core::Service>(info.namespace_, name.name));
      CO_TRY(auto slices, co_await reader.list<api::discovery_k8s_io_v1::EndpointSlice>(info.namespace_));
      CO_TRY(place, locate_service(service, slices, name, exchange.desk.random.below(1u << 30)));
    }
    CO_TRY(check_proxyable(exchange.desk, place.host));
    backend.address.host = place.host;
    backend.address.port = place.port;
  }
  CO_TRY(backend.tls, trust_anyone(name));
  co_return backend;
}

io::Task<base::Result<void>> serve_proxy(Exchange exchange) {
  const auto& info = exchange.call.info;
  auto name = ProxyName::parse(info.name);
  if (!name)
    co_return base::fail(bad_request(base::cat(
        {"invalid ", info.resource.substr(0, info.resource.size() - 1), " request ", base::quote(info.name)})));
  CO_TRY(auto backend, co_await locate(exchange, std::move(*name)));
  auto [prefix, rest] = split_proxy_path(exchange.request.path(), info.resource != "nodes");
  auto query = exchange.request.query();
  bool reads = exchange.request.method == "GET" || exchange.request.method == "HEAD";
  if (rest.empty() && reads && !is_upgrade(exchange.request)) {
    // So that relative links of the page lead below it.
    io::Headers more;
    more.add("location", base::cat({prefix, "/", query.empty() ? "" : "?", query}));
    exchange.response.send(301, "", {}, std::move(more));
    co_return base::Result<void>();
  }
  backend.prefix = prefix;
  backend.target = base::cat({rest.empty() ? "/" : rest, query.empty() ? "" : "?", query});
  co_await forward_to(std::move(backend), exchange.request, exchange.peer, exchange.body, exchange.response);
  co_return base::Result<void>();
}

}  // namespace

bool is_connect(const Call& call) {
  const auto& info = call.info;
  if (!info.is_resource || !info.group.empty()) return false;
  if (info.subresource == "proxy")
    return info.resource == "pods" || info.resource == "services" || info.resource == "nodes";
  return info.resource == "pods" && (info.subresource == "log" || info.subresource == "exec" ||
                                     info.subresource == "attach" || info.subresource == "portforward");
}

io::Task<void> connect(ConnectDesk desk, const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                       const Call& call, Response& response) {
  Exchange exchange{desk, request, peer, body, call, response};
  base::Result<void> done;
  if (call.info.subresource == "log") {
    done = co_await serve_log(exchange);
  } else if (call.info.subresource == "proxy") {
    done = co_await serve_proxy(exchange);
  } else {
    done = co_await serve_pod_stream(exchange);
  }
  if (!done) response.send_error(done.error());
}

}  // namespace apiserver
