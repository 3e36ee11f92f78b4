// Our metrics.k8s.io over a kubelet on loopback, and beside an APIService that names who serves it.

#include "apiserver/resource_metrics/version.h"

#include <gtest/gtest.h>

#include "api/core_v1.h"
#include "api/metrics_k8s_io_v1beta1.h"
#include "apiserver/proxy/kubelet_dialer.h"
#include "apiserver/testing_server.h"
#include "base/strings.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/test_certificates.h"
#include "schema/json.h"

namespace apiserver::resource_metrics {
namespace {

namespace core = api::core_v1;
namespace metrics = api::metrics_k8s_io_v1beta1;

constexpr int64_t kSecond = 1'000'000'000;

// Plays a kubelet: each look is ten seconds after the one before, in which node and container used 5 and 2 s.
struct Played {
  base::FakeClock clock;
  int looks = 0;
  int status = 200;

  std::string text() {
    clock.advance_ns(10 * kSecond);
    ++looks;
    std::string labels = "{container=\"app\",namespace=\"default\",pod=\"web\"} ";
    return base::cat({"node_cpu_usage_seconds_total ", std::to_string(100 + looks * 5), "\n",
                      "node_memory_working_set_bytes 2097152\n", "container_cpu_usage_seconds_total", labels,
                      std::to_string(looks * 2), "\n", "container_memory_working_set_bytes", labels, "1536\n",
                      "container_start_time_seconds", labels, "1\n"});
  }
};

io::Task<void> play(Played* played, const io::Request& request, io::ResponseWriter& writer) {
  EXPECT_EQ(request.target, "/metrics/resource");
  writer.send(played->status, {}, base::Bytes(played->text()));
  co_return;
}

struct ResourceMetrics : testing::Test {
  Played played;
  TestServer server;  // its store and loop
  io::TestCertificate serving = io::make_test_certificate("node", "IP:127.0.0.1");
  std::unique_ptr<io::HttpServer> kubelet;
  std::unique_ptr<KubeletDialer> dialer;
  std::optional<Version> version;

  void SetUp() override {
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    options.tls = *io::TlsServer::create(
        {.certificate = {.chain = {.text = serving.certificate_pem}, .key = {.text = serving.key_pem}}});
    Played* p = &played;
    kubelet = *io::HttpServer::create(options, [p](const io::Request& request, const io::Peer&, io::RequestBody&,
                                                   io::ResponseWriter& writer) { return play(p, request, writer); });
    dialer = *KubeletDialer::create({});
    version.emplace(server.server().registry().reader(), dialer.get(), played.clock, std::chrono::milliseconds(0));

    core::Node node;
    node.metadata.name = "n1";
    node.metadata.labels = {{"disk", "ssd"}};
    node.status.addresses.push_back({"InternalIP", "127.0.0.1"});
    node.status.daemon_endpoints.kubelet_endpoint.port = kubelet->address().port;
    put(node);
    node.metadata.name = "gone";
    node.metadata.labels.clear();
    node.status.daemon_endpoints.kubelet_endpoint.port = 1;
    put(node);
    for (std::string name : {"web", "ended"}) {
      core::Pod pod;
      pod.metadata.namespace_ = "default";
      pod.metadata.name = name;
      pod.metadata.labels = {{"app", name}};
      pod.spec.node_name = "n1";
      pod.status.phase = name == "web" ? "Running" : "Succeeded";
      put(pod);
    }
  }

