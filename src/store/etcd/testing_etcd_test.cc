#include "store/etcd/testing_etcd.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "base/strings.h"
#include "io/loop.h"
#include "io/socket.h"
#include "store/etcd/etcd_client.h"

namespace store::testing {

namespace {

constexpr const char* kBinary = "/usr/bin/etcd";

// A port that is free now. Another may take it before etcd does, which then fails to start.
base::Result<std::string> free_endpoint() {
  TRY(auto listener, io::Listener::listen({.host = "127.0.0.1"}));
  return base::cat({"http://", listener->address().text()});
}

}  // namespace

bool Etcd::is_installed() {
  return access(kBinary, X_OK) == 0;
}

io::Task<base::Result<std::unique_ptr<Etcd>>> Etcd::start() {
  std::unique_ptr<Etcd> etcd(new Etcd);
  std::string pattern = std::filesystem::temp_directory_path() / "navarch-etcd-XXXXXX";
  if (!mkdtemp(pattern.data())) co_return base::fail(base::system_error("mkdtemp", errno));
  etcd->directory_ = pattern;
  for (int tries = 1;; ++tries) {
    CO_TRY(etcd->endpoint_, free_endpoint());
    CO_TRY(etcd->peer_endpoint_, free_endpoint());
    auto launched = co_await etcd->launch();
    if (launched) break;
    if (tries == 3) co_return base::fail(launched.error());
  }
  co_return std::move(etcd);
}

Etcd::~Etcd() {
  process_.reset();
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
}

io::Task<void> Etcd::stop() {
  process_->kill(SIGKILL);
  co_await process_->wait();
}

io::Task<base::Result<void>> Etcd::restart() {
  co_await stop();
  co_return co_await launch();
}

io::Task<base::Result<void>> Etcd::launch() {
  io::ProcessOptions options;
  options.argv = {kBinary,
                  "--data-dir=" + directory_ + "/data",
                  "--listen-client-urls=" + endpoint_,
                  "--advertise-client-urls=" + endpoint_,
                  "--listen-peer-urls=" + peer_endpoint_,
                  "--initial-advertise-peer-urls=" + peer_endpoint_,
                  "--initial-cluster=default=" + peer_endpoint_};
  options.output = options.error = io::ChildEnd::file(directory_ + "/log");
  options.dies_with_parent = true;
  CO_TRY(process_, io::Process::spawn(std::move(options)));
  CO_TRY(auto client, EtcdClient::create({.endpoints = {endpoint_},
                                          .connect_timeout = std::chrono::seconds(1),
                                          .request_timeout = std::chrono::seconds(1)}));
  for (;;) {
    // A write, so that a leader is there.
    etcd::PutRequest probe;
    probe.key = "probe";
    auto answer = co_await client->put(std::move(probe));
    if (answer) co_return base::Result<void>();
    if (process_->has_ended()) co_return base::fail(answer.error().with_context("etcd has ended"));
    co_await io::sleep(std::chrono::milliseconds(20));
  }
}

}  // namespace store::testing
