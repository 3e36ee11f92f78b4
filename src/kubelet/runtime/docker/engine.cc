#include "kubelet/runtime/docker/engine.h"

#include <array>

#include "base/strings.h"
#include "io/socket.h"
#include "io/splice.h"

namespace kubelet::docker {
namespace {

using schema::Value;

// The newest version of the API that is used here; engines from 25 on speak it, older ones are asked in their own.
constexpr std::array<int64_t, 2> kVersion = {1, 44};
constexpr size_t kAnswerBytesMax = size_t{64} << 20;
constexpr size_t kLineBytesMax = size_t{1} << 20;

base::Code code_of(int status) {
  switch (status) {
    case 400:
      return base::Code::BadRequest;
    case 404:
      return base::Code::NotFound;
    case 409:
      return base::Code::Conflict;
    case 503:
      return base::Code::Unavailable;
    default:
      return base::Code::Internal;
  }
}

base::Error refusal(int status, std::string_view body) {
  auto value = Value::parse(body);
  std::string text(value ? value->text_at({"message"}) : base::trim(body));
  if (text.empty()) text = base::cat({"the Docker Engine answered ", std::to_string(status)});
  return base::Error(code_of(status), std::move(text));
}

io::Headers json_headers() {
  io::Headers headers;
  headers.add("content-type", "application/json");
  return headers;
}

}  // namespace

base::Result<std::unique_ptr<Engine>> Engine::create(std::string endpoint) {
  TRY(auto address, io::Address::parse(endpoint));
  if (address.unix_path.empty()) {
    return base::fail(base::Code::BadRequest,
                      base::cat({"runtime endpoint ", base::quote(endpoint), " is not a unix socket"}));
  }
  TRY(auto http, io::HttpClient::create({.url = "unix:" + address.unix_path, .tls = nullptr}));
  return std::unique_ptr<Engine>(new Engine(address.unix_path, std::move(http)));
}

io::Task<base::Result<Value>> Engine::exchange(std::string method, std::string target, base::Bytes body) {
  io::Headers headers = body.empty() ? io::Headers() : json_headers();
  CO_TRY(auto answer,
         co_await http_->request(std::move(method), std::move(target), std::move(headers), std::move(body)));
  CO_TRY(auto text, co_await io::read_all(*answer, kAnswerBytesMax));
  int status = answer->head().status;
  if (status >= 400) co_return base::fail(refusal(status, text));
  if (base::trim(text).empty()) co_return Value();
  co_return Value::parse(text);
}

io::Task<base::Result<void>> Engine::agree() {
  if (!prefix_.empty()) co_return {};
  CO_TRY(auto version, co_await exchange("GET", "/version", {}));
  auto theirs = version.text_at({"ApiVersion"});
  auto dot = theirs.find('.');
  auto major = base::parse_int(theirs.substr(0, dot));
  auto minor = dot == std::string_view::npos ? std::nullopt : base::parse_int(theirs.substr(dot + 1));
  if (!major || !minor) co_return base::fail(base::Code::Internal, "the Docker Engine does not tell its API version");
  auto agreed = std::min(kVersion, std::array{*major, *minor});
  prefix_ = base::cat({"/v", std::to_string(agreed[0]), ".", std::to_string(agreed[1])});
  co_return {};
}

io::Task<base::Result<Value>> Engine::call(std::string method, std::string path, Value body, io::Duration timeout) {
  // Two calls at once may both agree; they agree on the same.
  auto agreed = co_await io::with_timeout(timeout, agree());
  if (!agreed) co_return base::fail(base::Code::Timeout, "the Docker Engine does not answer");
  if (!*agreed) co_return base::fail(agreed->error());
  base::Bytes bytes = body.is_null() ? base::Bytes() : base::Bytes(body.to_json());
  auto answer = co_await io::with_timeout(timeout, exchange(std::move(method), prefix_ + path, std::move(bytes)));
  if (!answer) co_return base::fail(base::Code::Timeout, "the Docker Engine does not answer");
  co_return std::move(*answer);
}

io::Task<base::Result<Value>> Engine::get(std::string path, io::Duration timeout) {
  return call("GET", std::move(path), {}, timeout);
}
io::Task<base::Result<Value>> Engine::post(std::string path, Value body, io::Duration timeout) {
  return call("POST", std::move(path), std::move(body), timeout);
}
io::Task<base::Result<void>> Engine::remove(std::string path) {
  CO_TRY(co_await call("DELETE", std::move(path), {}, kTimeout));
  co_return {};
}

io::Task<base::Result<void>> Engine::stream(std::string method, std::string path, io::Headers headers, base::Bytes body,
                                            OnLine line) {
  CO_TRY(co_await agree());
  CO_TRY(auto answer, co_await http_->request(std::move(method), prefix_ + path, std::move(headers), std::move(body)));
  if (answer->head().status >= 400) {
    CO_TRY(auto text, co_await io::read_all(*answer, kLineBytesMax));
    co_return base::fail(refusal(answer->head().status, text));
  }
  std::string pending;
  for (;;) {
    CO_TRY(auto piece, co_await answer->read());
    pending += piece.view();
    if (pending.size() > kLineBytesMax) co_return base::fail(base::Code::TooLarge, "a line of the engine is too long");
    size_t begin = 0;
    for (size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
      auto text = base::trim(std::string_view(pending).substr(begin, end - begin));
      if (text.empty()) continue;
      CO_TRY(auto value, Value::parse(text));
      CO_TRY(line(value));
    }
    pending.erase(0, begin);
    if (piece.empty()) co_return {};
  }
}

io::Task<base::Result<std::unique_ptr<io::Stream>>> Engine::hijack(std::string path, Value body) {
  CO_TRY(co_await agree());
  CO_TRY(auto transport, co_await io::connect(io::Address::unix_socket(socket_)));
  io::Request request{.method = "POST", .target = prefix_ + path, .authority = "docker", .headers = json_headers()};
  request.headers.add("connection", "Upgrade");
  request.headers.add("upgrade", "tcp");
  CO_TRY(auto answer, co_await io::upgrade(io::make_stream(std::move(transport)), std::move(request),
                                           body.is_null() ? std::string() : body.to_json()));
  if (!answer.stream) co_return base::fail(refusal(answer.head.status, answer.body));
  co_return std::move(answer.stream);
}

std::string filters(std::initializer_list<schema::Member> members) {
  return "filters=" + base::url_encode(Value::object(members).to_json());
}

int64_t integer_at(const Value& value, std::initializer_list<std::string_view> path) {
  const auto* found = value.at(path);
  return found != nullptr && found->is_int() ? found->as_int() : 0;
}
bool bool_at(const Value& value, std::initializer_list<std::string_view> path) {
  const auto* found = value.at(path);
  return found != nullptr && found->is_bool() && found->as_bool();
}

}  // namespace kubelet::docker
