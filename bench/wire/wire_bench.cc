// What a running API server costs over TLS and HTTP/2: processor time of its process per request, and rates as one
// client sees them.
//
//   wire_bench PORT TOKEN PID               requests, lists, watches; PID is the server's
//   wire_bench PORT TOKEN PID schedule N P  P pods on N nodes that nobody runs, bound by the scheduler that follows the
//   server
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "io/http_client.h"
#include "io/loop.h"
#include "io/tls.h"

namespace {

using namespace std::chrono_literals;

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";
constexpr const char* kPods = "/api/v1/namespaces/default/pods";

// Seconds of processor time that a process has used.
double cpu_seconds(const std::string& pid) {
  FILE* file = fopen(("/proc/" + pid + "/stat").c_str(), "r");
  if (file == nullptr) return 0;
  unsigned long user = 0, system = 0;
  if (fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2) abort();
  fclose(file);
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double resident_mb(const std::string& pid) {
  FILE* file = fopen(("/proc/" + pid + "/statm").c_str(), "r");
  long total = 0, resident = 0;
  if (file == nullptr || fscanf(file, "%ld %ld", &total, &resident) != 2) return 0;
  fclose(file);
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1048576;
}

// What passes between its making and each reading.
struct Span {
  explicit Span(std::string given)
      : pid(std::move(given)), cpu(cpu_seconds(pid)), since(std::chrono::steady_clock::now()) {}
  double cpu_us() const { return (cpu_seconds(pid) - cpu) * 1e6; }
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count(); }

  std::string pid;
  double cpu;
  std::chrono::steady_clock::time_point since;
};

void row(const std::string& what, const char* format, double value, const char* budget) {
  char text[32];
  snprintf(text, sizeof text, format, value);
  printf("%-58s %16s   %s\n", what.c_str(), text, budget);
  fflush(stdout);
}

struct Bench {
  std::unique_ptr<io::HttpClient> client;
  std::string token, pid;

  io::Headers headers(bool body) const {
    io::Headers all;
    all.add("authorization", "Bearer " + token);
    all.add("accept", "application/json");
    if (body) all.add("content-type", "application/json");
    return all;
  }
  io::Task<std::string> ask(std::string method, std::string target, std::string body = "") {
    bool has_body = !body.empty();
    auto answer = co_await client->request(std::move(method), target, headers(has_body), base::Bytes(std::move(body)));
    if (!answer) stop(answer.error().message());
    auto text = co_await io::read_all(**answer, size_t{1} << 30);
    if (!text) stop(text.error().message());
    if ((*answer)->head().status / 100 != 2) stop(target + ": " + *text);
    co_return std::move(*text);
  }
  [[noreturn]] static void stop(const std::string& why) {
    fprintf(stderr, "wire_bench: %s\n", why.c_str());
    exit(1);
  }
};

using Make = std::function<std::pair<std::string, std::string>(int)>;  // target and body of the nth

io::Task<void> worker(Bench* bench, const char* method, const Make* make, int* next, int count) {
  while (*next < count) {
    auto [target, body] = (*make)((*next)++);
    co_await bench->ask(method, std::move(target), std::move(body));
  }
}
io::Task<void> counted(io::Task<void> task, int* left, io::Event* done) {
  co_await std::move(task);
  if (--*left == 0) done->set();
}
io::Task<void> many(Bench* bench, const char* method, Make make, int count, int in_flight) {
  int next = 0, left = in_flight;
  io::Event done;
  io::Scope scope;
  for (int i = 0; i < in_flight; ++i) scope.spawn(counted(worker(bench, method, &make, &next, count), &left, &done));
  co_await done.wait();
}

std::string map_body(const std::string& name, size_t size) {
  return R"({"metadata":{"name":")" + name + R"("},"data":{"k":")" + std::string(size, 'v') + R"("}})";
}

std::string pod_body(const std::string& name) {
  std::string body =
      R"({"metadata":{"name":")" + name + R"(","labels":{"app":"bench"},"annotations":{"note":")" +
      std::string(600, 'n') +
      R"("}},"spec":{"automountServiceAccountToken":false,"tolerations":[{"operator":"Exists"}],"containers":[)";
  return body +
         R"({"name":"c","image":"registry.example/app:1","resources":{"requests":{"cpu":"10m","memory":"16Mi"}},)"
         R"("env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"ports":[{"containerPort":80}]}]}})";
}

std::string node_body(const std::string& name) {
  return R"({"metadata":{"name":")" + name + R"(","labels":{"kubernetes.io/hostname":")" + name +
         R"("}},"status":{"capacity":{"cpu":"32","memory":"128Gi","pods":"250"},"allocatable":{"cpu":"32","memory":"128Gi","pods":"250"},)"
         R"("conditions":[{"type":"Ready","status":"True"}]}})";
}

io::Task<void> watch(Bench* bench, size_t* events) {
  auto answer = co_await bench->client->request(
      "GET", std::string(kMaps) + "?watch=1&fieldSelector=metadata.name%3Dwatched", bench->headers(false));
  if (!answer) Bench::stop(answer.error().message());
  for (;;) {
    auto bytes = co_await (*answer)->read();
    if (!bytes || bytes->empty()) co_return;
    for (char letter : bytes->view()) *events += letter == '\n';
  }
}

