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
#include "apiserver/authz/rbac.h"
#include "apiserver/authz/union.h"
#include "apiserver/registry/served.h"
#include "apiserver/server.h"
#include "base/file.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "store/store.h"

namespace {

int complain(const base::Error& error) {
  fprintf(stderr, "golden_server: %s\n", error.message().c_str());
  return 1;
}

base::Result<std::unique_ptr<apiserver::Authenticator>> make_authenticator(const char* path) {
  TRY(auto text, base::read_file(path));
  TRY(auto tokens, apiserver::StaticTokenAuthenticator::from_csv(text));
  std::vector<std::unique_ptr<apiserver::Authenticator>> members;
  members.push_back(std::move(tokens));
  return std::make_unique<apiserver::UnionAuthenticator>(std::move(members));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: golden_server TOKENS\n");
    return 2;
  }
  auto loop = io::Loop::create();
  if (!loop) return complain(loop.error());
  io::Loop::Entered entered(**loop);
  auto authenticator = make_authenticator(argv[1]);
  if (!authenticator) return complain(authenticator.error());
  auto rbac = std::make_shared<apiserver::RbacAuthorizer>();
  apiserver::UnionAuthorizer authorizer({rbac});
  auto store = store::open_memory({.indexer = apiserver::make_indexer()});
  apiserver::Server server({.store = *store,
                            .authenticator = **authenticator,
                            .authorizer = authorizer,
                            .clock = base::system_clock(),
                            .random = base::system_random(),
                            .service_networks = {*base::IpNetwork::parse("10.96.0.0/16")}});
  auto ready = (*loop)->run_task(server.bootstrap());
  if (!ready) return complain(ready.error());
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
