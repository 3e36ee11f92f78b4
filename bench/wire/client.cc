#include "client.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace bench {

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

Span::Span(std::string given) : pid(std::move(given)), cpu(cpu_seconds(pid)), since(std::chrono::steady_clock::now()) {}
double Span::cpu_us() const {
  return (cpu_seconds(pid) - cpu) * 1e6;
}
double Span::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

void row(const std::string& what, const char* format, double value, const char* budget) {
  char text[32];
  snprintf(text, sizeof text, format, value);
  printf("%-58s %16s   %s\n", what.c_str(), text, budget);
  fflush(stdout);
}

io::Headers Server::headers(const char* content_type) const {
  io::Headers all;
  all.add("authorization", "Bearer " + token);
  all.add("accept", "application/json");
  if (content_type != nullptr) all.add("content-type", content_type);
  return all;
}

io::Task<Answer> Server::try_ask(std::string method, std::string target, std::string body,
                                 const char* content_type) const {
  auto all = headers(body.empty() ? nullptr : content_type);
  auto answer = co_await client->request(std::move(method), target, std::move(all), base::Bytes(std::move(body)));
  if (!answer) stop(answer.error().message());
  auto text = co_await io::read_all(**answer, size_t{1} << 30);
  if (!text) stop(text.error().message());
  co_return Answer{.status = (*answer)->head().status, .body = std::move(*text)};
}

io::Task<std::string> Server::ask(std::string method, std::string target, std::string body,
                                  const char* content_type) const {
  auto answer = co_await try_ask(std::move(method), target, std::move(body), content_type);
  if (answer.status / 100 != 2) stop(target + ": " + answer.body);
  co_return std::move(answer.body);
}

void Server::stop(const std::string& why) {
  fprintf(stderr, "wire_bench: %s\n", why.c_str());
  exit(1);
}

namespace {

io::Task<void> worker(const Server* server, const char* method, const Make* make, int* next, int count) {
  while (*next < count) {
    Request request = (*make)((*next)++);
    co_await server->ask(method, std::move(request.target), std::move(request.body), request.content_type);
  }
}
io::Task<void> counted(io::Task<void> task, int* left, io::Event* done) {
  co_await std::move(task);
  if (--*left == 0) done->set();
}

}  // namespace

io::Task<void> many(const Server& server, const char* method, Make make, int count, int in_flight) {
  int next = 0, left = in_flight;
  io::Event done;
  io::Scope scope;
  for (int i = 0; i < in_flight; ++i) scope.spawn(counted(worker(&server, method, &make, &next, count), &left, &done));
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

io::Task<void> prepare_pods(const Server& server) {
  auto made = co_await server.try_ask("POST", "/api/v1/namespaces/default/serviceaccounts",
                                      R"({"metadata":{"name":"default"}})", "application/json");
  if (made.status != 201 && made.status != 409) Server::stop(made.body);
}

io::Task<void> create_pods(const Server& server, int count) {
  return many(server, "POST", [](int i) { return Request(kPods, pod_body("p-" + std::to_string(i))); }, count, 64);
}

}  // namespace bench
