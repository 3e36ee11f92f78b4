#include "apiserver/proxy/connect.h"

#include <gtest/gtest.h>

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "apiserver/proxy/forward.h"
#include "apiserver/proxy/kubelet_dialer.h"
#include "apiserver/proxy/locate.h"
#include "apiserver/proxy/pod_streams.h"
#include "apiserver/registry/served.h"
#include "base/random.h"
#include "base/strings.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/splice.h"
#include "io/test_certificates.h"
#include "io/transport.h"
#include "io/upgrade.h"
#include "io/websocket.h"
#include "schema/value.h"
#include "store/store.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

// What the kubelet, or any backend, was asked.
struct Seen {
  std::vector<std::string> targets;
  io::Headers headers;
  std::string peer_certificate;
  std::string body;
};

io::Task<void> play_backend(Seen* seen, const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                            io::ResponseWriter& writer) {
  seen->targets.push_back(request.method + " " + request.target);
  seen->headers = request.headers;
  seen->peer_certificate = peer.certificates_der.empty() ? "" : peer.certificates_der[0];
  io::Headers headers;
  if (request.path().starts_with("/exec/") || request.path().starts_with("/portForward/")) {
    headers.add("connection", "Upgrade");
    headers.add("upgrade", "SPDY/3.1");
    auto stream = writer.upgrade(std::move(headers));
    if (!stream) co_return;
    auto piece = co_await (*stream)->read();
    if (piece) (void)co_await (*stream)->write(base::Bytes("echo " + *piece));
    (*stream)->close();
  } else if (request.path().ends_with("/waiting")) {
    writer.send(400, {},
                base::Bytes::literal("container \"waiting\" in pod \"web\" is waiting to start: ContainerCreating"));
  } else if (request.path() == "/moved") {
    headers.add("location", "/elsewhere");
    headers.add("x-kept", "yes");
    headers.add("keep-alive", "timeout=5");
    writer.send(302, std::move(headers), {});
  } else if (request.path() == "/page" || request.path() == "/packed") {
    headers.add("content-type", "Text/HTML; charset=utf-8");
    if (request.path() == "/packed") headers.add("content-encoding", "secret");
    writer.send(200, std::move(headers), base::Bytes::literal("<a href=\"/next\">next</a>"));
  } else if (request.path().starts_with("/containerLogs/")) {
    writer.start(200, {});
    for (auto line : {"one\n", "two\n"}) {
      if (!co_await writer.write(base::Bytes::literal(line))) co_return;
    }
    writer.finish();
  } else {
    auto all = co_await body.read_all(1 << 20);
    if (all) seen->body = *all;
    writer.send(200, {}, base::Bytes::literal("hello"));
  }
}

// All messages of a WebSocket, until the server ends it.
io::Task<base::Result<std::vector<std::string>>> read_messages(io::Address address, std::string target,
                                                               std::string protocol) {
  CO_TRY(auto connected, co_await io::connect(std::move(address)));
  io::Request request;
  request.target = std::move(target);
  request.authority = "test";
  io::ask_for_websocket(request, {protocol});
  CO_TRY(auto upgraded, co_await io::connect_upgraded(io::make_stream(std::move(connected)), std::move(request)));
  io::WebSocketParser parser(io::WebSocketRole::Client, 1 << 20);
  std::vector<std::string> messages;
  for (;;) {
    CO_TRY(auto message, parser.next());
    if (message && message->kind == io::WebSocketKind::Close) co_return messages;
    if (message) {
      messages.push_back(message->payload);
      continue;
    }
    CO_TRY(auto piece, co_await upgraded.stream->read());
    if (piece.empty()) co_return base::fail(base::Code::Closed, "no close frame came");
    parser.feed(piece);
  }
}

core::Pod make_pod(std::string name, std::vector<std::string> containers, std::string node) {
  core::Pod pod;
  pod.metadata.name = std::move(name);
  pod.metadata.namespace_ = "default";
  pod.spec.node_name = std::move(node);
  for (auto& container : containers) pod.spec.containers.emplace_back().name = std::move(container);
  return pod;
}

// A client, the API server's handlers, and what is behind them, each with a socket.
struct Connect : testing::Test {
  Seen seen;
  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  io::Loop::Entered entered{*loop};
  Catalog catalog;
  std::unique_ptr<store::Store> store = store::open_memory({.indexer = make_indexer()});
  Reader reader{*store, catalog};
  io::TestCertificate authority = io::make_test_certificate("authority");
  io::TestCertificate serving = io::make_test_certificate("node", "IP:127.0.0.1", &authority);
  io::TestCertificate ours = io::make_test_certificate("kube-apiserver-kubelet-client", "", &authority);
  std::unique_ptr<io::HttpServer> kubelet, plain, front;
  std::unique_ptr<KubeletDialer> dialer;
  std::unique_ptr<io::HttpClient> client;

