// Reads and writes of single objects, and lists.
#include <cstdio>
#include <cstdlib>

#include "measures.h"

namespace bench {
namespace {

constexpr int kWrites = 3000;

std::string map_path(const std::string& name) {
  return std::string(kMaps) + "/" + name;
}

io::Task<void> creates(const Server& server) {
  constexpr int kCreates = 10000, kAlone = 300;
  Span span(server.pid);
  co_await many(
      server, "POST", [](int i) { return Request(kMaps, map_body("m-" + std::to_string(i), 1000)); }, kCreates, 64);
  row("durable create of 1 KB, 64 in flight, processor time", "%.0f us", span.cpu_us() / kCreates, "100 us");
  row("  a second", "%.0f", kCreates / span.seconds(), "10,000");
  Span alone(server.pid);
  co_await many(
      server, "POST", [](int i) { return Request(kMaps, map_body("s-" + std::to_string(i), 1000)); }, kAlone, 1);
  row("durable create, one at a time", "%.2f ms", alone.seconds() * 1e3 / kAlone, "disk sync + 0.2 ms");
}

io::Task<void> gets(const Server& server) {
  constexpr int kGets = 20000;
  Span span(server.pid);
  co_await many(server, "GET", [](int) { return Request(map_path("m-0")); }, kGets, 16);
  row("GET one object of 1 KB, processor time", "%.1f us", span.cpu_us() / kGets, "20 us");
  row("  a second, 16 in flight", "%.0f", kGets / span.seconds(), "");
}

// Reads an object, changes it and writes it back at the version read, until that succeeds.
io::Task<void> contender(const Server* server, int rounds, int* conflicts, int* left, io::Event* done) {
  for (int round = 0; round < rounds;) {
    std::string object = co_await server->ask("GET", map_path("fought-over"));
    size_t value = object.find("\"n\":\"") + 5;
    object.replace(value, object.find('"', value) - value, std::to_string(std::rand()));
    auto answer = co_await server->try_ask("PUT", map_path("fought-over"), std::move(object), "application/json");
    if (answer.status == 200)
      ++round;
    else if (answer.status == 409)
      ++*conflicts;
    else
      Server::stop(answer.body);
  }
  if (--*left == 0) done->set();
}

io::Task<void> conflicts(const Server& server) {
  constexpr int kContenders = 32, kRounds = 30;
  co_await server.ask("POST", kMaps, R"({"metadata":{"name":"fought-over"},"data":{"n":"0"}})");
  int refused = 0, left = kContenders;
  io::Event done;
  io::Scope scope;
  Span span(server.pid);
  for (int i = 0; i < kContenders; ++i) scope.spawn(contender(&server, kRounds, &refused, &left, &done));
  co_await done.wait();
  constexpr int kDone = kContenders * kRounds;
  row("32 clients update one object, processor time for each done", "%.0f us", span.cpu_us() / kDone, "");
  row("  conflicts for each done", "%.1f", static_cast<double>(refused) / kDone, "");
}

io::Task<void> patches(const Server& server) {
  co_await prepare_pods(server);
  co_await server.ask("POST", kPods, pod_body("patched"));
  const std::string pod = std::string(kPods) + "/patched";
  Span span(server.pid);
  co_await many(
      server, "PATCH",
      [&](int i) {
        std::string image = "registry.example/app:" + std::to_string(i);
        return Request(pod, R"({"spec":{"containers":[{"name":"c","image":")" + image + R"("}]}})",
                       "application/strategic-merge-patch+json");
      },
      kWrites, 16);
  row("strategic merge patch of a pod, processor time", "%.0f us", span.cpu_us() / kWrites, "");
  constexpr int kManagers = 5;
  Span applied(server.pid);
  co_await many(
      server, "PATCH",
      [&](int i) {
        std::string manager = std::to_string(i % kManagers);
        return Request(map_path("applied") + "?fieldManager=m" + manager,
                       R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied"},"data":{"k)" + manager +
                           R"(":")" + std::to_string(i) + R"("}})",
                       "application/apply-patch+yaml");
      },
      kWrites, kManagers);
  row("apply by five managers, processor time", "%.0f us", applied.cpu_us() / kWrites, "");
}

}  // namespace

io::Task<void> measure_requests(const Server& server) {
  co_await creates(server);
  co_await gets(server);
  co_await conflicts(server);
  co_await patches(server);
}

io::Task<void> measure_list(const Server& server) {
  constexpr int kCount = 5000, kLists = 10;
  co_await prepare_pods(server);
  co_await create_pods(server, kCount);
  size_t size = 0;
  Span first(server.pid);
  size = (co_await server.ask("GET", kPods)).size();
  row("LIST 5,000 pods the first time, processor time", "%.0f ms", first.cpu_us() / 1e3, "");
  Span span(server.pid);
  for (int i = 0; i < kLists; ++i) size = (co_await server.ask("GET", kPods)).size();
  row("LIST 5,000 pods again, " + std::to_string(size >> 20) + " MB, processor time", "%.0f ms",
      span.cpu_us() / 1e3 / kLists, "30 ms (11 MB)");
}

}  // namespace bench
