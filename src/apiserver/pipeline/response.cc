#include "apiserver/pipeline/response.h"

#include <algorithm>

#include "apiserver/crd/kind.h"
#include "apiserver/pipeline/gzip.h"
#include "apiserver/pipeline/negotiate.h"
#include "apiserver/render/render.h"
#include "base/json.h"
#include "base/strings.h"
#include "schema/status.h"

namespace apiserver {
namespace {

constexpr std::string_view kBareStatus = "\"metadata\":{},";

constexpr size_t kWarningsLettersMax = 4096;  // of all together; beyond that each is cut to
constexpr size_t kWarningLettersMax = 256;

size_t letters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string_view cut(std::string_view text, size_t letters_max) {
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xc0) != 0x80 && seen++ == letters_max) return text.substr(0, i);
  }
  return text;
}

}  // namespace

std::vector<std::string> shortened(const std::vector<std::string>& warnings) {
  size_t total = 0;
  for (const auto& warning : warnings) total += letters(warning);
  if (total <= kWarningsLettersMax) return warnings;
  std::vector<std::string> kept;
  total = 0;
  for (const auto& warning : warnings) {
    if (total >= kWarningsLettersMax) break;
    kept.emplace_back(cut(warning, kWarningLettersMax));
    total += letters(kept.back());
  }
  return kept;
}

std::string warning_header(std::string_view text) {
  std::string quoted = "299 - \"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    // Control characters have no place in a header.
    if (static_cast<unsigned char>(c) >= 0x20) quoted += c;
  }
  return quoted + "\"";
}

bool warn_of_deprecation(const Served& served, Call& call) {
  const auto& row = served.row();
  std::string_view warning;
  if (served.custom() != nullptr) {
    warning = served.custom()->deprecation_warning();
  } else if (row.group.empty() && row.plural == "endpoints") {
    warning = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";
  } else if (row.group.empty() && row.plural == "componentstatuses") {
    warning = "v1 ComponentStatus is deprecated in v1.19+";
  }
  if (warning.empty()) return false;
  call.warn(std::string(warning));
  return true;
}

io::Headers Response::common(std::string_view content_type, std::string_view cache_control) const {
  io::Headers headers;
  headers.add("audit-id", call_.audit_id);
  headers.add("cache-control", cache_control);
  if (!content_type.empty()) headers.add("content-type", content_type);
  for (const auto& warning : shortened(call_.warnings)) headers.add("warning", warning_header(warning));
  return headers;
}

void Response::send(int status, std::string_view content_type, base::Bytes body, io::Headers more) {
  auto cache_control = more.get("cache-control");
  io::Headers headers = cache_control.empty() ? common(content_type) : common(content_type, cache_control);
  for (const auto& field : more.fields()) {
    if (field.name != "cache-control") headers.add(field.name, field.value);
  }
  if (request_.method == "GET" && body.size() >= kCompressFrom && takes_gzip(request_.headers)) {
    headers.add("content-encoding", "gzip");
    headers.add("vary", "accept-encoding");
    body = base::Bytes(Gzip().add(body.view(), true));
  }
  writer_.send(status, std::move(headers), std::move(body));
}

void Response::send_public(int status, std::string_view content_type, base::Bytes body, io::Headers more) {
  io::Headers headers = common(content_type, "public");
  for (const auto& field : more.fields()) headers.add(field.name, field.value);
  writer_.send(status, std::move(headers), std::move(body));
}

void Response::send_text(int status, std::string_view text, io::Headers more) {
  more.add("x-content-type-options", "nosniff");
  send(status, "text/plain; charset=utf-8", base::Bytes(std::string(text)), std::move(more));
}

void Response::send_error(const base::Error& error) {
  auto status = schema::status_of(error);
  int code = status.code == 0 ? 500 : status.code;
  io::Headers more;
  if (status.details && status.details->retry_after_seconds > 0) {
    more.add("retry-after", std::to_string(status.details->retry_after_seconds));
  }
  auto representation = negotiate_error(request_.headers, call_.query);
  // The router's own refusals are written without metadata.
  bool bare = code == 406 && status.details;
  std::string text = render_object(schema::Object(std::move(status)), representation);
  if (bare && representation.media == MediaType::Json) {
    if (auto at = text.find(kBareStatus); at != std::string::npos) text.erase(at, kBareStatus.size());
  }
  send(code, content_type(representation.media), base::Bytes(std::move(text)), std::move(more));
}

void Response::start(int status, std::string_view content_type, bool gzipped) {
  io::Headers headers = common(content_type);
  if (gzipped) {
    headers.add("content-encoding", "gzip");
    headers.add("vary", "accept-encoding");
  }
  writer_.start(status, std::move(headers));
}

}  // namespace apiserver