  void SetUp() override {
    Seen* s = &seen;
    auto handler = [s](const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                       io::ResponseWriter& writer) { return play_backend(s, request, peer, body, writer); };
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    plain = *io::HttpServer::create(options, handler);
    options.tls = *io::TlsServer::create(
        {.certificate = {.chain = {.text = serving.certificate_pem}, .key = {.text = serving.key_pem}}});
    kubelet = *io::HttpServer::create(options, handler);
    dialer = *KubeletDialer::create({.certificate = {.text = ours.certificate_pem},
                                     .key = {.text = ours.key_pem},
                                     .authority = {.text = authority.certificate_pem}});
    options.tls = nullptr;
    front = *io::HttpServer::create(
        options, [this](const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                        io::ResponseWriter& writer) { return serve(this, request, peer, body, writer); });
    client = *io::HttpClient::create({.url = "http://" + front->address().text()});

    core::Node node;
    node.metadata.name = "n1";
    node.status.addresses.push_back({"Hostname", "no-such-host.invalid"});
    node.status.addresses.push_back({"InternalIP", "127.0.0.1"});
    node.status.daemon_endpoints.kubelet_endpoint.port = kubelet->address().port;
    put(std::move(node));
    put(make_pod("web", {"app"}, "n1"));
    put(make_pod("two", {"c", "d"}, "n1"));
    put(make_pod("new", {"app"}, ""));
    auto waiting = make_pod("slow", {"waiting"}, "n1");
    waiting.status.pod_ip = "127.0.0.1";
    waiting.spec.containers[0].ports.emplace_back().container_port = plain->address().port;
    put(std::move(waiting));
  }

  static io::Task<void> serve(Connect* test, const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                              io::ResponseWriter& writer) {
    Call call;
    call.method = request.method;
    call.query = Query(request.query());
    call.info = parse_request_info(request.method, request.path(), call.query);
    Response response(request, call, writer);
    EXPECT_TRUE(is_connect(call)) << request.target;
    ConnectDesk desk{test->reader, test->dialer.get(), base::system_random(), true};
    co_await connect(desk, request, peer, body, call, response);
  }

  template <class T>
  void put(T object) {
    const Served& served = catalog.of<T>();
    auto key = served.key(object.metadata.namespace_, object.metadata.name);
    base::Bytes value(served.encode(schema::Object(std::move(object))));
    auto written = loop->run_task(store->update(
        key, [value](const store::Entry*) -> base::Result<store::Change> { return store::Change::put(value); }));
    ASSERT_TRUE(written) << written.error().message();
  }

  struct Answer {
    int status = 0;
    io::Headers headers;
    std::string body;
  };
  static io::Task<base::Result<Answer>> fetch(io::HttpClient* client, std::string method, std::string target,
                                              io::Headers headers, std::string body) {
    CO_TRY(auto stream, co_await client->request(method, target, headers, base::Bytes(std::move(body))));
    Answer answer{stream->head().status, stream->head().headers, ""};
    CO_TRY(answer.body, co_await io::read_all(*stream, 1 << 20));
    co_return answer;
  }
  Answer ask(std::string method, std::string target, io::Headers headers = {}, std::string body = {}) {
    auto answer =
        loop->run_task(fetch(client.get(), std::move(method), std::move(target), std::move(headers), std::move(body)));
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? *answer : Answer{};
  }
  std::string message(const Answer& answer) {
    auto value = schema::Value::parse(answer.body);
    return value ? std::string(value->text_at({"message"})) : answer.body;
  }
  static io::Task<base::Result<std::string>> talk(io::HttpClient* client, std::string target, std::string text) {
    io::Headers headers;
    headers.add("connection", "Upgrade");
    headers.add("upgrade", "SPDY/3.1");
    headers.add("authorization", "Bearer secret");
    CO_TRY(auto upgraded, co_await client->upgrade("POST", target, headers));
    if (!upgraded.stream) co_return base::fail(base::Code::Internal, std::to_string(upgraded.head.status));
    CO_TRY(co_await upgraded.stream->write(base::Bytes(std::move(text))));
    co_return co_await upgraded.stream->read();
  }
};

TEST_F(Connect, LogIsStreamedFromTheNodeWithOurCertificate) {
  auto answer = ask("GET", "/api/v1/namespaces/default/pods/web/log?follow=true&tailLines=5");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "one\ntwo\n");
  EXPECT_EQ(answer.headers.get("content-type"), "text/plain");
  EXPECT_EQ(seen.targets, (std::vector<std::string>{"GET /containerLogs/default/web/app?follow=true&tailLines=5"}));
  EXPECT_FALSE(seen.peer_certificate.empty());
}

