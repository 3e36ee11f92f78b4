// One change, told to many watchers.
#include <memory>
#include <vector>

#include "measures.h"

namespace bench {
namespace {

using namespace std::chrono_literals;

std::string path(const std::string& name) {
  return std::string(kMaps) + "/" + name;
}

// How watchers come: client-go has all watches of a program on one connection, kubelets have one each.
enum class Connections : uint8_t { Shared, Own };

// Counts the events of one object until the connection ends.
io::Task<void> watch(const Server* server, io::HttpClient* client, std::string name, size_t* events) {
  auto answer = co_await client->request("GET", std::string(kMaps) + "?watch=1&fieldSelector=metadata.name%3D" + name,
                                         server->headers(nullptr));
  if (!answer) Server::stop(answer.error().message());
  for (;;) {
    auto bytes = co_await (*answer)->read();
    if (!bytes || bytes->empty()) co_return;
    for (char letter : bytes->view()) *events += letter == '\n';
  }
}

// Updates an object again and again.
io::Task<void> change(const Server& server, std::string name, size_t count, int in_flight) {
  return many(
      server, "PUT", [name](int i) { return Request(path(name), map_body(name, 1001 + static_cast<size_t>(i) % 100)); },
      static_cast<int>(count), in_flight);
}

// `watchers` of one object that is changed `count` times; what the same changes cost unwatched is taken off.
io::Task<void> fan_out(const Server& server, std::string name, Connections connections, size_t watchers, size_t count) {
  co_await server.ask("POST", kMaps, map_body(name, 1000));
  co_await server.ask("POST", kMaps, map_body(name + "-alone", 1000));
  size_t events = 0;
  std::vector<std::unique_ptr<io::HttpClient>> clients;
  io::Scope scope;
  for (size_t i = 0; i < watchers; ++i) {
    if (connections == Connections::Own) clients.push_back(server.connect());
    io::HttpClient* client = clients.empty() ? server.client.get() : clients.back().get();
    scope.spawn(watch(&server, client, name, &events));
  }
  while (events < watchers) co_await io::sleep(10ms);
  Span alone(server.pid);
  co_await change(server, name + "-alone", count, 1);
  double without = alone.cpu_us();
  Span span(server.pid);
  co_await change(server, name, count, 1);
  while (events < watchers * (count + 1)) co_await io::sleep(5ms);
  const char* how = connections == Connections::Own ? " connections" : " on shared connections";
  row("watch, per event and watcher, " + std::to_string(watchers) + how, "%.2f us",
      (span.cpu_us() - without) / static_cast<double>(watchers * count), "1 us");
}

}  // namespace

io::Task<void> measure_watches(const Server& server) {
  co_await fan_out(server, "watched", Connections::Shared, 500, 200);
  co_await fan_out(server, "watched-apart", Connections::Own, 500, 200);
  co_await fan_out(server, "watched-much", Connections::Shared, 1000, 1000);
}

}  // namespace bench