io::Task<void> measure_requests(Bench* bench) {
  constexpr int kCreates = 10000, kAlone = 300, kGets = 20000;
  {
    Span span(bench->pid);
    co_await many(
        bench, "POST", [](int i) { return std::pair(std::string(kMaps), map_body("m-" + std::to_string(i), 1000)); },
        kCreates, 64);
    row("durable create of 1 KB, 64 in flight, processor time", "%.0f us", span.cpu_us() / kCreates, "100 us");
    row("  a second", "%.0f", kCreates / span.seconds(), "10,000");
  }
  {
    Span span(bench->pid);
    co_await many(
        bench, "POST", [](int i) { return std::pair(std::string(kMaps), map_body("s-" + std::to_string(i), 1000)); },
        kAlone, 1);
    row("durable create, one at a time", "%.2f ms", span.seconds() * 1e3 / kAlone, "disk sync + 0.2 ms");
  }
  {
    Span span(bench->pid);
    co_await many(bench, "GET", [](int) { return std::pair(std::string(kMaps) + "/m-0", std::string()); }, kGets, 16);
    row("GET one object of 1 KB, processor time", "%.1f us", span.cpu_us() / kGets, "20 us");
    row("  a second, 16 in flight", "%.0f", kGets / span.seconds(), "");
  }
}

io::Task<void> measure_list(Bench* bench) {
  constexpr int kCount = 5000, kLists = 10;
  co_await bench->ask("POST", "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})");
  co_await many(
      bench, "POST", [](int i) { return std::pair(std::string(kPods), pod_body("p-" + std::to_string(i))); }, kCount,
      64);
  size_t size = 0;
  Span first(bench->pid);
  size = (co_await bench->ask("GET", kPods)).size();
  row("LIST 5,000 pods the first time, processor time", "%.0f ms", first.cpu_us() / 1e3, "");
  Span span(bench->pid);
  for (int i = 0; i < kLists; ++i) size = (co_await bench->ask("GET", kPods)).size();
  row("LIST 5,000 pods again, " + std::to_string(size >> 20) + " MB, processor time", "%.0f ms",
      span.cpu_us() / 1e3 / kLists, "30 ms (11 MB)");
}

io::Task<void> measure_watch(Bench* bench) {
  constexpr size_t kWatchers = 500, kEvents = 200;
  co_await bench->ask("POST", kMaps, map_body("watched", 1000));
  size_t events = 0;
  io::Scope scope;
  for (size_t i = 0; i < kWatchers; ++i) scope.spawn(watch(bench, &events));
  while (events < kWatchers) co_await io::sleep(10ms);
  Span alone(bench->pid);
  co_await many(
      bench, "PUT",
      [](int i) { return std::pair(std::string(kMaps) + "/m-1", map_body("m-1", 1000 + static_cast<size_t>(i))); },
      kEvents, 1);
  double without = alone.cpu_us();
  Span span(bench->pid);
  co_await many(
      bench, "PUT",
      [](int i) {
        return std::pair(std::string(kMaps) + "/watched", map_body("watched", 1001 + static_cast<size_t>(i)));
      },
      kEvents, 1);
  while (events < kWatchers * (kEvents + 1)) co_await io::sleep(5ms);
  row("watch, per event and watcher (500 watchers)", "%.2f us", (span.cpu_us() - without) / (kWatchers * kEvents),
      "1 us");
}

io::Task<void> measure_scheduling(Bench* bench, int nodes, int pods) {
  co_await bench->ask("POST", "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})");
  co_await many(
      bench, "POST", [](int i) { return std::pair(std::string("/api/v1/nodes"), node_body("n-" + std::to_string(i))); },
      nodes, 64);
  row("memory of the API server, " + std::to_string(nodes) + " nodes", "%.1f MB", resident_mb(bench->pid), "");
  Span span(bench->pid);
  co_await many(
      bench, "POST", [](int i) { return std::pair(std::string(kPods), pod_body("p-" + std::to_string(i))); }, pods, 64);
  double created = span.seconds();
  for (;;) {
    auto waiting = co_await bench->ask("GET", std::string(kPods) + "?fieldSelector=spec.nodeName%3D&limit=1");
    if (waiting.find("\"name\":\"p-") == std::string::npos) break;
    co_await io::sleep(50ms);
  }
  row("create + schedule + bind, pods a second", "%.0f", pods / span.seconds(), "5,000");
  row("  created in", "%.2f s", created, "");
  row("  the API server's processor time for each pod", "%.0f us", span.cpu_us() / pods, "");
  row("memory of the API server, with " + std::to_string(pods) + " pods", "%.1f MB", resident_mb(bench->pid),
      "60 MB, control plane, 5,000 of each");
}

io::Task<void> measure(Bench* bench) {
  co_await measure_requests(bench);
  co_await measure_list(bench);
  co_await measure_watch(bench);
  row("memory of the API server after that", "%.1f MB", resident_mb(bench->pid), "");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 7) {
    fprintf(stderr, "usage: wire_bench PORT TOKEN PID [schedule NODES PODS]\n");
    return 2;
  }
  auto loop = *io::Loop::create();
  io::Loop::Entered entered(*loop);
  Bench bench{.client = nullptr, .token = argv[2], .pid = argv[3]};
  io::HttpClient::Options options{.url = std::string("https://127.0.0.1:") + argv[1]};
  options.tls = *io::TlsClient::create({.skip_verify = true});
  bench.client = *io::HttpClient::create(std::move(options));
  loop->run_task(argc == 7 ? measure_scheduling(&bench, atoi(argv[5]), atoi(argv[6])) : measure(&bench));
  bench.client.reset();
  return 0;
}
