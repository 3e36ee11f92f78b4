// A server of another's on loopback, and ours in front of it.

#include "apiserver/aggregation/aggregator.h"

#include <gtest/gtest.h>

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "apiserver/testing_server.h"
#include "base/strings.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/test_certificates.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver {
namespace {

constexpr std::string_view kResources =
    R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":"x.io/v1","resources":[
        {"name":"things","singularName":"thing","namespaced":true,"kind":"Thing","verbs":["get","list"]},
        {"name":"things/status","singularName":"","namespaced":true,"kind":"Thing","verbs":["get"]}]})";

constexpr std::string_view kIndex =
    R"({"paths":{"apis/x.io/v1":{"serverRelativeURL":"/openapi/v3/apis/x.io/v1?hash=AB"}}})";

struct Seen {
  std::vector<std::string> targets;
  io::Headers headers;
  std::string body;
};

io::Task<void> play_extension(Seen* seen, const io::Request& request, io::RequestBody& body,
                              io::ResponseWriter& writer) {
  if (request.target == "/apis/x.io/v1" && request.headers.get("x-remote-user") == "system:kube-aggregator") {
    writer.send(200, {}, base::Bytes(std::string(kResources)));
    co_return;
  }
  if (request.target == "/openapi/v3" && request.headers.get("x-remote-user") == "system:aggregator") {
    writer.send(200, {}, base::Bytes(std::string(kIndex)));
    co_return;
  }
  seen->targets.push_back(request.method + " " + request.target);
  seen->headers = request.headers;
  if (request.headers.has("upgrade")) {
    io::Headers headers;
    headers.add("connection", "Upgrade");
    headers.add("upgrade", "SPDY/3.1");
    auto stream = writer.upgrade(std::move(headers));
    if (!stream) co_return;
    auto piece = co_await (*stream)->read();
    if (piece) (void)co_await (*stream)->write(base::Bytes("echo " + *piece));
    (*stream)->close();
    co_return;
  }
  auto all = co_await body.read_all(1 << 20);
  if (all) seen->body = *all;
  writer.send(418, {}, base::Bytes::literal("from afar"));
}

struct Aggregation : testing::Test {
  Seen seen;
  TestServer ours;
  io::Scope scope;
  io::TestCertificate authority = io::make_test_certificate("authority");
  io::TestCertificate serving = io::make_test_certificate("ext", "DNS:ext.default.svc", &authority);
  std::unique_ptr<io::HttpServer> extension, front;
  std::unique_ptr<io::HttpClient> client;

  void SetUp() override {
    scope.spawn(ours.server().run());
    ours.loop().run_task(ours.server().wait_synced());
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    front = *io::HttpServer::create(
        options, [this](const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                        io::ResponseWriter& writer) { return ours.server().serve(request, peer, body, writer); });
    client = *io::HttpClient::create({.url = "http://" + front->address().text()});
    options.tls = *io::TlsServer::create(
        {.certificate = {.chain = {.text = serving.certificate_pem}, .key = {.text = serving.key_pem}}});
    Seen* s = &seen;
    extension = *io::HttpServer::create(
        options, [s](const io::Request& request, const io::Peer&, io::RequestBody& body, io::ResponseWriter& writer) {
          return play_extension(s, request, body, writer);
        });
  }
  void TearDown() override { scope.cancel(); }