  template <class T>
  void put(T object) {
    const Served& served = server.server().registry().catalog().of<T>();
    auto key = served.key(object.metadata.namespace_, object.metadata.name);
    base::Bytes value(served.encode(schema::Object(std::move(object))));
    ASSERT_TRUE(server.loop().run_task(server.store().update(
        key, [value](const store::Entry*) -> base::Result<store::Change> { return store::Change::put(value); })));
  }
  base::Result<schema::Object> get(std::string target) {
    Call call;
    call.method = "GET";
    auto question = target.find('?');
    if (question != std::string::npos) call.query = Query(std::string_view(target).substr(question + 1));
    call.info = parse_request_info("GET", "/apis/metrics.k8s.io/v1beta1" + target.substr(0, question), call.query);
    return server.loop().run_task(version->answer(call));
  }
  std::vector<std::string> names(std::string target) {
    std::vector<std::string> found;
    auto answer = get(std::move(target));
    if (!answer) return {answer.error().message()};
    if (auto* nodes = answer->get_if<metrics::NodeMetricsList>())
      for (const auto& one : nodes->items) found.push_back(one.metadata.name);
    if (auto* pods = answer->get_if<metrics::PodMetricsList>())
      for (const auto& one : pods->items) found.push_back(one.metadata.name);
    return found;
  }
};

using Names = std::vector<std::string>;

TEST_F(ResourceMetrics, NodesTellWhatTheyUse) {
  auto answer = get("/nodes/n1");
  ASSERT_TRUE(answer) << answer.error().message();
  const auto& node = answer->as<metrics::NodeMetrics>();
  EXPECT_EQ(node.metadata.labels.at("disk"), "ssd");
  EXPECT_EQ(node.usage.at("cpu").to_string(), "500m");
  EXPECT_EQ(node.usage.at("memory").to_string(), "2Mi");
  EXPECT_EQ(node.window.ns, 10 * kSecond);
  EXPECT_EQ(played.looks, 2);
}

TEST_F(ResourceMetrics, PodsTellWhatEachContainerUses) {
  auto answer = get("/namespaces/default/pods/web");
  ASSERT_TRUE(answer) << answer.error().message();
  const auto& pod = answer->as<metrics::PodMetrics>();
  ASSERT_EQ(pod.containers.size(), 1u);
  EXPECT_EQ(pod.containers[0].name, "app");
  EXPECT_EQ(pod.containers[0].usage.at("cpu").to_string(), "200m");
  EXPECT_EQ(pod.containers[0].usage.at("memory").to_string(), "1536");
}

TEST_F(ResourceMetrics, WhatIsFreshIsToldAgainAndOneLookIsEnoughAfterAWhile) {
  EXPECT_EQ(names("/nodes"), Names{"n1"});
  EXPECT_EQ(played.looks, 2);
  EXPECT_EQ(names("/pods"), Names{"web"});
  EXPECT_EQ(played.looks, 2);
  played.clock.advance_ns(20 * kSecond);
  EXPECT_EQ(names("/nodes"), Names{"n1"});
  EXPECT_EQ(played.looks, 3);
  played.clock.advance_ns(3600 * kSecond);
  EXPECT_EQ(names("/nodes"), Names{"n1"});
  EXPECT_EQ(played.looks, 5);
}

TEST_F(ResourceMetrics, SelectorsChoose) {
  EXPECT_EQ(names("/nodes?labelSelector=disk%3Dssd"), Names{"n1"});
  EXPECT_EQ(names("/nodes?labelSelector=disk%3Dhdd"), Names{});
  EXPECT_EQ(names("/nodes?fieldSelector=metadata.name%3Dother"), Names{});
  EXPECT_EQ(names("/namespaces/default/pods?labelSelector=app%3Dweb"), Names{"web"});
  EXPECT_EQ(names("/namespaces/other/pods"), Names{});
  EXPECT_EQ(names("/pods?fieldSelector=metadata.namespace%3Ddefault,metadata.name%3Dweb"), Names{"web"});
  EXPECT_EQ(names("/pods?fieldSelector=no.such%3Dfield"), Names{"field label not supported: no.such"});
}

TEST_F(ResourceMetrics, WhatIsNotMeasuredIsNotFound) {
  EXPECT_EQ(get("/nodes/none").error().message(), "nodemetrics.metrics.k8s.io \"none\" not found");
  EXPECT_EQ(get("/nodes/gone").error().message(), "nodemetrics.metrics.k8s.io \"gone\" not found");
  EXPECT_EQ(get("/namespaces/default/pods/ended").error().message(),
            "podmetrics.metrics.k8s.io \"default/ended\" not found");
  played.status = 403;
  EXPECT_EQ(names("/nodes"), Names{});
  EXPECT_EQ(get("/things").error().code(), base::Code::NotFound);
  EXPECT_EQ(get("/pods?watch=true").error().code(), base::Code::MethodNotAllowed);
}

TEST_F(ResourceMetrics, TablesShowTheSumOfAPod) {
  auto answer = get("/pods");
  ASSERT_TRUE(answer);
  auto table = version->table(*answer);
  ASSERT_EQ(table.column_definitions.size(), 4u);
  EXPECT_EQ(table.column_definitions[1].name, "cpu");
  EXPECT_EQ(table.column_definitions[1].format, "quantity");
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.rows[0].cells, (Names{"\"web\"", "\"200m\"", "\"1536\"", "\"10s\""}));
}

// The whole server, over HTTP.
struct Beside : testing::Test {
  class Anybody final : public Authenticator {
   public:
    io::Task<base::Result<std::optional<User>>> authenticate(const io::Request&, const io::Peer&) override {
      co_return std::nullopt;
    }
  };
  class Everything final : public Authorizer {
   public:
    std::optional<Authorization> decide(const AuthorizationAttributes&) const override {
      return Authorization{.decision = Decision::Allow};
    }
  };
  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  io::Loop::Entered entered{*loop};
  Anybody anybody;
  Everything everything;
  std::unique_ptr<store::Store> store = store::open_memory({.indexer = make_indexer()});
  Server server{{.store = *store,
                 .authenticator = anybody,
                 .authorizer = everything,
                 .clock = base::system_clock(),
                 .random = base::system_random(),
                 .resource_metrics = true}};
  std::unique_ptr<io::HttpServer> front;
  std::unique_ptr<io::HttpClient> client;
  io::Scope scope;

