// What the HTTP server costs: CPU of its thread per GET over TLS and HTTP/2, memory of an idle TLS connection, and CPU
// of one event to many watchers. The client runs on a thread of its own, in the same process.
//
//   io_bench [requests]
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "bare_tls.h"
#include "io/http2_client.h"
#include "io/http_server.h"
#include "io/loop.h"
#include "io/notice.h"
#include "io/test_certificates.h"

namespace {

using namespace std::chrono_literals;

double cpu_us(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

long resident_kb() {
  FILE* file = fopen("/proc/self/statm", "r");
  long total = 0, resident = 0;
  if (fscanf(file, "%ld %ld", &total, &resident) != 2) abort();
  fclose(file);
  return resident * sysconf(_SC_PAGESIZE) / 1024;
}

struct Server {
  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  std::unique_ptr<io::HttpServer> http;
  io::Notice event;  // on the loop
  base::Bytes event_bytes;
  size_t told = 0;
  std::thread thread;

  static io::Task<void> handle(Server* self, const io::Request& request, io::ResponseWriter& writer) {
    static const base::Bytes body{std::string(4096, 'x')};
    if (request.target == "/watch") {
      writer.start(200, {});
      for (;;) {
        co_await self->event.wait();
        auto written = co_await writer.write(self->event_bytes);
        if (!written) co_return;
        self->told++;
      }
    }
    io::Headers headers;
    headers.add("content-type", "application/json");
    headers.add("cache-control", "no-cache, private");
    writer.send(200, std::move(headers), body);
  }

  clockid_t clock() {
    clockid_t id;
    pthread_getcpuclockid(thread.native_handle(), &id);
    return id;
  }
};

io::Task<void> get_many(io::Http2Client* client, int count, int* left) {
  for (int i = 0; i < count; i++) {
    io::Http2Client::Head head{.authority = "localhost", .target = "/api/v1/namespaces/default/pods/a"};
    head.headers.add("accept", "application/json");
    head.headers.add("user-agent", "bench");
    head.headers.add("authorization", "Bearer " + std::string(600, 't'));
    auto stream = client->open(head, true);
    if (!stream) abort();
    auto answer = co_await (*stream)->head();
    if (!answer) abort();
    for (;;) {
      auto piece = co_await (*stream)->read();
      if (!piece) abort();
      if (piece->empty()) break;
    }
  }
  --*left;
}

io::Task<void> until_zero(int* left) {
  while (*left > 0) co_await io::sleep(1ms);
}

io::Task<void> until(const std::atomic<size_t>* value, size_t wanted) {
  while (*value < wanted) co_await io::sleep(1ms);
}

io::Task<void> drink(io::Http2Stream* stream, std::atomic<size_t>* bytes) {
  for (;;) {
    auto piece = co_await stream->read();
    if (!piece || piece->empty()) co_return;
    *bytes += piece->size();
  }
}

}  // namespace

int main(int argc, char** argv) {
  int requests = argc > 1 ? atoi(argv[1]) : 40'000;
  setvbuf(stdout, nullptr, _IOLBF, 0);
  mallopt(M_ARENA_MAX, 1);
  auto certificate = io::make_test_certificate("server", "DNS:localhost,IP:127.0.0.1");
  Server server;
  {
    io::Loop::Entered entered(*server.loop);
    io::TlsServer::Options tls;
    tls.certificate = {.chain = {.text = certificate.certificate_pem}, .key = {.text = certificate.key_pem}};
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    options.streams_max = 1000;
    options.tls = *io::TlsServer::create(std::move(tls));
    server.http = *io::HttpServer::create(
        std::move(options),
        [self = &server](const io::Request& request, const io::Peer&, io::RequestBody&, io::ResponseWriter& writer) {
          return Server::handle(self, request, writer);
        });
  }
  server.thread = std::thread([&] { server.loop->run(); });
  clockid_t clock = server.clock();

  auto loop = *io::Loop::create();
  io::Loop::Entered entered(*loop);
  io::TlsClient::Options trust;
  trust.ca.text = certificate.certificate_pem;
  auto tls = *io::TlsClient::create(std::move(trust));

  printf("%-44s %12s %12s\n", "GET, 4 KB, TLS 1.3, HTTP/2", "CPU us/req", "req/s");
  for (auto [connections, streams] : {std::pair{1, 1}, std::pair{8, 1}, std::pair{8, 16}}) {
    std::vector<std::unique_ptr<io::Http2Client>> clients;
    for (int i = 0; i < connections; i++) {
      clients.push_back(std::make_unique<io::Http2Client>(*loop->run_task(connect(server.http->address(), tls))));
      if (!loop->run_task(clients.back()->ready())) abort();
    }
    int left = connections * streams;
    io::Scope scope;
    double cpu = cpu_us(clock), wall = cpu_us(CLOCK_MONOTONIC);
    int each = requests / left;
    int total = each * left;
    for (auto& client : clients) {
      for (int i = 0; i < streams; i++) scope.spawn(get_many(client.get(), each, &left));
    }
    loop->run_task(until_zero(&left));
    cpu = cpu_us(clock) - cpu;
    wall = cpu_us(CLOCK_MONOTONIC) - wall;
    char name[64];
    snprintf(name, sizeof name, "  %d connections, %d streams each", connections, streams);
    printf("%-44s %12.1f %12.0f\n", name, cpu / total, total / wall * 1e6);
  }

  {
    constexpr int kIdle = 500;
    std::vector<std::unique_ptr<io::Transport>> idle;
    long before = resident_kb();
    for (int i = 0; i < kIdle; i++) idle.push_back(*loop->run_task(connect(server.http->address(), tls)));
    printf("%-44s %12.1f KB (both ends)\n", "idle TLS connection, HTTP/2",
           static_cast<double>(resident_kb() - before) / kIdle);
  }

  {
    constexpr size_t kWatchers = 500, kEvents = 200;
    io::Http2Client client(*loop->run_task(connect(server.http->address(), tls)));
    if (!loop->run_task(client.ready())) abort();
    std::atomic<size_t> bytes = 0;
    std::vector<std::unique_ptr<io::Http2Stream>> watches;
    io::Scope scope;
    for (size_t i = 0; i < kWatchers; i++) {
      watches.push_back(*client.open({.authority = "localhost", .target = "/watch"}, true));
      if (!loop->run_task(watches.back()->head())) abort();
      scope.spawn(drink(watches.back().get(), &bytes));
    }
    double cpu = cpu_us(clock);
    for (size_t i = 0; i < kEvents; i++) {
      server.loop->post([&] {
        server.event_bytes = base::Bytes(std::string(1024, 'e'));
        server.event.notify();
      });
      loop->run_task(until(&bytes, (i + 1) * kWatchers * 1024));
    }
    cpu = cpu_us(clock) - cpu;
    printf("%-44s %12.2f us per event and watcher\n", "watch, 1 KB events, 500 on one connection",
           cpu / (kWatchers * kEvents));
  }

  constexpr size_t kEventBytes = 1130;  // with a frame's head and what the API adds
  constexpr int kWatchers = 500, kRounds = 100;
  const auto& [chain, key] = std::pair(certificate.certificate_pem, certificate.key_pem);
  printf("%-44s %12.2f us per event\n", "  bare SSL_write of them, many in a write",
         bench::bare_tls_us(chain, key, kEventBytes, 1, kWatchers, kRounds));
  printf("%-44s %12.2f us per event\n", "  bare SSL_write of one to each of 500",
         bench::bare_tls_us(chain, key, kEventBytes, kWatchers, 1, kRounds));

  server.loop->post([&] {
    server.http = nullptr;
    server.loop->stop();
  });
  server.thread.join();
  return 0;
}