  // Straight to the store: the API would not let loopback addresses in.
  template <class T>
  void put(T object) {
    const Served& served = ours.server().registry().catalog().of<T>();
    auto key = served.key(object.metadata.namespace_, object.metadata.name);
    base::Bytes value(served.encode(schema::Object(std::move(object))));
    auto written = ours.loop().run_task(ours.store().update(
        key, [value](const store::Entry*) -> base::Result<store::Change> { return store::Change::put(value); }));
    ASSERT_TRUE(written) << written.error().message();
  }
  void put_service() {
    api::core_v1::Service service;
    service.metadata.namespace_ = "default";
    service.metadata.name = "ext";
    service.spec.type = "ClusterIP";
    service.spec.cluster_ip = "127.0.0.1";
    service.spec.ports.emplace_back().port = extension->address().port;
    put(std::move(service));
  }
  void put_endpoints() {
    api::discovery_k8s_io_v1::EndpointSlice slice;
    slice.metadata.namespace_ = "default";
    slice.metadata.name = "ext-1";
    slice.metadata.labels = {{"kubernetes.io/service-name", "ext"}};
    slice.ports.emplace_back().port = extension->address().port;
    slice.endpoints.emplace_back().addresses = {"127.0.0.1"};
    put(std::move(slice));
  }
  void register_api(std::string_view trust) {
    auto reply = ours.send(
        "POST", "/apis/apiregistration.k8s.io/v1/apiservices",
        base::cat(
            {R"({"metadata":{"name":"v1.x.io"},"spec":{"group":"x.io","version":"v1","groupPriorityMinimum":100,)",
             R"("versionPriority":10,)", trust, R"("service":{"namespace":"default","name":"ext","port":)",
             std::to_string(extension->address().port), "}}}"}));
    ASSERT_EQ(reply.status, 201) << reply.body;
  }
  std::string trusting() {
    return base::cat({R"("caBundle":")", base::base64_encode(authority.certificate_pem), R"(",)"});
  }

  struct Answer {
    int status = 0;
    std::string body;
    std::string type;
  };
  static io::Task<base::Result<Answer>> fetch(io::HttpClient* client, std::string method, std::string target,
                                              io::Headers headers, std::string body) {
    CO_TRY(auto stream, co_await client->request(method, target, headers, base::Bytes(std::move(body))));
    Answer answer{stream->head().status, "", std::string(stream->head().headers.get("content-type"))};
    CO_TRY(answer.body, co_await io::read_all(*stream, 1 << 22));
    co_return answer;
  }
  Answer ask(std::string method, std::string target, io::Headers headers = {}, std::string body = {}) {
    auto answer = ours.loop().run_task(
        fetch(client.get(), std::move(method), std::move(target), std::move(headers), std::move(body)));
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? *answer : Answer{};
  }
  // Turns the loop with requests until the condition gives this reason.
  std::string wait_for(std::string_view reason) {
    std::string now;
    for (int i = 0; i < 2000; ++i) {
      auto value = schema::Value::parse(ask("GET", "/apis/apiregistration.k8s.io/v1/apiservices/v1.x.io").body);
      if (!value) continue;
      const auto* conditions = value->at({"status", "conditions"});
      if (conditions == nullptr) continue;
      now = conditions->to_json();
      if (now.find(reason) != std::string::npos) break;
    }
    return now;
  }
  void expect_reason(std::string_view reason) {
    EXPECT_NE(wait_for(base::cat({R"("reason":")", reason, "\""})).find(reason), std::string::npos) << reason;
  }
  static io::Task<base::Result<std::string>> talk(io::HttpClient* client, std::string target, std::string text) {
    io::Headers headers;
    headers.add("connection", "Upgrade, X-Remote-User");
    headers.add("upgrade", "SPDY/3.1");
    CO_TRY(auto upgraded, co_await client->upgrade("GET", target, headers));
    if (!upgraded.stream) co_return base::fail(base::Code::Internal, std::to_string(upgraded.head.status));
    CO_TRY(co_await upgraded.stream->write(base::Bytes(std::move(text))));
    co_return co_await upgraded.stream->read();
  }
};

TEST_F(Aggregation, ConditionFollowsServiceAndEndpoints) {
  register_api(trusting());
  expect_reason("ServiceNotFound");
  auto answer = ask("GET", "/apis/x.io/v1/things");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "service unavailable\n");
  EXPECT_EQ(answer.type, "text/plain; charset=utf-8");
  put_service();
  expect_reason("EndpointsNotFound");
  put_endpoints();
  expect_reason("Passed");
  EXPECT_EQ(ask("GET", "/apis/x.io/v1/things").status, 418);
  ours.send("DELETE", "/apis/apiregistration.k8s.io/v1/apiservices/v1.x.io");
  for (int i = 0; i < 1000 && ask("GET", "/apis/x.io/v1/things").status == 418; ++i) {
  }
  EXPECT_EQ(ask("GET", "/apis/x.io/v1/things").status, 404);
}

