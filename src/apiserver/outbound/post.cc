#include "apiserver/outbound/post.h"

#include "apiserver/outbound/kept_clients.h"
#include "base/strings.h"
#include "io/http_client.h"
#include "io/tls.h"

namespace apiserver {
namespace {

constexpr size_t kReplyBytesMax = size_t{3} << 20;

base::Result<io::HttpClient::Options> client_options(const Destination& destination) {
  io::HttpClient::Options options;
  options.url = destination.url;
  if (destination.url.starts_with("https:")) {
    io::TlsClient::Options tls;
    tls.ca.text = destination.authority;
    tls.skip_verify = destination.skip_verify;
    tls.server_name = destination.server_name;
    tls.certificate.text = destination.certificate;
    tls.key.text = destination.key;
    TRY(options.tls, io::TlsClient::create(std::move(tls)));
  }
  return options;
}

// All that a connection depends on.
std::string connection_key(const Destination& destination) {
  return base::cat({destination.url, "\n", destination.server_name, "\n", destination.skip_verify ? "any" : "", "\n",
                    destination.authority, "\n", destination.certificate, "\n", destination.key});
}

io::Task<base::Result<Reply>> exchange(std::string method, Destination destination, std::string body) {
  CO_TRY(auto client, kept_client(connection_key(destination), [&] { return client_options(destination); }));
  io::Headers headers;
  headers.add("accept", "application/json, */*");
  if (!body.empty()) headers.add("content-type", "application/json");
  headers.add("user-agent", "kube-apiserver-admission");
  if (!destination.host.empty()) headers.add("host", destination.host);
  if (!destination.authorization.empty()) headers.add("authorization", destination.authorization);
  CO_TRY(auto answer,
         co_await client->request(method, destination.target, std::move(headers), base::Bytes(std::move(body))));
  Reply reply;
  reply.status = answer->head().status;
  CO_TRY(reply.body, co_await io::read_all(*answer, kReplyBytesMax));
  co_return reply;
}

io::Task<base::Result<Reply>> exchange_in_time(std::string method, Destination destination, std::string body,
                                               io::Duration timeout) {
  std::string what =
      base::cat({method == "POST" ? "Post " : "Get ",
                 base::quote(destination.shown.empty() ? destination.url + destination.target : destination.shown)});
  auto reply = co_await io::with_timeout(timeout, exchange(std::move(method), std::move(destination), std::move(body)));
  if (!reply) co_return base::fail(base::Code::Timeout, base::cat({what, ": context deadline exceeded"}));
  if (!*reply) co_return base::fail(reply->error().with_context(what));
  co_return std::move(**reply);
}

}  // namespace

io::Task<base::Result<Reply>> post(Destination destination, std::string body, io::Duration timeout) {
  return exchange_in_time("POST", std::move(destination), std::move(body), timeout);
}

io::Task<base::Result<Reply>> get(Destination destination, io::Duration timeout) {
  return exchange_in_time("GET", std::move(destination), "", timeout);
}

}  // namespace apiserver
