#include "proxy/health_checks.h"

#include "base/log.h"
#include "base/strings.h"

namespace proxy {

std::string LocalHealth::text() const {
  return base::cat(
      {"{\n\t\"service\": {\n\t\t\"namespace\": ", base::quote(namespace_), ",\n\t\t\"name\": ", base::quote(service),
       "\n\t},\n\t\"localEndpoints\": ", std::to_string(endpoints), ",\n\t\"serviceProxyHealthy\": true\n}"});
}

LocalHealthByPort local_health(const Snapshot& snapshot) {
  std::map<int, std::set<std::string>> addresses;
  LocalHealthByPort found;
  for (const auto& port : snapshot.ports) {
    if (port.health_check_port == 0 || !port.external_local) continue;
    auto& health = found[port.health_check_port];
    health.namespace_ = port.namespace_;
    health.service = port.service;
    auto& seen = addresses[port.health_check_port];
    for (const auto& endpoint : port.local_endpoints) {
      if (endpoint.ready) seen.insert(endpoint.address);
    }
    health.endpoints = seen.size();
  }
  return found;
}

io::Task<void> HealthChecks::answer(int port, io::ResponseWriter& writer) {
  const LocalHealth& health = health_[port];
  io::Headers headers;
  headers.add("content-type", "application/json");
  headers.add("x-content-type-options", "nosniff");
  headers.add("x-load-balancing-endpoint-weight", std::to_string(health.endpoints));
  writer.send(health.status(), std::move(headers), base::Bytes(health.text()));
  co_return;
}

void HealthChecks::set(LocalHealthByPort wanted, const std::string& host) {
  std::erase_if(servers_, [&](const auto& one) { return !wanted.contains(one.first); });
  health_ = std::move(wanted);
  for (const auto& [port, health] : health_) {
    if (servers_.contains(port)) continue;
    io::HttpServerOptions options;
    options.address.host = host;
    options.address.port = static_cast<uint16_t>(port);
    options.connections_max = 100;
    auto server = io::HttpServer::create(std::move(options),
                                         [this, port](const io::Request&, const io::Peer&, io::RequestBody&,
                                                      io::ResponseWriter& writer) { return answer(port, writer); });
    if (server) {
      servers_.emplace(port, std::move(*server));
    } else {
      LOG_ERROR("Load balancers cannot ask for a service's health",
                {"service", health.namespace_ + "/" + health.service}, {"port", std::to_string(port)},
                {"err", server.error().message()});
    }
  }
}

}  // namespace proxy