TEST_F(Aggregation, RequestsReachTheServerWithTheUsersNameAndWithoutHisCredentials) {
  put_service();
  put_endpoints();
  register_api(trusting());
  expect_reason("Passed");
  io::Headers headers;
  headers.add("authorization", "Bearer secret");
  headers.add("x-remote-group", "system:masters");
  headers.add("x-mine", "1");
  auto answer = ask("POST", "/apis/x.io/v1/namespaces/a/things?x=%2F", headers, "content");
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.body, "from afar");
  EXPECT_EQ(seen.targets, (std::vector<std::string>{"POST /apis/x.io/v1/namespaces/a/things?x=%2F"}));
  EXPECT_EQ(seen.body, "content");
  EXPECT_EQ(seen.headers.get("x-remote-user"), kAnonymousUser);
  ASSERT_EQ(seen.headers.all("x-remote-group").size(), 1u);
  EXPECT_EQ(seen.headers.get("x-remote-group"), kUnauthenticatedGroup);
  EXPECT_EQ(seen.headers.get("x-mine"), "1");
  EXPECT_FALSE(seen.headers.has("authorization"));
  auto echoed = ours.loop().run_task(talk(client.get(), "/apis/x.io/v1/namespaces/a/things/b/console", "hi"));
  ASSERT_TRUE(echoed) << echoed.error().message();
  EXPECT_EQ(*echoed, "echo hi");
  EXPECT_EQ(seen.headers.get("connection"), "Upgrade");
  EXPECT_EQ(seen.headers.get("x-remote-user"), kAnonymousUser);
}

TEST_F(Aggregation, NoPathReachesTheServerThatItMayTakeForAnother) {
  put_service();
  put_endpoints();
  register_api(trusting());
  expect_reason("Passed");
  for (std::string_view path :
       {"/apis/x.io/v1//namespaces/a/things", "/apis/x.io/v1/namespaces/a/../../things",
        "/apis/x.io/v1/namespaces/a/%2e%2e/%2E%2e/things", "/apis/x.io/v1/namespaces/a/things/./b", "/apis/x.io/v1/..",
        "/apis/x.io/v1/namespaces/a/things/..%2f..%2fb", "/openapi/v3/apis/x.io/v1/../v2"}) {
    EXPECT_EQ(ask("GET", std::string(path)).status, 404) << path;
  }
  EXPECT_TRUE(seen.targets.empty()) << seen.targets.front();
  EXPECT_EQ(ask("GET", "/apis/x.io/v1/namespaces/a/things/").status, 418);
  EXPECT_EQ(ask("GET", "/apis/x.io/v1/namespaces/a/things/..b").status, 418);
}

