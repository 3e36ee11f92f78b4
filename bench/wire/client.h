// What all measures of a running API server share: a client, the processor time of the server's process, rows of
// figures.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "io/http_client.h"
#include "io/loop.h"

namespace bench {

inline constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";
inline constexpr const char* kPods = "/api/v1/namespaces/default/pods";

// Seconds of processor time that a process has used.
double cpu_seconds(const std::string& pid);
double resident_mb(const std::string& pid);

// What passes between its making and each reading.
struct Span {
  explicit Span(std::string given);
  double cpu_us() const;
  double seconds() const;

  std::string pid;
  double cpu;
  std::chrono::steady_clock::time_point since;
};

// Prints a figure beside its budget.
void row(const std::string& what, const char* format, double value, const char* budget);

struct Answer {
  int status = 0;
  std::string body;
};

struct Server {
  std::unique_ptr<io::HttpClient> client;
  std::function<std::unique_ptr<io::HttpClient>()> connect;  // another client, with connections of its own
  std::string token, pid;

  io::Headers headers(const char* content_type) const;
  // Any answer, also a refusal; ends the program if there is none.
  io::Task<Answer> try_ask(std::string method, std::string target, std::string body, const char* content_type) const;
  // Ends the program unless the answer is good.
  io::Task<std::string> ask(std::string method, std::string target, std::string body = "",
                            const char* content_type = "application/json") const;
  [[noreturn]] static void stop(const std::string& why);
};

struct Request {
  std::string target, body;
  const char* content_type = "application/json";
};
using Make = std::function<Request(int)>;  // the nth

// Asks `count` times, `in_flight` at once.
io::Task<void> many(const Server& server, const char* method, Make make, int count, int in_flight);

std::string map_body(const std::string& name, size_t size);
std::string pod_body(const std::string& name);
std::string node_body(const std::string& name);

// The default account, without which no pod is made.
io::Task<void> prepare_pods(const Server& server);
io::Task<void> create_pods(const Server& server, int count);

}  // namespace bench
