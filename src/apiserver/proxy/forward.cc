#include "apiserver/proxy/forward.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "apiserver/outbound/kept_clients.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/proxy/errors.h"
#include "apiserver/proxy/html_links.h"
#include "base/strings.h"
#include "io/http_client.h"
#include "io/splice.h"
#include "io/tls.h"
#include "io/transport.h"

namespace apiserver {
namespace {

// RFC 9110, "connection": what concerns one connection only.
constexpr std::string_view kHopByHop[] = {
    "connection",        "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",    "http2-settings"};
// Who the client is, is between it and us.
constexpr std::string_view kIdentity[] = {"authorization", "x-remote-user", "x-remote-group", "x-remote-uid"};
// A token that browsers send in the place of a protocol.
constexpr std::string_view kBearerProtocol = "base64url.bearer.authorization.k8s.io.";

template <size_t n>
bool is_one_of(const std::string_view (&names)[n], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool is_identity(std::string_view name) {
  return is_one_of(kIdentity, name) || name.starts_with("impersonate-") || name.starts_with("x-remote-extra-");
}

// The names that the message itself calls hop-by-hop.
std::vector<std::string> named_in_connection(const io::Headers& headers) {
  std::vector<std::string> names;
  for (auto value : headers.all("connection")) {
    for (auto name : base::split(value, ',')) names.push_back(base::to_lower(base::trim(name)));
  }
  return names;
}

std::string protocols_without_token(std::string_view value) {
  std::vector<std::string> kept;
  for (auto name : base::split(value, ',')) {
    name = base::trim(name);
    if (!name.starts_with(kBearerProtocol)) kept.emplace_back(name);
  }
  return base::join(kept, ", ");
}

std::string origin_of(const Backend& backend) {
  return base::cat({backend.tls ? "https://" : "http://", backend.address.text()});
}

void add_own(io::Headers& headers, const Backend& backend) {
  for (const auto& field : backend.added.fields()) headers.remove(field.name);
  for (const auto& field : backend.added.fields()) headers.add(field.name, field.value);
}

void complain(Response& response, const Backend& backend, const base::Error& error) {
  if (backend.complaints == Complaints::Status) return response.send_error(error);
  response.send_text(503, base::cat({error.message(), "\n"}));
}

// The client's body as one that an HTTP client can own; the request outlives its use.
class BorrowedBody final : public io::RequestBody {
 public:
  explicit BorrowedBody(io::RequestBody& body) : body_(body) {}
  io::Task<base::Result<std::string>> read() override { return body_.read(); }

 private:
  io::RequestBody& body_;
};

bool has_body(const io::Request& request) {
  if (request.method == "GET" || request.method == "HEAD") return false;
  auto length = request.headers.get("content-length");
  return length.empty() ? request.http_major == 2 || request.headers.has("transfer-encoding") : length != "0";
}

bool is_html(const io::Headers& headers) {
  auto type = headers.get("content-type");
  return base::to_lower(base::trim(type.substr(0, type.find(';')))) == "text/html";
}

// Whether the links of the answer lead below the proxy only when they are rewritten, and can be.
bool has_links(const io::Request& request, const io::Headers& answered, const Backend& backend) {
  if (backend.prefix.empty() || request.method == "HEAD") return false;
  auto encoding = answered.get("content-encoding");
  return is_html(answered) && (encoding.empty() || encoding == "identity");
}

io::Task<base::Result<std::unique_ptr<io::Stream>>> connect_for_upgrade(io::Address address,
                                                                        std::shared_ptr<io::TlsClient> tls) {
  if (tls != nullptr) {
    CO_TRY(tls, tls->with_alpn({"http/1.1"}));
  }
  CO_TRY(auto transport, co_await io::connect(std::move(address), std::move(tls)));
  co_return io::make_stream(std::move(transport));
}

}  // namespace

bool is_upgrade(const io::Request& request) {
  auto names = named_in_connection(request.headers);
  return request.headers.has("upgrade") && std::find(names.begin(), names.end(), "upgrade") != names.end();
}

io::Headers forwarded_headers(const io::Headers& headers, bool upgrade) {
  auto dropped = named_in_connection(headers);
  io::Headers kept;
  for (const auto& field : headers.fields()) {
    bool hop =
        is_one_of(kHopByHop, field.name) || std::find(dropped.begin(), dropped.end(), field.name) != dropped.end();
    if (upgrade && (field.name == "connection" || field.name == "upgrade")) hop = false;
    if (hop || is_identity(field.name) || field.name == "host" || field.name == "content-length") continue;
    if (field.name == "connection") {
      kept.set(field.name, "Upgrade");  // and no word of what else is to be dropped on the way: that may be what we add
      continue;
    }
    if (field.name == "sec-websocket-protocol") {
      auto protocols = protocols_without_token(field.value);
      if (!protocols.empty()) kept.add(field.name, protocols);
      continue;
    }
    kept.add(field.name, field.value);
  }
  return kept;
}

io::Headers returned_headers(const io::Headers& headers, const Backend& backend) {
  auto dropped = named_in_connection(headers);
  io::Headers kept;
  for (const auto& field : headers.fields()) {
    if (is_one_of(kHopByHop, field.name) || std::find(dropped.begin(), dropped.end(), field.name) != dropped.end())
      continue;
    if (field.name == "content-length") continue;  // the server frames it anew
    if (field.name == "location" && !backend.prefix.empty()) {
      std::string_view place = field.value;
      auto origin = origin_of(backend);
      if (place.starts_with(origin)) place.remove_prefix(origin.size());
      if (place.starts_with('/') && !place.starts_with("//")) {
        kept.add(field.name, base::cat({backend.prefix, place}));
        continue;
      }
    }
    kept.add(field.name, field.value);
  }
  return kept;
}

io::Task<void> forward_upgrade_to(Backend backend, const io::Request& request, Response& response) {
  auto stream = co_await connect_for_upgrade(backend.address, backend.tls);
  if (!stream) {
    complain(response, backend, plain_error(base::cat({"error dialing backend: ", stream.error().message()})));
    co_return;
  }
  io::Request onward;
  onward.method = request.method;
  onward.target = backend.target;
  onward.authority = backend.address.text();
  onward.headers = forwarded_headers(request.headers, true);
  add_own(onward.headers, backend);
  co_await io::forward_upgrade(std::move(onward), std::move(*stream), response.writer());
}

io::Task<void> forward_to(Backend backend, const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                          Response& response) {
  if (is_upgrade(request)) {
    co_await forward_upgrade_to(std::move(backend), request, response);
    co_return;
  }
  auto client = kept_client(connection_key(backend.address, backend.tls.get()), [&] {
    return base::Result<io::HttpClient::Options>({.url = origin_of(backend), .tls = backend.tls});
  });
  if (!client) {
    response.send_error(plain_error(client.error().message()));
    co_return;
  }
  io::Headers headers = forwarded_headers(request.headers, false);
  auto client_address = peer.address.substr(0, peer.address.rfind(':'));
  auto before = headers.get("x-forwarded-for");
  headers.set("x-forwarded-for", before.empty() ? client_address : base::cat({before, ", ", client_address}));
  headers.set("x-forwarded-host", request.authority);
  headers.set("x-forwarded-proto", "https");
  if (!backend.prefix.empty()) headers.set("x-forwarded-uri", request.path());
  // A page whose links are to be rewritten is best not compressed.
  if (!backend.prefix.empty() && headers.get("accept").find("text/html") != std::string_view::npos)
    headers.remove("accept-encoding");
  add_own(headers, backend);
  base::Result<std::unique_ptr<io::ResponseStream>> answer;
  if (has_body(request)) {
    std::optional<size_t> length;
    if (auto told = base::parse_uint(request.headers.get("content-length"))) length = static_cast<size_t>(*told);
    answer = co_await (*client)->request(request.method, backend.target, std::move(headers),
                                         std::make_unique<BorrowedBody>(body), length);
  } else {
    answer = co_await (*client)->request(request.method, backend.target, std::move(headers));
  }
  if (!answer) {
    complain(response, backend,
             service_unavailable(base::cat({"error trying to reach service: ", answer.error().message()})));
    co_return;
  }
  auto& writer = response.writer();
  writer.start((*answer)->head().status, returned_headers((*answer)->head().headers, backend));
  std::optional<HtmlLinks> links;
  if (has_links(request, (*answer)->head().headers, backend)) links.emplace(backend.prefix, backend.address.text());
  for (;;) {
    auto piece = co_await (*answer)->read();
    if (!piece) co_return;  // left unfinished, so that the client notices
    if (piece->empty()) break;
    if (links) *piece = base::Bytes(links->feed(piece->view()));
    if (!piece->empty() && !co_await writer.write(std::move(*piece))) co_return;
  }
  if (links) {
    auto rest = links->finish();
    if (!rest.empty() && !co_await writer.write(base::Bytes(std::move(rest)))) co_return;
  }
  writer.finish();
}

}  // namespace apiserver