TEST_F(Aggregation, AServerThatCannotBeTrustedOrReachedHarmsNobodyElse) {
  put_service();
  put_endpoints();
  register_api("");
  expect_reason("FailedDiscoveryCheck");
  EXPECT_EQ(ask("GET", "/apis/x.io/v1").status, 503);
  EXPECT_EQ(ask("GET", "/apis/apps/v1").status, 200);
  io::Headers aggregated;
  aggregated.add("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_NE(ask("GET", "/apis", aggregated).body.find(R"({"version":"v1","freshness":"Stale"})"), std::string::npos);
}

TEST_F(Aggregation, ItsDescriptionIsInTheIndexAndComesFromItself) {
  auto url = [&] {
    auto index = schema::Value::parse(ask("GET", "/openapi/v3").body);
    return index ? std::string(index->text_at({"paths", "apis/x.io/v1", "serverRelativeURL"})) : "no index";
  };
  EXPECT_EQ(url(), "");
  put_service();
  put_endpoints();
  register_api(trusting());
  expect_reason("Passed");
  EXPECT_EQ(url(), "/openapi/v3/apis/x.io/v1?hash=AB");
  EXPECT_EQ(ask("GET", url()).body, "from afar");
  EXPECT_EQ(seen.targets, (std::vector<std::string>{"GET /openapi/v3/apis/x.io/v1?hash=AB"}));
}

constexpr const char* kDefinitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

// Of a cluster kind in y.io/v1.
std::string definition(std::string_view plural) {
  return base::cat({R"({"metadata":{"name":")", plural,
                    R"(.y.io"},"spec":{"group":"y.io","scope":"Cluster","names":{"plural":")", plural, R"(","kind":"K)",
                    plural,
                    R"("},"versions":[{"name":"v1","served":true,"storage":true,)"
                    R"("schema":{"openAPIV3Schema":{"type":"object"}}}]}})"});
}

TEST_F(Aggregation, DefinitionsMayComeAndGoFasterThanTheirAPIServices) {
  constexpr std::string_view kPath = "/apis/apiregistration.k8s.io/v1/apiservices/v1.y.io";
  for (int round = 0; round < 40; ++round) {
    for (const char* plural : {"as", "bs"}) ours.send("POST", kDefinitions, definition(plural));
    if (round % 3 == 0) ours.send("DELETE", std::string(kPath));
    for (const char* plural : {"as", "bs"}) ours.send("DELETE", base::cat({kDefinitions, "/", plural, ".y.io"}));
  }
  int status = 0;
  for (int i = 0; i < 2000 && status != 404; ++i) status = ask("GET", std::string(kPath)).status;
  EXPECT_EQ(status, 404);
}

TEST_F(Aggregation, CustomVersionsHaveAnAPIServiceAsLongAsTheyAreServed) {
  constexpr std::string_view kPath = "/apis/apiregistration.k8s.io/v1/apiservices/v1.y.io";
  // The APIService once its status is `wanted`, or what it was last.
  auto wait = [&](int wanted) {
    Answer answer;
    for (int i = 0; i < 2000; ++i) {
      answer = ask("GET", std::string(kPath));
      if (answer.status == wanted && (wanted != 200 || answer.body.find(R"("reason":"Local")") != std::string::npos))
        break;
    }
    return answer;
  };
  auto made = ours.send("POST", kDefinitions, definition("as"));
  ASSERT_EQ(made.status, 201) << made.body;
  auto service = schema::Value::parse(wait(200).body);
  ASSERT_TRUE(service);
  EXPECT_EQ(service->text_at({"metadata", "labels", "kube-aggregator.kubernetes.io/automanaged"}), "true");
  EXPECT_EQ(service->at({"spec"})->to_json(),
            R"({"group":"y.io","version":"v1","groupPriorityMinimum":1000,"versionPriority":100})");
  // Taken away by somebody, it comes back; with the definition it goes.
  ours.send("DELETE", std::string(kPath));
  EXPECT_EQ(wait(200).status, 200);
  ours.send("DELETE", base::cat({kDefinitions, "/as.y.io"}));
  EXPECT_EQ(wait(404).status, 404);
}

TEST_F(Aggregation, DiscoveryTellsOfItInBothForms) {
  put_service();
  put_endpoints();
  register_api(R"("insecureSkipTLSVerify":true,)");
  expect_reason("Passed");
  EXPECT_NE(ask("GET", "/apis").body.find(R"("groupVersion":"x.io/v1")"), std::string::npos);
  EXPECT_EQ(ask("GET", "/apis/x.io").status, 200);
  io::Headers aggregated;
  aggregated.add("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  auto body = ask("GET", "/apis", aggregated).body;
  EXPECT_NE(body.find(R"("resource":"things")"), std::string::npos) << body.substr(body.size() - 600);
  EXPECT_EQ(body.find("Stale"), std::string::npos);
}

}  // namespace
}  // namespace apiserver
