#include "apiserver/openapi/serve.h"

#include <functional>

#include "apiserver/openapi/documents.h"
#include "apiserver/openapi/protobuf.h"
#include "apiserver/pipeline/digest.h"
#include "apiserver/pipeline/negotiate.h"
#include "base/strings.h"

namespace apiserver::openapi {
namespace {

enum class Form : uint8_t { Json, Protobuf, Neither };

constexpr std::string_view kMedia[] = {"com.github.proto-openapi.spec.v2.v1.0+protobuf",
                                       "com.github.proto-openapi.spec.v3.v1.0+protobuf"};
constexpr std::string_view kMediaWithAt[] = {"com.github.proto-openapi.spec.v2@v1.0+protobuf",
                                             "com.github.proto-openapi.spec.v3@v1.0+protobuf"};

// What the client would rather have.
Form accepted(const io::Headers& headers, Dialect dialect) {
  auto accept = headers.get("accept");
  if (accept.empty()) return Form::Json;
  auto at = static_cast<size_t>(dialect);
  for (const auto& clause : parse_accept(accept)) {
    if (clause.type == "*") return Form::Json;
    if (clause.type != "application") continue;
    if (clause.subtype == "json" || clause.subtype == "*") return Form::Json;
    if (clause.subtype == kMedia[at] || clause.subtype == kMediaWithAt[at]) return Form::Protobuf;
  }
  return Form::Neither;
}

// An answer that the client may have already: 304 then. `make` gives JSON.
void send_tagged(const io::Request& request, Response& response, const std::string& digest, io::Headers more,
                 const std::function<std::string()>& make, Form form, Dialect dialect) {
  // The forms differ, so do their tags.
  std::string tag = base::cat({"\"", digest, form == Form::Protobuf ? "-protobuf\"" : "\""});
  more.add("etag", tag);
  more.add("vary", "Accept");
  if (request.headers.get("if-none-match") == tag) {
    response.send(304, "", {}, std::move(more));
    return;
  }
  if (form == Form::Json) {
    response.send(200, "application/json", base::Bytes(make()), std::move(more));
    return;
  }
  auto bytes = to_protobuf(make(), dialect);
  if (!bytes) {
    response.send_error(bytes.error());
    return;
  }
  response.send(200, base::cat({"application/", kMedia[static_cast<size_t>(dialect)]}), base::Bytes(std::move(*bytes)),
                std::move(more));
}

}  // namespace

bool serve(std::string_view path, const io::Request& request, const Query& query, Response& response,
           const CustomKindsRef& custom, const RemoteVersions& remote, const std::vector<RemoteDocument>& others) {
  constexpr std::string_view kV3 = "/openapi/v3";
  bool v2 = path == "/openapi/v2";
  bool index = path == kV3 || path == "/openapi/v3/";
  std::string_view name =
      path.size() > kV3.size() + 1 && path.starts_with(kV3) ? path.substr(kV3.size() + 1) : std::string_view();
  if (!v2 && !index && digest_of(name, custom).empty()) return false;
  if (request.method != "GET" && request.method != "HEAD") {
    response.send_text(405, "method not allowed\n");
    return true;
  }
  Dialect dialect = v2 ? Dialect::V2 : Dialect::V3;
  Form form = accepted(request.headers, dialect);
  if (form == Form::Neither || (index && form == Form::Protobuf)) {
    response.send_text(406, "");
    return true;
  }
  if (v2) {
    // Whatever changes the second form changes the third.
    std::string digest = all_digest(custom);
    for (const auto& other : others) digest = sha256_label(base::cat({digest, other.prefix, "\n", other.json}));
    send_tagged(request, response, digest, {}, [&] { return merge_v2(make_v2(*custom), others); }, form, dialect);
  } else if (index) {
    RemoteUrls urls;
    for (const auto& [name, version] : remote) {
      if (version->available && !version->openapi_url.empty()) urls.emplace("apis/" + name, version->openapi_url);
    }
    send_tagged(
        request, response, all_digest(custom, urls), {}, [&] { return make_index(custom, urls); }, form, dialect);
  } else {
    std::string digest = digest_of(name, custom);
    auto asked = query.get("hash");
    io::Headers more;
    if (!asked.empty() && asked != digest) {
      // The client's index is out of date.
      more.add("location", base::cat({kV3, "/", name, "?hash=", digest}));
      response.send(301, "", {}, std::move(more));
      return true;
    }
    if (!asked.empty()) more.set("cache-control", "public, immutable");
    send_tagged(
        request, response, digest, std::move(more), [&] { return make_v3(name, *custom).value_or(std::string()); },
        form, dialect);
  }
  return true;
}

}  // namespace apiserver::openapi
