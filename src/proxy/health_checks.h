// Answers load balancers that ask whether this node has endpoints of a service with externalTrafficPolicy Local, on the
// service's healthCheckNodePort. Kubernetes documentation, "Create an External Load Balancer". One loop.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "io/http_server.h"
#include "proxy/model.h"

namespace proxy {

// What is said of one service.
struct LocalHealth {
  std::string namespace_, service;
  size_t endpoints = 0;  // ready ones on this node
  bool operator==(const LocalHealth&) const = default;

  int status() const { return endpoints == 0 ? 503 : 200; }
  std::string text() const;
};
using LocalHealthByPort = std::map<int, LocalHealth>;
LocalHealthByPort local_health(const Snapshot& snapshot);  // pure

class HealthChecks {
 public:
  // Listens on the ports of `wanted` at `host`, and no others. A port that cannot be had is logged, and tried again at
  // the next call.
  void set(LocalHealthByPort wanted, const std::string& host);

 private:
  io::Task<void> answer(int port, io::ResponseWriter& writer);

  LocalHealthByPort health_;
  std::map<int, std::unique_ptr<io::HttpServer>> servers_;
};

}  // namespace proxy
