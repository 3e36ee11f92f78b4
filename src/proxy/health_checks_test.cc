#include "proxy/health_checks.h"

#include <gtest/gtest.h>

#include "io/http_client.h"
#include "io/loop.h"
#include "proxy/testing.h"

namespace proxy {
namespace {

// A port that is free now.
int free_port() {
  io::HttpServerOptions options;
  options.address.host = "127.0.0.1";
  auto server = io::HttpServer::create(options, {});
  return server ? (*server)->address().port : 0;
}

struct Asking : testing::Test {
  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  io::Loop::Entered entered{*loop};
  int port = free_port();
  HealthChecks checks;

  void show(const std::vector<EndpointSpec>& endpoints) {
    World world;
    auto& service = world.service("web", "10.96.0.10", 80);
    service.spec.external_traffic_policy = "Local";
    service.spec.health_check_node_port = port;
    world.slice("web", 8080, endpoints);
    checks.set(local_health(make_snapshot(world.services, world.slices, {.node = "n1"}, Family::IPv4)), "127.0.0.1");
  }

  static io::Task<base::Result<std::string>> fetch(std::string url) {
    CO_TRY(auto client, io::HttpClient::create({.url = std::move(url)}));
    CO_TRY(auto answer, co_await client->request("GET", "/"));
    CO_TRY(auto text, co_await io::read_all(*answer, 1 << 16));
    co_return std::to_string(answer->head().status) + " " +
        std::string(answer->head().headers.get("x-load-balancing-endpoint-weight")) + " " + text;
  }
  std::string ask() {
    auto answer = loop->run_task(fetch("http://127.0.0.1:" + std::to_string(port)));
    return answer ? *answer : "nobody listens";
  }
};

TEST_F(Asking, OnlyReadyEndpointsOfThisNodeCount) {
  show({{"10.244.0.2", "n1"},
        {"10.244.1.2", "n2"},
        {.address = "10.244.0.3", .ready = false, .serving = true, .terminating = true}});
  EXPECT_EQ(ask(),
            "200 1 {\n\t\"service\": {\n\t\t\"namespace\": \"default\",\n\t\t\"name\": \"web\"\n\t},\n"
            "\t\"localEndpoints\": 1,\n\t\"serviceProxyHealthy\": true\n}");
}

TEST_F(Asking, ANodeWithoutReadyOnesIsNotToGetTraffic) {
  show({{.address = "10.244.0.3", .ready = false, .serving = true, .terminating = true}});
  EXPECT_TRUE(ask().starts_with("503 0 "));
  show({{"10.244.0.2", "n1"}});
  EXPECT_TRUE(ask().starts_with("200 1 "));
}

TEST_F(Asking, ThePortGoesWithTheService) {
  show({{"10.244.0.2", "n1"}});
  checks.set({}, "127.0.0.1");
  EXPECT_EQ(ask(), "nobody listens");
}

}  // namespace
}  // namespace proxy
