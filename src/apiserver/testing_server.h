// For tests: a server on a memory store, talked to from inside the process by a user who may do everything.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "apiserver/local.h"
#include "apiserver/registry/allocations.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/served.h"
#include "apiserver/server.h"
#include "io/loop.h"

namespace apiserver {

class TestServer {
 public:
  // `change` sees the options before the server is made.
  explicit TestServer(const std::function<void(ServerOptions&)>& change = nullptr) {
    loop_ = *io::Loop::create();
    entered_.emplace(*loop_);
    store_ = store::open_memory({.indexer = make_indexer()});
    ServerOptions options{.store = *store_,
                          .authenticator = nobody_,
                          .authorizer = everything_,
                          .clock = base::system_clock(),
                          .random = base::system_random(),
                          .service_networks = {*base::IpNetwork::parse("10.96.0.0/24")}};
    if (change) change(options);
    server_ = std::make_unique<Server>(std::move(options));
    admin_ = std::make_unique<Local>(*server_, User{.name = "admin", .groups = {std::string(kMastersGroup)}});
    send("POST", "/api/v1/namespaces", R"({"metadata":{"name":"default"}})");
  }
  ~TestServer() {
    scope_.cancel();
    store_->close();
  }

  // From now on custom resource definitions are followed.
  void serve_custom_kinds() {
    scope_.spawn(server_->run());
    loop_->run_task(server_->wait_synced());
  }

  struct Reply {
    int status = 0;
    std::string body;  // protobuf where there is such a form; its texts can be looked for
    bool says(std::string_view text) const { return body.find(text) != std::string::npos; }
  };
  Reply send(std::string method, std::string path, std::string body = "", std::string type = "application/json") {
    auto reply = loop_->run_task(
        admin_->call(std::move(method), std::move(path), std::move(type), base::Bytes(std::move(body))));
    return {reply.status, std::string(reply.body.view())};
  }
  io::Loop& loop() { return *loop_; }
  store::Store& store() { return *store_; }
  Server& server() { return *server_; }
  Local& admin() { return *admin_; }

 private:
  class Nobody final : public Authenticator {
   public:
    io::Task<base::Result<std::optional<User>>> authenticate(const io::Request&, const io::Peer&) override {
      co_return std::nullopt;
    }
  };
  class Everything final : public Authorizer {
   public:
    std::optional<Authorization> decide(const AuthorizationAttributes&) const override {
      return Authorization{.decision = Decision::Allow};
    }
  };

  std::unique_ptr<io::Loop> loop_;
  std::optional<io::Loop::Entered> entered_;
  Nobody nobody_;
  Everything everything_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Local> admin_;
  io::Scope scope_;
};

}  // namespace apiserver