TEST_F(Connect, LogCanBeReadFromAWebSocket) {
  // The node's two pieces come as two messages or as one.
  using Messages = std::vector<std::string>;
  for (auto [protocol, apart, together] :
       {std::tuple{"binary.k8s.io", Messages{"", "one\n", "two\n"}, Messages{"", "one\ntwo\n"}},
        {"base64.binary.k8s.io", {"", "b25lCg==", "dHdvCg=="}, {"", "b25lCnR3bwo="}}}) {
    auto read = loop->run_task(read_messages(front->address(), "/api/v1/namespaces/default/pods/web/log", protocol));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_TRUE(*read == apart || *read == together) << base::join(*read, "|");
  }
}

TEST_F(Connect, LinksOfPagesLeadBelowTheProxy) {
  auto page = ask("GET", "/api/v1/namespaces/default/pods/slow/proxy/page");
  EXPECT_EQ(page.body, "<a href=\"/api/v1/namespaces/default/pods/slow/proxy/next\">next</a>");
  EXPECT_EQ(ask("GET", "/api/v1/namespaces/default/pods/slow/proxy/packed").body, "<a href=\"/next\">next</a>");
}

TEST_F(Connect, LogNeedsAContainerWhenThereAreSeveral) {
  auto answer = ask("GET", "/api/v1/namespaces/default/pods/two/log");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(message(answer), "a container name must be specified for pod two, choose one of: [c d]");
  EXPECT_EQ(message(ask("GET", "/api/v1/namespaces/default/pods/two/log?container=zz")),
            "container zz is not valid for pod two");
  EXPECT_EQ(message(ask("GET", "/api/v1/namespaces/default/pods/none/log")), "pods \"none\" not found");
  EXPECT_TRUE(seen.targets.empty());
}

TEST_F(Connect, PodWithoutANodeHasAnEmptyLogAndRunsNoCommands) {
  EXPECT_EQ(ask("GET", "/api/v1/namespaces/default/pods/new/log").status, 204);
  EXPECT_EQ(message(ask("POST", "/api/v1/namespaces/default/pods/new/exec?command=ls")),
            "pod new does not have a host assigned");
}

TEST_F(Connect, KubeletsRefusalOfALogReachesTheClient) {
  auto answer = ask("GET", "/api/v1/namespaces/default/pods/slow/log");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(message(answer), "container \"waiting\" in pod \"web\" is waiting to start: ContainerCreating");
}

TEST_F(Connect, CommandIsCarriedBothWaysWithoutTheClientsToken) {
  auto echoed = loop->run_task(
      talk(client.get(),
           "/api/v1/namespaces/default/pods/web/exec?command=sh&command=a%26b&stdin=true&stdout=true&tty=true", "hi"));
  ASSERT_TRUE(echoed) << echoed.error().message();
  EXPECT_EQ(*echoed, "echo hi");
  EXPECT_EQ(seen.targets,
            (std::vector<std::string>{"POST /exec/default/web/app?input=1&output=1&tty=1&command=sh&command=a%26b"}));
  EXPECT_EQ(seen.headers.get("upgrade"), "SPDY/3.1");
  EXPECT_FALSE(seen.headers.has("authorization"));
}

TEST_F(Connect, PortForwardReachesTheNode) {
  auto echoed = loop->run_task(talk(client.get(), "/api/v1/namespaces/default/pods/web/portforward", "x"));
  ASSERT_TRUE(echoed) << echoed.error().message();
  EXPECT_EQ(seen.targets, (std::vector<std::string>{"POST /portForward/default/web"}));
}

TEST_F(Connect, CommandWithoutUpgradeIsRefused) {
  auto answer = ask("POST", "/api/v1/namespaces/default/pods/web/exec?command=ls&stdout=true");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(message(answer), "Upgrade request required");
}

TEST_F(Connect, PodProxyPassesMethodPathQueryAndBody) {
  io::Headers headers;
  headers.add("authorization", "Bearer secret");
  headers.add("x-mine", "1");
  auto answer = ask("POST", "/api/v1/namespaces/default/pods/slow/proxy/a%2Fb/c?x=1", headers, "body");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(seen.targets, (std::vector<std::string>{"POST /a%2Fb/c?x=1"}));
  EXPECT_EQ(seen.body, "body");
  EXPECT_EQ(seen.headers.get("x-mine"), "1");
  EXPECT_FALSE(seen.headers.has("authorization"));
  EXPECT_EQ(seen.headers.get("x-forwarded-for"), "127.0.0.1");
}

