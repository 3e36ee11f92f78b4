#include "io/splice.h"

#include <algorithm>

#include "base/strings.h"

namespace io {

Task<base::Result<void>> copy(Stream& from, Stream& to) {
  for (;;) {
    CO_TRY(std::string piece, co_await from.read());
    if (piece.empty()) break;
    CO_TRY(co_await to.write(base::Bytes(std::move(piece))));
  }
  to.finish();
  co_return base::Result<void>();
}

namespace {

struct Splice {
  int ended = 0;
  bool failed = false;
  Event changed;
};

Task<void> one_way(Stream& from, Stream& to, Splice& splice) {
  auto copied = co_await copy(from, to);
  ++splice.ended;
  splice.failed |= !copied;
  splice.changed.set();
}

}  // namespace

Task<void> splice(Stream& a, Stream& b, Duration grace) {
  Splice state;
  Scope tasks;
  tasks.spawn(one_way(a, b, state));
  tasks.spawn(one_way(b, a, state));
  co_await state.changed.wait();
  if (state.ended < 2 && !state.failed) {
    state.changed.reset();
    if (grace == Duration::max()) {
      co_await state.changed.wait();
    } else {
      co_await state.changed.wait_for(grace);
    }
  }
  tasks.cancel();
  a.close();
  b.close();
}

namespace {

// A connection of which some bytes were read already.
class Prefixed final : public Stream {
 public:
  Prefixed(std::string prefix, std::unique_ptr<Stream> rest) : prefix_(std::move(prefix)), rest_(std::move(rest)) {}

  Task<base::Result<std::string>> read(size_t max) override {
    if (prefix_.empty()) return rest_->read(max);
    return read_prefix(max);
  }
  Task<base::Result<void>> write(base::Bytes bytes) override { return rest_->write(std::move(bytes)); }
  void finish() override { rest_->finish(); }
  void close() override { rest_->close(); }

 private:
  Task<base::Result<std::string>> read_prefix(size_t max) {
    std::string piece = prefix_.substr(0, max);
    prefix_.erase(0, piece.size());
    co_return piece;
  }

  std::string prefix_;
  std::unique_ptr<Stream> rest_;
};

std::string head_of(const Request& request, size_t body_bytes) {
  std::string head = base::cat({request.method, " ", request.target, " HTTP/1.1\r\nhost: ", request.authority, "\r\n"});
  for (const Headers::Field& field : request.headers.fields()) {
    if (field.name == "host" || field.name == "content-length" || field.name == "transfer-encoding") continue;
    head += base::cat({field.name, ": ", field.value, "\r\n"});
  }
  // Go's client sends the length of a POST without a body, and some servers insist.
  if (request.method != "GET") head += base::cat({"content-length: ", std::to_string(body_bytes), "\r\n"});
  return head += "\r\n";
}

base::Result<Response> parse_head(std::string_view text) {
  Response response;
  bool first = true;
  for (std::string_view line : base::split(text, '\n')) {
    line = base::trim(line);
    if (first) {
      std::optional<int64_t> status;
      if (line.starts_with("HTTP/1.") && line.size() >= 12) status = base::parse_int(line.substr(9, 3));
      if (!status) return base::fail(base::Code::BadRequest, "the answer to an upgrade is not HTTP/1.1");
      response.status = static_cast<int>(*status);
      first = false;
      continue;
    }
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      if (line.empty()) continue;
      return base::fail(base::Code::BadRequest, "the answer to an upgrade has a bad header");
    }
    response.headers.add(line.substr(0, colon), base::trim(line.substr(colon + 1)));
  }
  return response;
}

// The body of an answer that refused, for people: as much as is bounded and there.
Task<std::string> read_body(Stream& stream, const Response& head, std::string body) {
  size_t length = kUpgradeBodyBytesMax;
  if (auto given = base::parse_uint(head.headers.get("content-length"))) length = std::min<size_t>(length, *given);
  bool chunked = base::equals_ignoring_case(head.headers.get("transfer-encoding"), "chunked");
  while (body.size() < length && !(chunked && body.ends_with("0\r\n\r\n"))) {
    auto piece = co_await stream.read();
    if (!piece || piece->empty()) break;
    body += *piece;
  }
  if (!chunked) {
    body.resize(std::min(body.size(), length));
    co_return body;
  }
  std::string joined;
  for (std::string_view left = body; !left.empty();) {
    size_t end = left.find("\r\n");
    size_t size = 0;
    if (end == std::string_view::npos) break;
    for (char digit : left.substr(0, end)) {
      int value = digit >= '0' && digit <= '9'                 ? digit - '0'
                  : (digit | 32) >= 'a' && (digit | 32) <= 'f' ? (digit | 32) - 'a' + 10
                                                               : -1;
      if (value < 0) break;
      size = std::min(size * 16 + static_cast<size_t>(value), kUpgradeBodyBytesMax);
    }
    if (size == 0) break;
    left.remove_prefix(end + 2);
    joined += left.substr(0, size);
    left.remove_prefix(std::min(left.size(), size + 2));
  }
  co_return joined;
}

}  // namespace

Task<base::Result<UpgradeAnswer>> upgrade(std::unique_ptr<Stream> connection, Request request, std::string body) {
  CO_TRY(co_await connection->write(base::Bytes(head_of(request, body.size()) + body)));
  std::string input;
  size_t end;
  while ((end = input.find("\r\n\r\n")) == std::string::npos) {
    if (input.size() > kUpgradeHeadBytesMax)
      co_return base::fail(base::Code::BadRequest, "the answer to an upgrade is too long");
    CO_TRY(std::string piece, co_await connection->read());
    if (piece.empty()) co_return base::fail(base::Code::Closed, "the connection ended before the answer to an upgrade");
    input += piece;
  }
  UpgradeAnswer answer;
  CO_TRY(answer.head, parse_head(std::string_view(input).substr(0, end)));
  std::string rest = input.substr(end + 4);
  if (answer.head.status == 101) {
    answer.stream = std::make_unique<Prefixed>(std::move(rest), std::move(connection));
  } else {
    answer.body = co_await read_body(*connection, answer.head, std::move(rest));
  }
  co_return answer;
}

Task<void> forward_upgrade(Request request, std::unique_ptr<Stream> backend, ResponseWriter& writer) {
  auto answer = co_await upgrade(std::move(backend), std::move(request));
  if (!answer) {
    Headers headers;
    headers.add("content-type", "text/plain; charset=utf-8");
    writer.send(502, std::move(headers), base::Bytes(answer.error().message()));
    co_return;
  }
  Headers headers = answer->head.headers;
  headers.remove("content-length");
  headers.remove("transfer-encoding");
  if (!answer->stream) {
    headers.remove("connection");
    writer.send(answer->head.status, std::move(headers), base::Bytes(std::move(answer->body)));
    co_return;
  }
  auto client = writer.upgrade(std::move(headers));
  if (!client) {
    writer.send(400, {}, base::Bytes(client.error().message()));
    co_return;
  }
  co_await splice(**client, *answer->stream);
}

}  // namespace io
