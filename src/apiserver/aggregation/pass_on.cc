#include "apiserver/aggregation/pass_on.h"

#include <algorithm>

#include "apiserver/outbound/kept_clients.h"
#include "apiserver/proxy/forward.h"
#include "base/strings.h"

namespace apiserver {
namespace {

// RFC 9110, "token", without the sign that escapes begin with.
bool is_name_letter(char c) {
  bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return alphanumeric || std::string_view("!#$&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string escaped_name(std::string_view key) {
  std::string name;
  for (char c : key) {
    if (is_name_letter(c)) {
      name += c;
    } else {
      name += base::cat({"%", base::hex_encode({&c, 1})});
    }
  }
  return name;
}

bool is_value(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t'; });
}

// The path that was authorized, and no other way to write it.
std::string target_of(const io::Request& request, const Call& call) {
  auto path = request.path();
  if (path.find('%') == std::string_view::npos) return request.target;
  std::string target;
  for (auto piece : base::split(std::string_view(call.info.path).substr(1), '/'))
    target += base::cat({"/", base::url_encode(piece)});
  if (!request.query().empty()) target += base::cat({"?", request.query()});
  return target;
}

}  // namespace

base::Result<io::Headers> identity_headers(const User& user) {
  io::Headers headers;
  headers.add("x-remote-user", user.name);
  if (!user.uid.empty()) headers.add("x-remote-uid", user.uid);
  for (const auto& group : user.groups) headers.add("x-remote-group", group);
  for (const auto& [key, values] : user.extra) {
    for (const auto& value : values)
      headers.add(base::cat({"x-remote-extra-", escaped_name(base::to_lower(key))}), value);
  }
  for (const auto& field : headers.fields()) {
    if (!is_value(field.value)) {
      return base::fail(base::Code::BadRequest,
                        base::cat({"net/http: invalid header field value for ", base::quote(field.name)}));
    }
  }
  return headers;
}

io::Task<void> pass_on(RemoteVersionRef remote, const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                       const Call& call, Response& response, base::Random& random) {
  if (!remote->available || remote->tls == nullptr || remote->places.empty()) {
    response.send_text(503, "service unavailable\n");
    co_return;
  }
  auto identity = identity_headers(call.user);
  if (!identity) {
    response.send_text(503, base::cat({"error trying to reach service: ", identity.error().message(), "\n"}));
    co_return;
  }
  Backend backend;
  backend.address = remote->places[random.below(remote->places.size())];
  backend.tls = remote->tls;
  backend.target = target_of(request, call);
  backend.added = std::move(*identity);
  backend.added.add("audit-id", call.audit_id);
  backend.complaints = Complaints::Text;
  co_await forward_to(std::move(backend), request, peer, body, response);
}

io::Task<base::Result<std::unique_ptr<io::ResponseStream>>> ask_remote(RemoteVersionRef remote, const Call& call,
                                                                       std::string target, std::string accept,
                                                                       base::Random& random) {
  if (!remote->available || remote->tls == nullptr || remote->places.empty())
    co_return base::fail(base::Code::Unavailable, "service unavailable");
  CO_TRY(auto headers, identity_headers(call.user));
  headers.add("accept", accept);
  headers.add("user-agent", call.user_agent);
  if (!call.content_type.empty()) headers.add("content-type", call.content_type);
  auto place = remote->places[random.below(remote->places.size())];
  CO_TRY(auto client, kept_client(connection_key(place, remote->tls.get()), [&] {
           return base::Result<io::HttpClient::Options>(
               {.url = base::cat({"https://", place.text()}), .tls = remote->tls});
         }));
  co_return co_await client->request(call.method, std::move(target), std::move(headers),
                                     base::Bytes(std::string(call.body)));
}

}  // namespace apiserver
