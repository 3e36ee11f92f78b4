#include "io/upgrade.h"

#include <algorithm>

#include "base/random.h"
#include "base/strings.h"
#include "io/splice.h"
#include "io/websocket.h"

namespace io {

namespace {

constexpr std::string_view kProtocolHeader = "x-stream-protocol-version";

std::vector<std::string_view> offered_protocols(const Headers& headers) {
  std::vector<std::string_view> protocols;
  for (std::string_view value : headers.all(kProtocolHeader)) {
    for (std::string_view piece : base::split(value, ',')) {
      if (piece = base::trim(piece); !piece.empty()) protocols.push_back(piece);
    }
  }
  return protocols;
}

std::string list(const std::vector<std::string_view>& words) {
  std::string text = "[";
  for (std::string_view word : words) {
    if (text.size() > 1) text += ' ';
    text += word;
  }
  return text + "]";
}

// As Go's http.Error.
std::unexpected<base::Error> refuse(ResponseWriter& writer, int status, Headers headers, std::string message) {
  headers.add("content-type", "text/plain; charset=utf-8");
  headers.add("x-content-type-options", "nosniff");
  writer.send(status, std::move(headers), base::Bytes(message + "\n"));
  return base::fail(status == 403 ? base::Code::Forbidden : base::Code::BadRequest, std::move(message));
}

bool is_among(std::string_view word, const std::vector<std::string_view>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

base::Result<Upgraded> upgraded(ResponseWriter& writer, Headers headers, std::string_view protocol) {
  auto stream = writer.upgrade(std::move(headers));
  if (!stream) return refuse(writer, 400, {}, base::cat({"unable to upgrade: ", stream.error().message()}));
  return Upgraded{*std::move(stream), std::string(protocol)};
}

}  // namespace

bool is_spdy_request(const Request& request) {
  return base::to_lower(request.headers.get("connection")).find("upgrade") != std::string::npos &&
         base::to_lower(request.headers.get("upgrade")).find("spdy/3.1") != std::string::npos;
}

base::Result<Upgraded> accept_spdy(const Request& request, ResponseWriter& writer,
                                   const std::vector<std::string_view>& accepted) {
  std::vector<std::string_view> offered = offered_protocols(request.headers);
  if (offered.empty()) return refuse(writer, 400, {}, "unable to upgrade: X-Stream-Protocol-Version is required");
  auto chosen =
      std::find_if(offered.begin(), offered.end(), [&](std::string_view word) { return is_among(word, accepted); });
  if (chosen == offered.end()) {
    Headers headers;
    for (std::string_view word : accepted) headers.add("x-accepted-stream-protocol-versions", word);
    return refuse(writer, 403, std::move(headers),
                  base::cat({"unable to upgrade: unable to negotiate protocol: client supports ", list(offered),
                             ", server accepts ", list(accepted)}));
  }
  if (!is_spdy_request(request))
    return refuse(writer, 400, {}, "unable to upgrade: missing upgrade headers in request");
  Headers headers;
  headers.add("connection", "Upgrade");
  headers.add("upgrade", "SPDY/3.1");
  headers.add(kProtocolHeader, *chosen);
  return upgraded(writer, std::move(headers), *chosen);
}

base::Result<Upgraded> accept_websocket(const Request& request, ResponseWriter& writer,
                                        const std::vector<std::string_view>& accepted) {
  std::vector<std::string_view> offered = websocket_protocols(request.headers);
  auto chosen =
      std::find_if(offered.begin(), offered.end(), [&](std::string_view word) { return is_among(word, accepted); });
  if (!offered.empty() && chosen == offered.end()) {
    return refuse(
        writer, 403, {},
        base::cat({"requested protocol(s) are not supported: ", list(offered), "; supports ", list(accepted)}));
  }
  std::string_view protocol = offered.empty() ? std::string_view() : *chosen;
  auto headers = websocket_answer(request, protocol);
  if (!headers) return refuse(writer, 400, {}, headers.error().message());
  return upgraded(writer, *std::move(headers), protocol);
}

void ask_for_spdy(Request& request, const std::vector<std::string_view>& protocols) {
  request.headers.set("connection", "Upgrade");
  request.headers.set("upgrade", "SPDY/3.1");
  request.headers.remove(kProtocolHeader);
  // A field for each: old servers take the first of a list.
  for (std::string_view protocol : protocols) request.headers.add(kProtocolHeader, protocol);
}

void ask_for_websocket(Request& request, const std::vector<std::string_view>& protocols) {
  request.method = "GET";
  request.headers.set("connection", "Upgrade");
  request.headers.set("upgrade", "websocket");
  request.headers.set("sec-websocket-version", "13");
  request.headers.set("sec-websocket-key", websocket_key(base::system_random()));
  std::string joined;
  for (std::string_view protocol : protocols) joined += base::cat({joined.empty() ? "" : ", ", protocol});
  if (!joined.empty()) request.headers.set("sec-websocket-protocol", joined);
}

Task<base::Result<Upgraded>> connect_upgraded(std::unique_ptr<Stream> connection, Request request) {
  std::string key(request.headers.get("sec-websocket-key"));
  CO_TRY(UpgradeAnswer answer, co_await upgrade(std::move(connection), std::move(request)));
  if (!answer.stream) {
    co_return base::fail(base::Code::Unavailable, base::cat({"unable to upgrade connection: ", base::trim(answer.body),
                                                             " (", std::to_string(answer.head.status), ")"}));
  }
  const Headers& headers = answer.head.headers;
  if (key.empty()) co_return Upgraded{std::move(answer.stream), std::string(headers.get(kProtocolHeader))};
  if (headers.get("sec-websocket-accept") != websocket_accept(key)) {
    co_return base::fail(base::Code::Unavailable, "unable to upgrade connection: wrong Sec-WebSocket-Accept");
  }
  co_return Upgraded{std::move(answer.stream), std::string(headers.get("sec-websocket-protocol"))};
}

}  // namespace io