  void SetUp() override {
    scope.spawn(server.run());
    loop->run_task(server.wait_synced());
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    front = *io::HttpServer::create(
        options, [this](const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                        io::ResponseWriter& writer) { return server.serve(request, peer, body, writer); });
    client = *io::HttpClient::create({.url = "http://" + front->address().text()});
  }
  void TearDown() override {
    scope.cancel();
    store->close();
  }

  static io::Task<base::Result<std::string>> fetch(io::HttpClient* client, std::string method, std::string target,
                                                   std::string body) {
    io::Headers headers;
    headers.add("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
    if (!body.empty()) headers.add("content-type", "application/json");
    CO_TRY(auto answer, co_await client->request(method, target, std::move(headers), base::Bytes(std::move(body))));
    CO_TRY(auto text, co_await io::read_all(*answer, 1 << 20));
    co_return base::cat({std::to_string(answer->head().status), " ", text});
  }
  std::string send(std::string method, std::string target, std::string body = "") {
    auto told = loop->run_task(fetch(client.get(), std::move(method), std::move(target), std::move(body)));
    return told ? *told : told.error().message();
  }
  // Asks until the answer begins so; the last one.
  std::string until(std::string_view begins, std::string target) {
    std::string told;
    for (int i = 0; i < 2000 && !told.starts_with(begins); ++i) told = send("GET", target);
    return told;
  }
};

TEST_F(Beside, DiscoveryTellsOfIt) {
  EXPECT_NE(send("GET", "/apis").find("metrics.k8s.io/v1beta1"), std::string::npos);
  auto list = send("GET", "/apis/metrics.k8s.io/v1beta1");
  EXPECT_TRUE(list.starts_with("200 ")) << list;
  EXPECT_NE(
      list.find(R"({"name":"pods","singularName":"","namespaced":true,"kind":"PodMetrics","verbs":["get","list"]})"),
      std::string::npos)
      << list;
  auto nodes = send("GET", "/apis/metrics.k8s.io/v1beta1/nodes");
  EXPECT_TRUE(nodes.starts_with(R"(200 {"kind":"Table","apiVersion":"meta.k8s.io/v1")")) << nodes;
  EXPECT_TRUE(send("GET", "/apis/metrics.k8s.io/v1beta1/things").starts_with("404 "));
}

TEST_F(Beside, AnApiServiceWithAServerTakesItsPlaceWhileItIsThere) {
  constexpr const char* kNodes = "/apis/metrics.k8s.io/v1beta1/nodes";
  auto made =
      send("POST", "/apis/apiregistration.k8s.io/v1/apiservices",
           R"({"metadata":{"name":"v1beta1.metrics.k8s.io"},"spec":{"group":"metrics.k8s.io","version":"v1beta1",
                       "groupPriorityMinimum":100,"versionPriority":100,"insecureSkipTLSVerify":true,
                       "service":{"namespace":"kube-system","name":"metrics-server"}}})");
  ASSERT_TRUE(made.starts_with("201 ")) << made;
  EXPECT_EQ(until("503", kNodes), "503 service unavailable\n");
  send("DELETE", "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io");
  EXPECT_TRUE(until("200", kNodes).starts_with("200 "));
}

}  // namespace
}  // namespace apiserver::resource_metrics
