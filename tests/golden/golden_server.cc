// An API server on a memory store, on a port of 127.0.0.1 that the kernel chooses, without controllers, scheduler and nodes.
//
//   golden_server TOKENS      TOKENS: a file as --token-auth-file has it
//
// Prints the port, then serves until its standard input ends.

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "apiserver/authn/bearer.h"
#include "apiserver/authn/token_issuer.h"
#include "apiserver/authz/security_index.h"
#include "apiserver/bootstrap/bootstrap.h"
#include "apiserver/registry/find_uid.h"
#include "apiserver/registry/served.h"
#include "apiserver/server.h"
#include "base/file.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "pki/key.h"
#include "store/store.h"

namespace {

int complain(const base::Error& error) {
  fprintf(stderr, "golden_server: %s\n", error.message().c_str());
  return 1;
}

// The administrator of the file, seen as the one whose certificate the conversations were recorded with.
class Recorded final : public apiserver::Authenticator {
 public:
  explicit Recorded(std::unique_ptr<apiserver::Authenticator> inner) : inner_(std::move(inner)) {}
  io::Task<base::Result<std::optional<apiserver::User>>> authenticate(const io::Request& request, const io::Peer& peer) override {
    CO_TRY(auto user, co_await inner_->authenticate(request, peer));
    if (user) {
      user->uid.clear();
      user->extra["authentication.kubernetes.io/credential-id"] = {
          "X509SHA256=7d6d163870055c20786516207849224556547ab7ac5b872858d2300c5cb1e882"};
    }
    co_return user;
  }

 private:
  std::unique_ptr<apiserver::Authenticator> inner_;
};

base::Result<std::unique_ptr<apiserver::Authenticator>> make_authenticator(const char* path, apiserver::TokenVerifier& verifier) {
  TRY(auto text, base::read_file(path));
  TRY(auto tokens, apiserver::StaticTokenAuthenticator::from_csv(text));
  std::vector<std::unique_ptr<apiserver::Authenticator>> members;
  members.push_back(std::make_unique<Recorded>(std::move(tokens)));
  members.push_back(std::make_unique<apiserver::TokenAuthenticator>(verifier, base::system_clock()));
  return std::make_unique<apiserver::UnionAuthenticator>(std::move(members));
}

constexpr const char* kIssuer = "https://kubernetes.default.svc";

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: golden_server TOKENS\n");
    return 2;
  }
  auto loop = io::Loop::create();
  if (!loop) return complain(loop.error());
  io::Loop::Entered entered(**loop);
  auto store = store::open_memory({.indexer = apiserver::make_indexer()});
  auto key = pki::Key::generate(pki::Key::Algorithm::Rsa2048);
  if (!key) return complain(key.error());
  const apiserver::Catalog catalog;
  apiserver::TokenIssuer issuer(kIssuer, {kIssuer}, *key, base::system_clock(), base::system_random());
  apiserver::TokenVerifier verifier({.issuer = kIssuer, .audiences = {kIssuer}, .keys = {*key}},
                                    apiserver::make_find_uid(*store, catalog), base::system_clock());
  auto authenticator = make_authenticator(argv[1], verifier);
  if (!authenticator) return complain(authenticator.error());
  apiserver::SecurityIndex security(*store, catalog, apiserver::node_rules());
  apiserver::Server server({.store = *store,
                            .authenticator = **authenticator,
                            .authorizer = *security.authorizer(),
                            .clock = base::system_clock(),
                            .random = base::system_random(),
                            .token_issuer = &issuer,
                            .token_verifier = &verifier,
                            .rbac = security.rbac().get(),
                            .service_networks = {*base::IpNetwork::parse("10.96.0.0/16")}});
  auto ready = (*loop)->run_task(apiserver::bootstrap(
      server.registry(), {.service_cidr = "10.96.0.0/16", .kubernetes_ip = "10.96.0.1", .advertise_address = "10.0.0.1"}));
  if (!ready) return complain(ready.error());
  io::Scope scope;
  scope.spawn(security.run());
  io::HttpServerOptions options;
  options.address.host = "127.0.0.1";
  auto http = io::HttpServer::create(options, [&](const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                                                  io::ResponseWriter& writer) { return server.serve(request, peer, body, writer); });
  if (!http) return complain(http.error());
  printf("%d\n", (*http)->address().port);
  fflush(stdout);
  io::Watch ended(STDIN_FILENO, io::Ready::Read, [&](io::Ready) {
    char byte;
    if (read(STDIN_FILENO, &byte, 1) <= 0) (*loop)->stop();
  });
  (*loop)->run();
  store->close();
  return 0;
}