TEST_F(Connect, ProxyLeavesRedirectsToTheClientAndKeepsThemBelowItself) {
  auto answer = ask("GET", "/api/v1/namespaces/default/pods/slow/proxy/moved");
  EXPECT_EQ(answer.status, 302);
  EXPECT_EQ(answer.headers.get("location"), "/api/v1/namespaces/default/pods/slow/proxy/elsewhere");
  EXPECT_EQ(answer.headers.get("x-kept"), "yes");
  EXPECT_FALSE(answer.headers.has("keep-alive"));
  EXPECT_EQ(seen.targets.size(), 1u);
  answer = ask("GET", "/api/v1/namespaces/default/pods/slow/proxy?x=1");
  EXPECT_EQ(answer.status, 301);
  EXPECT_EQ(answer.headers.get("location"), "/api/v1/namespaces/default/pods/slow/proxy/?x=1");
}

TEST_F(Connect, NodeProxyReachesTheKubeletWithOurCertificate) {
  EXPECT_EQ(ask("GET", "/api/v1/nodes/n1/proxy/healthz").body, "hello");
  EXPECT_EQ(seen.targets, (std::vector<std::string>{"GET /healthz"}));
  EXPECT_FALSE(seen.peer_certificate.empty());
}

TEST_F(Connect, ServiceProxyGoesToAReadyEndpoint) {
  core::Service service;
  service.metadata.name = "s";
  service.metadata.namespace_ = "default";
  service.spec.ports.emplace_back().port = 80;
  service.spec.ports[0].name = "http";
  put(service);
  EXPECT_EQ(message(ask("GET", "/api/v1/namespaces/default/services/s:http/proxy/")), "services \"s\" not found");
  api::discovery_k8s_io_v1::EndpointSlice slice;
  slice.metadata.name = "s-1";
  slice.metadata.namespace_ = "default";
  slice.metadata.labels["kubernetes.io/service-name"] = "s";
  auto& port = slice.ports.emplace_back();
  port.name = "http";
  port.port = plain->address().port;
  auto& unready = slice.endpoints.emplace_back();
  unready.addresses = {"127.0.0.9"};
  unready.conditions.ready = false;
  put(slice);
  EXPECT_EQ(message(ask("GET", "/api/v1/namespaces/default/services/s:http/proxy/")),
            "no endpoints available for service \"s\"");
  slice.endpoints.emplace_back().addresses = {"127.0.0.1"};
  put(slice);
  EXPECT_EQ(ask("GET", "/api/v1/namespaces/default/services/s:80/proxy/x").body, "hello");
  EXPECT_EQ(seen.targets, (std::vector<std::string>{"GET /x"}));
  auto wrong = ask("GET", "/api/v1/namespaces/default/services/s:81/proxy/x");
  EXPECT_EQ(wrong.status, 503);
  EXPECT_EQ(message(wrong), "no service port 81 found for service \"s\"");
}

TEST(ProxyName, HasSchemeNameAndPort) {
  auto name = ProxyName::parse("https:web:8443");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->scheme + "|" + name->name + "|" + name->port, "https|web|8443");
  EXPECT_EQ(ProxyName::parse("web:http")->port, "http");
  EXPECT_FALSE(ProxyName::parse("ftp:web:21"));
  EXPECT_FALSE(ProxyName::parse("a:b:c:d"));
}

TEST(LogTarget, NumbersThatMakeNoSenseAreInvalid) {
  auto pod = make_pod("web", {"app"}, "n1");
  EXPECT_FALSE(log_target(pod, Query("tailLines=-1")));
  EXPECT_FALSE(log_target(pod, Query("limitBytes=0")));
  EXPECT_FALSE(log_target(pod, Query("sinceSeconds=x")));
  EXPECT_EQ(*log_target(pod, Query("tailLines=0")), "/containerLogs/default/web/app?tailLines=0");
}

TEST(ForwardedHeaders, TokenInAWebSocketProtocolStaysHere) {
  io::Headers headers;
  headers.add("sec-websocket-protocol", "base64url.bearer.authorization.k8s.io.c2VjcmV0, v5.channel.k8s.io");
  headers.add("connection", "Upgrade, X-Hop");
  headers.add("upgrade", "websocket");
  headers.add("x-hop", "1");
  headers.add("impersonate-user", "x");
  auto kept = forwarded_headers(headers, true);
  EXPECT_EQ(kept.get("sec-websocket-protocol"), "v5.channel.k8s.io");
  EXPECT_EQ(kept.get("upgrade"), "websocket");
  EXPECT_FALSE(kept.has("x-hop"));
  EXPECT_FALSE(kept.has("impersonate-user"));
}

}  // namespace
}  // namespace apiserver
