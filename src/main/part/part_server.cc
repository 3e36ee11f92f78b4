#include "main/part/part_server.h"

#include "api/core_v1.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/delegated_access.h"
#include "client/kubeconfig.h"
#include "client/remote_transport.h"
#include "io/own_address.h"
#include "main/machine.h"
#include "main/part/part.h"
#include "pki/cluster.h"
#include "schema/json.h"
#include "schema/status.h"

namespace navarch {
namespace {

// The handler's state; it lives as long as the server, whose handler holds it.
struct Guarded {
  const Pages& pages;
  std::vector<std::string> open_paths;
  client::DelegatedAccess authentication;
  client::DelegatedAccess authorization;
};

void send(io::ResponseWriter& writer, Pages::Answer answer) {
  io::Headers headers;
  headers.add("content-type", answer.type);
  headers.add("x-content-type-options", "nosniff");
  headers.add("cache-control", "no-cache, private");
  writer.send(answer.status, std::move(headers), base::Bytes(std::move(answer.text)));
}

void refuse(io::ResponseWriter& writer, const base::Error& error) {
  auto status = schema::status_of(error);
  send(writer, {.status = status.code, .text = schema::to_json(status) + "\n", .type = "application/json"});
}

bool is_open(const std::vector<std::string>& open, std::string_view path) {
  for (std::string_view entry : open) {
    if (path == entry) return true;
    if (entry.ends_with("/*") && path.starts_with(entry.substr(0, entry.size() - 1))) return true;
  }
  return false;
}

io::Task<void> serve_guarded(std::shared_ptr<Guarded> guarded, const io::Request& request, const io::Peer& peer,
                             io::ResponseWriter& writer) {
  auto caller = co_await guarded->authentication.identify(request, peer);
  if (!caller) {
    refuse(writer, base::Error(base::Code::Unauthorized, "Unauthorized"));
    co_return;
  }
  if (!is_open(guarded->open_paths, request.path())) {
    auto verb = base::to_lower(request.method);
    api::authorization_k8s_io_v1::SubjectAccessReviewSpec spec;
    auto& what = spec.non_resource_attributes.emplace();
    what.path = request.path();
    what.verb = verb;
    auto allowed = co_await guarded->authorization.allows(*caller, std::move(spec));
    if (!allowed || !*allowed) {
      refuse(writer,
             base::Error(base::Code::Forbidden, base::cat({"forbidden: User ", base::quote(caller->name), " cannot ",
                                                           verb, " path ", base::quote(request.path())})));
      co_return;
    }
  }
  send(writer, guarded->pages.answer(request.path(), request.query()));
}

io::Task<void> serve_openly(const Pages* pages, const io::Request& request, io::ResponseWriter& writer) {
  send(writer, pages->answer(request.path(), request.query()));
  co_return;
}

// Whose clients are believed: the file's, else what the cluster tells in
// kube-system/extension-apiserver-authentication.
io::Task<std::optional<pki::TrustBundle>> authorities(const ServingOptions& options, client::Client client) {
  std::string pem;
  if (!options.client_ca_file.empty()) {
    if (auto text = base::read_file(options.client_ca_file)) pem = *text;
  } else {
    auto map = co_await client.get<api::core_v1::ConfigMap>("kube-system", "extension-apiserver-authentication");
    if (map) pem = map->data["client-ca-file"];
  }
  auto bundle = pki::TrustBundle::from_pem(pem);
  if (bundle) co_return std::move(*bundle);
  LOG_WARNING("Client certificates are not believed: no authority is known", {"err", bundle.error().message()});
  co_return std::nullopt;
}

base::Result<client::Client> client_of(const std::string& kubeconfig, const std::string& component,
                                       client::Client otherwise) {
  if (kubeconfig.empty()) return otherwise;
  return connect({.kubeconfig = kubeconfig}, component);
}

}  // namespace

void ServingOptions::add_flags(cli::Flags& flags) {
  flags.add("bind-address", &bind_address, "the address on which to listen for --secure-port");
  flags.add("secure-port", &port, "the port on which to serve /healthz, /metrics and the like; 0 serves nothing");
  flags.add("tls-cert-file", &certificate_file, "the serving certificate; one made on the spot if empty");
  flags.add("tls-private-key-file", &key_file, "and its key");
  flags.add("client-ca-file", &client_ca_file,
            "whose client certificates are believed; what the cluster says if empty");
  flags.add("authentication-kubeconfig", &authentication_kubeconfig,
            "how to ask the cluster who a token is; --kubeconfig if empty");
  flags.add("authorization-kubeconfig", &authorization_kubeconfig,
            "how to ask the cluster what he may; --kubeconfig if empty");
  flags.add("authorization-always-allow-paths", &open_paths, "paths that anybody may ask for");
}

io::Task<base::Result<std::unique_ptr<io::HttpServer>>> serve_securely(ServingOptions options, std::string component,
                                                                       const Pages& pages, client::Client client) {
  CO_TRY(auto asking_who, client_of(options.authentication_kubeconfig, component, client));
  CO_TRY(auto asking_whether, client_of(options.authorization_kubeconfig, component, client));
  auto bundle = co_await authorities(options, asking_who);
  auto& clock = base::system_clock();
  io::TlsServer::Options tls;
  if (!options.certificate_file.empty()) {
    tls.certificate.chain.file = options.certificate_file;
    tls.certificate.key.file = options.key_file;
  } else {
    CO_TRY(auto pair,
           pki::make_self_signed(host_name(), {host_name(), "localhost"}, {io::own_address(), "127.0.0.1"}, clock));
    tls.certificate.chain.text = pair.certificate_pem;
    tls.certificate.key.text = pair.key_pem;
  }
  io::HttpServerOptions http;
  http.address = {.host = options.bind_address, .port = static_cast<uint16_t>(options.port)};
  CO_TRY(http.tls, io::TlsServer::create(std::move(tls)));
  auto guarded = std::make_shared<Guarded>(
      Guarded{pages, options.open_paths,
              client::DelegatedAccess({.authorities = std::move(bundle), .anonymous = true}, asking_who, clock),
              client::DelegatedAccess({}, asking_whether, clock)});
  co_return io::HttpServer::create(
      std::move(http), [guarded](const io::Request& request, const io::Peer& peer, io::RequestBody&,
                                 io::ResponseWriter& writer) { return serve_guarded(guarded, request, peer, writer); });
}

base::Result<std::unique_ptr<io::HttpServer>> serve_plainly(io::Address address, const Pages& pages) {
  io::HttpServerOptions http;
  http.address = std::move(address);
  return io::HttpServer::create(
      std::move(http), [pages = &pages](const io::Request& request, const io::Peer&, io::RequestBody&,
                                        io::ResponseWriter& writer) { return serve_openly(pages, request, writer); });
}

}  // namespace navarch
