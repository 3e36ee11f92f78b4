#include "client/remote_transport.h"

#include "base/file.h"
#include "base/strings.h"
#include "client/codec.h"
#include "client/status.h"
#include "client/stream_decoder.h"
#include "io/http_client.h"
#include "io/loop.h"

namespace client {
namespace {

using base::Code;
using base::Result;

constexpr io::Duration kCallTimeout = std::chrono::seconds(60);
constexpr int64_t kTokenAgeNs = 60'000'000'000;  // then a token file is read again
constexpr size_t kBodyMax = size_t{512} << 20;

io::Pem pem(const std::string& data, const std::string& file) {
  io::Pem pem;
  pem.text = data;
  if (data.empty()) pem.file = file;
  return pem;
}

class RemoteWatch final : public RawWatch {
 public:
  explicit RemoteWatch(std::unique_ptr<io::ResponseStream> stream)
      : stream_(std::move(stream)), decoder_(stream_->head().headers.get("content-type")) {}

  io::Task<Result<std::vector<RawEvent>>> next() override {
    for (;;) {
      CO_TRY(base::Bytes bytes, co_await stream_->read());
      if (bytes.empty()) co_return base::fail(Code::Closed, "the watch has ended");
      CO_TRY(std::vector<RawEvent> events, decoder_.feed(bytes.view()));
      if (!events.empty()) co_return events;
    }
  }

 private:
  std::unique_ptr<io::ResponseStream> stream_;
  WatchDecoder decoder_;
};

class RemoteTransport final : public Transport {
 public:
  RemoteTransport(std::unique_ptr<io::HttpClient> http, Access access, std::string user_agent)
      : http_(std::move(http)), access_(std::move(access)), user_agent_(std::move(user_agent)) {}

  io::Task<Result<Reply>> call(Call call) override {
    auto reply = co_await io::with_timeout(kCallTimeout, send(std::move(call)));
    if (!reply) co_return base::fail(Code::Timeout, "the server did not answer within a minute");
    co_return std::move(*reply);
  }

  io::Task<Result<RawPage>> list(std::string target) override {
    CO_TRY(Reply reply, co_await call({.method = "GET", .target = std::move(target), .content_type = "", .body = {}}));
    if (reply.status != 200) co_return base::fail(error_of(reply));
    co_return split_list(reply.content_type, std::move(reply.body));
  }

  io::Task<Result<std::unique_ptr<RawWatch>>> watch(std::string target) override {
    io::Headers headers =
        headers_for("application/vnd.kubernetes.protobuf;stream=watch,application/json;stream=watch", "");
    auto opened = co_await io::with_timeout(kCallTimeout, http_->request("GET", std::move(target), std::move(headers)));
    if (!opened) co_return base::fail(Code::Timeout, "the server did not answer within a minute");
    CO_TRY(auto stream, std::move(*opened));
    if (stream->head().status == 200) co_return make_remote_watch(std::move(stream));
    CO_TRY(Reply reply, co_await read_reply(std::move(stream)));
    co_return base::fail(error_of(reply));
  }

 private:
  io::Task<Result<Reply>> send(Call call) {
    io::Headers headers = headers_for(call.accept, call.content_type);
    CO_TRY(auto stream, co_await http_->request(std::move(call.method), std::move(call.target), std::move(headers),
                                                std::move(call.body)));
    co_return co_await read_reply(std::move(stream));
  }

  static io::Task<Result<Reply>> read_reply(std::unique_ptr<io::ResponseStream> stream) {
    CO_TRY(std::string body, co_await io::read_all(*stream, kBodyMax));
    co_return Reply{.status = stream->head().status,
                    .content_type = std::string(stream->head().headers.get("content-type")),
                    .body = base::Bytes(std::move(body))};
  }

  io::Headers headers_for(std::string_view accept, std::string_view content_type) {
    io::Headers headers;
    headers.add("accept", accept);
    headers.add("user-agent", user_agent_);
    if (!content_type.empty()) headers.add("content-type", content_type);
    if (std::string authorization = authorize(); !authorization.empty()) headers.add("authorization", authorization);
    return headers;
  }

  std::string authorize() {
    if (!access_.token_file.empty()) {
      // Mounted tokens are renewed in place; a file this small is read faster than a thread is woken.
      int64_t now_ns = io::Loop::current().clock().monotonic_ns();
      if (token_.empty() || now_ns - token_read_ns_ > kTokenAgeNs) {
        if (auto text = base::read_file(access_.token_file)) token_ = base::trim(*text);
        token_read_ns_ = now_ns;
      }
      return token_.empty() ? "" : "Bearer " + token_;
    }
    if (!access_.token.empty()) return "Bearer " + access_.token;
    if (!access_.username.empty()) return "Basic " + base::base64_encode(access_.username + ":" + access_.password);
    return "";
  }

  std::unique_ptr<io::HttpClient> http_;
  Access access_;
  std::string user_agent_;
  std::string token_;
  int64_t token_read_ns_ = 0;
};

}  // namespace

std::unique_ptr<RawWatch> make_remote_watch(std::unique_ptr<io::ResponseStream> stream) {
  return std::make_unique<RemoteWatch>(std::move(stream));
}

Result<std::shared_ptr<Transport>> make_remote_transport(Access access, std::string user_agent) {
  io::HttpClient::Options options;
  options.url = access.server;
  if (access.server.starts_with("https://")) {
    io::TlsClient::Options tls;
    tls.ca = pem(access.ca_data, access.ca_file);
    tls.skip_verify = access.insecure;
    tls.server_name = access.tls_server_name;
    tls.certificate = pem(access.certificate_data, access.certificate_file);
    tls.key = pem(access.key_data, access.key_file);
    TRY(options.tls, io::TlsClient::create(std::move(tls)));
  }
  TRY(auto http, io::HttpClient::create(std::move(options)));
  return std::make_shared<RemoteTransport>(std::move(http), std::move(access), std::move(user_agent));
}

}  // namespace client
