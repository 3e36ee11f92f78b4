#include "io/http_server.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/strings.h"
#include "io/http2_client.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "io/process.h"
#include "io/test_certificates.h"

namespace io {
namespace {

using namespace std::chrono_literals;

// What the handler does, by path.
struct World {
  std::vector<std::string> seen;  // "GET /x"
  int cancelled = 0;
  int running = 0;
  Event event;  // /wait answers when it is set
  Event ended;  // a handler was cancelled
  Peer peer;
  base::Result<void> last_write;
  size_t written = 0;
};

struct Running {
  World* world;
  bool complete = false;
  explicit Running(World* world) : world(world) { world->running++; }
  ~Running() {
    world->running--;
    if (complete) return;
    world->cancelled++;
    world->ended.set();
  }
};

Task<void> echo_upgraded(std::unique_ptr<Stream> stream) {
  for (;;) {
    auto piece = co_await stream->read();
    if (!piece || piece->empty()) break;
    auto written = co_await stream->write(base::Bytes("<" + *piece + ">"));
    if (!written) break;
  }
}

Task<void> handle(World* world, const Request& request, const Peer& peer, RequestBody& body, ResponseWriter& writer) {
  Running running(world);
  world->seen.push_back(request.method + " " + request.target);
  world->peer = peer;
  auto path = request.path();
  if (path == "/echo") {
    auto all = co_await body.read_all(8 << 20);
    if (all) {
      Headers headers;
      headers.add("X-Version", std::to_string(request.http_major));
      headers.add("x-seen", request.headers.get("x-sent"));
      headers.add("x-length", request.headers.get("content-length"));
      writer.send(200, std::move(headers), base::Bytes(*std::move(all)));
    } else {
      writer.send(all.error().code() == base::Code::TooLarge ? 413 : 400, {}, base::Bytes(all.error().message()));
    }
  } else if (path == "/large") {
    writer.send(200, {}, base::Bytes(std::string(4 << 20, 'x')));
  } else if (path == "/stream") {
    writer.start(200, {});
    for (int i = 0; i < 3; i++) {
      auto written = co_await writer.write(base::Bytes("piece " + std::to_string(i) + "\n"));
      if (!written) co_return;
    }
    Headers trailers;
    trailers.add("x-trailer", "last");
    writer.finish_with_trailers(std::move(trailers));
  } else if (path == "/flood") {  // writes as fast as it may
    writer.start(200, {});
    for (;;) {
      world->last_write = co_await writer.write(base::Bytes(std::string(32 * 1024, 'y')));
      if (!world->last_write) break;
      world->written += 32 * 1024;
    }
  } else if (path == "/wait") {
    co_await world->event.wait();
    writer.send(200, {}, base::Bytes::literal("waited"));
  } else if (path == "/watch") {
    writer.start(200, {});
    auto first = co_await writer.write(base::Bytes::literal("event\n"));
    (void)first;
    co_await world->event.wait();
    writer.finish();
  } else if (path == "/ignores-body") {
    writer.send(200, {}, base::Bytes::literal("done"));
  } else if (path == "/forgets") {
    writer.start(200, {});
    auto written = co_await writer.write(base::Bytes::literal("half"));
    (void)written;
  } else if (path == "/upgrade") {
    Headers headers;
    headers.add("connection", "Upgrade");
    headers.add("upgrade", "echo");
    auto stream = writer.upgrade(std::move(headers));
    if (stream) {
      co_await echo_upgraded(*std::move(stream));
    } else {
      writer.send(400, {}, base::Bytes(stream.error().message()));
    }
  } else {
    writer.send(path == "/missing" ? 404 : path == "/none" ? 204 : 200, {}, base::Bytes::literal("hello"));
  }
  running.complete = true;
}

struct HttpTest : testing::Test {
  World world;
  std::unique_ptr<Loop> loop = *Loop::create();
  Loop::Entered entered{*loop};
  TestCertificate authority = make_test_certificate("test authority");
  TestCertificate certificate = make_test_certificate("server", "DNS:localhost,IP:127.0.0.1", &authority);
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpClient> client;

  void serve(HttpServerOptions options = {}, bool tls = true) {
    if (options.address.unix_path.empty()) options.address.host = "127.0.0.1";
    if (tls) {
      TlsServer::Options tls_options;
      tls_options.certificate = {.chain = {.text = certificate.certificate_pem}, .key = {.text = certificate.key_pem}};
      options.tls = *TlsServer::create(std::move(tls_options));
    }
    World* w = &world;
    auto made = HttpServer::create(
        std::move(options), [w](const Request& request, const Peer& peer, RequestBody& body, ResponseWriter& writer) {
          return handle(w, request, peer, body, writer);
        });
    ASSERT_TRUE(made) << made.error().message();
    server = *std::move(made);
  }

  void connect_client(std::vector<std::string> alpn = {"h2", "http/1.1"}) {
    HttpClient::Options options;
    TlsClient::Options tls;
    tls.ca.text = authority.certificate_pem;
    tls.alpn = std::move(alpn);
    options.tls = *TlsClient::create(std::move(tls));
    options.url = "https://" + server->address().text();
    client = *HttpClient::create(std::move(options));
  }

  struct Answer {
    int status = 0;
    Headers headers;
    std::string body;
  };
  static Task<base::Result<Answer>> fetch(HttpClient* client, std::string method, std::string target, std::string body,
                                          Headers headers) {
    CO_TRY(auto stream, co_await client->request(method, target, headers, base::Bytes(std::move(body))));
    Answer answer{.status = stream->head().status, .headers = stream->head().headers};
    auto all = co_await read_all(*stream, 16 << 20);
    if (!all) co_return base::fail(all.error());
    answer.body = *std::move(all);
    co_return answer;
  }
  Answer get(std::string method, std::string target, std::string body = {}, Headers headers = {}) {
    auto answer =
        loop->run_task(fetch(client.get(), std::move(method), std::move(target), std::move(body), std::move(headers)));
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? *answer : Answer{};
  }

  // Bytes over a bare connection; everything until the server closes it.
  static Task<base::Result<std::string>> raw(Address address, std::string bytes, bool half_close) {
    CO_TRY(auto transport, co_await connect(address));
    auto stream = make_stream(std::move(transport));
    CO_TRY(co_await stream->write(base::Bytes(std::move(bytes))));
    if (half_close) stream->finish();
    std::string all;
    for (;;) {
      auto piece = co_await stream->read();
      if (!piece || piece->empty()) break;
      all += *piece;
    }
    co_return all;
  }
  std::string talk(std::string bytes, bool half_close = false) {
    return loop->run_task(raw(server->address(), std::move(bytes), half_close)).value_or("no connection");
  }
  std::string curl(std::vector<std::string> arguments) {
    CommandOptions options{.argv = {"curl", "-sS", "--noproxy", "*", "--max-time", "20"}};
    char name[] = "/tmp/http_test_XXXXXX";
    int fd = mkstemp(name);
    EXPECT_EQ(write(fd, authority.certificate_pem.data(), authority.certificate_pem.size()),
              static_cast<ssize_t>(authority.certificate_pem.size()));
    close(fd);
    options.argv.insert(options.argv.end(), {"--cacert", name});
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    options.output_max = 8 << 20;
    auto result = loop->run_task(run_command(std::move(options)));
    unlink(name);
    return result ? result->output + result->error : result.error().message();
  }
  void run_until(const std::function<bool()>& done) {
    auto flow = [](const std::function<bool()>* done) -> Task<void> {
      while (!(*done)()) co_await sleep(1ms);
    };
    EXPECT_TRUE(loop->run_task(with_timeout(20s, flow(&done))));
  }
};

// The same behaviour over both versions.
struct BothVersions : HttpTest, testing::WithParamInterface<const char*> {
  void SetUp() override {
    serve();
    connect_client({GetParam()});
  }
  std::string version() const { return std::string(GetParam()) == "h2" ? "2" : "1"; }
};
INSTANTIATE_TEST_SUITE_P(Version, BothVersions, testing::Values("h2", "http/1.1"),
                         [](const auto& info) { return std::string(info.param) == "h2" ? "Two" : "One"; });

TEST_P(BothVersions, AnswersWithStatusHeadersAndBody) {
  Headers headers;
  headers.add("X-Sent", "a b");
  auto answer = get("POST", "/echo?q=1", "body", headers);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "body");
  EXPECT_EQ(answer.headers.get("x-version"), version());
  EXPECT_EQ(answer.headers.get("x-seen"), "a b");
  EXPECT_EQ(answer.headers.get("content-length"), "4");
  EXPECT_TRUE(answer.headers.has("date"));
  EXPECT_EQ(world.seen[0], "POST /echo?q=1");
  EXPECT_EQ(get("GET", "/missing").status, 404);
  EXPECT_EQ(server->connections(), 1u);
}

TEST_P(BothVersions, HeadAndNoContentHaveNoBody) {
  auto head = get("HEAD", "/large");
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.headers.get("content-length"), "4194304");
  EXPECT_EQ(get("GET", "/none").body, "");
  EXPECT_EQ(get("HEAD", "/stream").body, "");
  EXPECT_EQ(get("GET", "/").body, "hello");  // the connection is still in step
}

TEST_P(BothVersions, MegabytesGoBothWays) {
  std::string large(4 << 20, 'z');
  for (size_t i = 0; i < large.size(); i += 3) large[i] = static_cast<char>(i * 31);
  EXPECT_EQ(get("PUT", "/echo", large).body, large);
  EXPECT_EQ(get("PUT", "/echo", std::string(9 << 20, 'z')).status, 413);
  EXPECT_EQ(get("GET", "/large").body, std::string(4 << 20, 'x'));
}

TEST_P(BothVersions, StreamsPieces) {
  EXPECT_EQ(get("GET", "/stream").body, "piece 0\npiece 1\npiece 2\n");
}

TEST_P(BothVersions, BodyTheHandlerLeftDoesNotConfuseTheNextRequest) {
  EXPECT_EQ(get("POST", "/ignores-body", std::string(100'000, 'b')).body, "done");
  EXPECT_EQ(get("POST", "/ignores-body", "short").body, "done");
  EXPECT_EQ(get("POST", "/echo", "next").body, "next");
}

TEST_P(BothVersions, HandlerThatDoesNotFinishCutsTheAnswerOff) {
  auto answer = loop->run_task(fetch(client.get(), "GET", "/forgets", {}, {}));
  EXPECT_FALSE(answer);
  EXPECT_EQ(get("GET", "/").body, "hello");
}

TEST_P(BothVersions, ManyRequestsAtOnceAllAnswered) {
  int answered = 0;
  auto one = [](HttpClient* client, int i, int* answered) -> Task<void> {
    auto answer = co_await fetch(client, "POST", "/echo", "body " + std::to_string(i), {});
    EXPECT_TRUE(answer) << answer.error().message();
    if (answer) EXPECT_EQ(answer->body, "body " + std::to_string(i));
    ++*answered;
  };
  Scope scope;
  for (int i = 0; i < 100; i++) scope.spawn(one(client.get(), i, &answered));
  run_until([&] { return answered == 100; });
}

TEST_P(BothVersions, HandlerIsCancelledWhenTheClientGivesUp) {
  auto answer = loop->run_task(with_timeout(50ms, fetch(client.get(), "GET", "/wait", {}, {})));
  EXPECT_FALSE(answer);
  loop->run_task(world.ended.wait());
  EXPECT_EQ(world.cancelled, 1);
  EXPECT_EQ(world.running, 0);
  EXPECT_EQ(get("GET", "/").body, "hello");
}

Task<base::Result<void>> open_and_drop(HttpClient* client, World* world) {
  CO_TRY(auto answer, co_await client->request("GET", "/flood"));
  CO_TRY(auto piece, co_await answer->read());
  EXPECT_FALSE(piece.empty());
  // Nobody reads: the handler must come to a stand.
  size_t before;
  do {
    before = world->written;
    co_await sleep(20ms);
  } while (world->written != before);
  co_return base::Result<void>();
}

TEST_P(BothVersions, SlowReaderHoldsUpTheWriterWithinABound) {
  EXPECT_TRUE(loop->run_task(open_and_drop(client.get(), &world)));
  EXPECT_GT(world.written, 0u);
  EXPECT_LT(world.written, 32u << 20);  // the sockets' own buffers are the greater part
  loop->run_task(world.ended.wait());
  EXPECT_EQ(world.running, 0);
}

TEST_P(BothVersions, CloseWaitsForRequestsInProgress) {
  std::string body;
  auto one = [](HttpClient* client, std::string* body) -> Task<void> {
    auto answer = co_await fetch(client, "GET", "/wait", {}, {});
    *body = answer ? answer->body : answer.error().message();
  };
  Scope scope;
  scope.spawn(one(client.get(), &body));
  run_until([&] { return world.running == 1; });
  Timer timer;
  timer.start(20ms, [&] { world.event.set(); });
  loop->run_task(server->close(20s));
  run_until([&] { return !body.empty(); });
  EXPECT_EQ(body, "waited");
  EXPECT_EQ(world.cancelled, 0);
  EXPECT_EQ(server->connections(), 0u);
}

TEST_P(BothVersions, CloseEndsWhatOutlastsTheGrace) {
  Scope scope;
  auto one = [](HttpClient* client) -> Task<void> {
    auto answer = co_await fetch(client, "GET", "/wait", {}, {});
    EXPECT_FALSE(answer);
  };
  scope.spawn(one(client.get()));
  run_until([&] { return world.running == 1; });
  loop->run_task(server->close(10ms));
  EXPECT_EQ(world.running, 0);
  EXPECT_EQ(world.cancelled, 1);
}

TEST_P(BothVersions, ClientFindsANewConnectionWhenTheServerWasReplaced) {
  EXPECT_EQ(get("GET", "/").body, "hello");
  Address address = server->address();
  server = nullptr;
  serve({.address = address});
  EXPECT_EQ(get("GET", "/").body, "hello");
}

TEST_P(BothVersions, ClientCertificateReachesTheHandler) {
  auto alice = make_test_certificate("alice", "", nullptr, "system:masters");
  TlsClient::Options tls;
  tls.ca.text = authority.certificate_pem;
  tls.certificate.text = alice.certificate_pem;
  tls.key.text = alice.key_pem;
  tls.alpn = {GetParam()};
  client =
      *HttpClient::create({.url = "https://" + server->address().text(), .tls = *TlsClient::create(std::move(tls))});
  get("GET", "/");
  ASSERT_EQ(world.peer.certificates_der.size(), 1u);
  EXPECT_TRUE(world.peer.address.starts_with("127.0.0.1:"));
}

struct PiecedBody final : RequestBody {
  int left = 5;
  Task<base::Result<std::string>> read() override {
    if (left-- == 0) co_return std::string();
    co_await sleep(1ms);
    co_return std::string(50'000, 'p');
  }
};

TEST_P(BothVersions, BodyIsSentPieceByPiece) {
  auto flow = [](HttpClient* client) -> Task<base::Result<std::string>> {
    CO_TRY(auto answer, co_await client->request("POST", "/echo", {}, std::make_unique<PiecedBody>()));
    co_return co_await read_all(*answer, 1 << 20);
  };
  EXPECT_EQ(loop->run_task(flow(client.get())).value(), std::string(250'000, 'p'));
}

TEST_P(BothVersions, ALengthKnownBeforehandIsToldAndKept) {
  auto flow = [](HttpClient* client, size_t length) -> Task<base::Result<std::string>> {
    CO_TRY(auto answer, co_await client->request("POST", "/echo", {}, std::make_unique<PiecedBody>(), length));
    CO_TRY(auto body, co_await read_all(*answer, 1 << 20));
    co_return base::cat({answer->head().headers.get("x-length"), " ", std::to_string(body.size())});
  };
  EXPECT_EQ(loop->run_task(flow(client.get(), 250'000)).value(), "250000 250000");
  for (size_t wrong : {249'999, 250'001}) {
    auto got = loop->run_task(flow(client.get(), wrong));
    EXPECT_FALSE(got && got->ends_with(" 250000")) << *got;
  }
  EXPECT_EQ(loop->run_task(flow(client.get(), 250'000)).value(), "250000 250000");
}

struct Http1 : HttpTest {
  void SetUp() override { serve({}, false); }
};

TEST_F(Http1, PipelinedRequestsAreAnsweredInOrder) {
  auto said = talk(
      "GET /a HTTP/1.1\r\nHost: h\r\n\r\nPOST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /b "
      "HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(world.seen, (std::vector<std::string>{"GET /a", "POST /echo", "GET /b"}));
  EXPECT_NE(said.find("abc"), std::string::npos);
  EXPECT_NE(said.find("connection: close"), std::string::npos);
}

TEST_F(Http1, MalformedRequestIsRefusedAndTheConnectionClosed) {
  auto said = talk("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx");
  EXPECT_TRUE(said.starts_with("HTTP/1.1 400 Bad Request\r\n")) << said;
  EXPECT_TRUE(world.seen.empty());
  said = talk("GET / HTTP/1.1\r\nA: " + std::string(400'000, 'a'));
  EXPECT_TRUE(said.starts_with("HTTP/1.1 431 ")) << said.substr(0, 100);
  EXPECT_TRUE(talk("\x16\x03\x01 not http\r\n\r\n").starts_with("HTTP/1.1 400"));
}

TEST_F(Http1, OldVersionGetsABodyEndedByTheConnection) {
  auto said = talk("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(said.find("chunked"), std::string::npos);
  EXPECT_TRUE(said.ends_with("\r\n\r\npiece 0\npiece 1\npiece 2\n")) << said;
}

TEST_F(Http1, TrailersFollowTheLastChunk) {
  auto said = talk("GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(said.ends_with("8\r\npiece 2\n\r\n0\r\nx-trailer: last\r\n\r\n")) << said;
}

TEST_F(Http1, ContinueIsSaidOnlyWhenTheBodyIsWanted) {
  auto said = talk(
      "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  EXPECT_NE(said.find("\r\n\r\nok"), std::string::npos);
  said = talk("POST /ignores-body HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(said.find("100 Continue"), std::string::npos);
  EXPECT_NE(said.find("connection: close"), std::string::npos);
}

TEST_F(Http1, SlowHeadersAreCutOff) {
  server = nullptr;
  serve({.header_timeout = 30ms}, false);
  EXPECT_EQ(talk("GET / HTTP/1.1\r\nHo"), "");
  EXPECT_TRUE(world.seen.empty());
}

TEST_F(Http1, IdleConnectionIsClosed) {
  server = nullptr;
  serve({.idle_timeout = 30ms}, false);
  auto said = talk("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(said.ends_with("hello"));
}

TEST_F(Http1, UpgradeHandsOverTheConnection) {
  auto said = talk("GET /upgrade HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly", true);
  EXPECT_TRUE(said.starts_with("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n"))
      << said;
  EXPECT_TRUE(said.ends_with("<early>")) << said;
}

TEST_F(Http1, TooManyConnectionsAreRefused) {
  server = nullptr;
  serve({.connections_max = 1}, false);
  auto flow = [](Address address) -> Task<base::Result<std::unique_ptr<Transport>>> {
    co_return co_await connect(address);
  };
  auto first = loop->run_task(flow(server->address()));
  run_until([&] { return server->connections() == 1; });
  EXPECT_EQ(talk("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), "");
}

TEST_F(HttpTest, UpgradeOverTlsBothSides) {
  serve();
  connect_client();
  auto flow = [](HttpClient* client) -> Task<base::Result<std::string>> {
    Headers headers;
    headers.add("connection", "Upgrade");
    headers.add("upgrade", "echo");
    CO_TRY(auto upgraded, co_await client->upgrade("POST", "/upgrade", headers));
    EXPECT_EQ(upgraded.head.status, 101);
    EXPECT_EQ(upgraded.head.headers.get("upgrade"), "echo");
    CO_TRY(co_await upgraded.stream->write(base::Bytes::literal("hello")));
    CO_TRY(auto back, co_await upgraded.stream->read());
    CO_TRY(auto refused, co_await client->upgrade("GET", "/missing", headers));
    EXPECT_EQ(refused.head.status, 404);
    CO_TRY(auto body, co_await read_all(*refused.body, 100));
    co_return back + body;
  };
  EXPECT_EQ(loop->run_task(flow(client.get())).value(), "<hello>hello");
}

TEST_F(HttpTest, CurlSpeaksBothVersionsWithUs) {
  serve();
  std::string url = "https://" + server->address().text();
  EXPECT_EQ(curl({"--http2", "-w", " %{http_version} %{http_code}", url + "/"}), "hello 2 200");
  EXPECT_EQ(curl({"--http1.1", "-w", " %{http_version}", url + "/", url + "/"}), "hello 1.1hello 1.1");
  EXPECT_EQ(curl({"--http2", "-d", "some body", url + "/echo"}), "some body");
  EXPECT_EQ(curl({"--http1.1", "-H", "Expect: 100-continue", "-H", "Transfer-Encoding: chunked", "-d", "some body",
                  url + "/echo"}),
            "some body");
  EXPECT_EQ(curl({"--http2", url + "/large"}), std::string(4 << 20, 'x'));
  EXPECT_EQ(curl({"--http1.1", url + "/large"}), std::string(4 << 20, 'x'));
  EXPECT_NE(curl({"--tls-max", "1.1", url + "/"}).find("curl: (35)"), std::string::npos);
  EXPECT_EQ(curl({"--tls-max", "1.2", "--http2", url + "/"}), "hello");
}

TEST_F(HttpTest, ConnectionsAreSpreadOverLoops) {
  struct Worker {
    std::unique_ptr<Loop> loop = *Loop::create();
    std::thread thread{[this] { loop->run(); }};
    ~Worker() {
      loop->stop();
      thread.join();
    }
  };
  Worker one, two;
  std::mutex mutex;
  std::vector<std::thread::id> threads;
  HttpServerOptions options;
  options.address.host = "127.0.0.1";
  options.loops = {one.loop.get(), two.loop.get()};
  auto made = HttpServer::create(std::move(options),
                                 [&](const Request&, const Peer&, RequestBody&, ResponseWriter& writer) -> Task<void> {
                                   {
                                     std::lock_guard lock(mutex);
                                     threads.push_back(std::this_thread::get_id());
                                   }
                                   writer.send(200, {}, base::Bytes::literal("hello"));
                                   co_return;
                                 });
  server = *std::move(made);
  for (int i = 0; i < 4; i++) talk("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  {
    std::lock_guard lock(mutex);
    ASSERT_EQ(threads.size(), 4u);
    EXPECT_NE(threads[0], threads[1]);
    EXPECT_EQ(threads[0], threads[2]);
  }
  loop->run_task(server->close(1s));
  server = nullptr;
}

// ---- HTTP/2 in the raw, in clear text ----

struct Http2 : HttpTest {
  static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  void SetUp() override { serve({.http2_only = true}, false); }

  static std::string frame(int type, int flags, uint32_t stream, std::string_view payload) {
    std::string out;
    for (int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift);
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    for (int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
    return out + std::string(payload);
  }
  static std::string settings() { return std::string(kPreface) + frame(NGHTTP2_SETTINGS, 0, 0, {}); }
  // GET / with indexed fields, and an authority.
  static std::string headers(uint32_t stream, std::string path = "/",
                             int flags = NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM) {
    std::string block = "\x82\x86";
    block += '\x04';
    block += static_cast<char>(path.size());
    block += path;
    block += std::string("\x01\x01h", 3);
    return frame(NGHTTP2_HEADERS, flags, stream, block);
  }
  // The error code of the last GOAWAY in what the server said; -1 without one.
  static int goaway(std::string_view said) {
    int code = -1;
    while (said.size() >= 9) {
      size_t size = static_cast<size_t>(static_cast<unsigned char>(said[0]) << 16 |
                                        static_cast<unsigned char>(said[1]) << 8 | static_cast<unsigned char>(said[2]));
      if (said[3] == NGHTTP2_GOAWAY && said.size() >= 17) code = static_cast<unsigned char>(said[16]);
      if (said.size() < 9 + size) break;
      said.remove_prefix(9 + size);
    }
    return code;
  }
};

TEST_F(Http2, RapidResetEndsTheConnection) {
  std::string bytes = settings();
  for (uint32_t i = 0; i < 3000; i++) {
    bytes += headers(2 * i + 1, "/wait");
    bytes += frame(NGHTTP2_RST_STREAM, 0, 2 * i + 1, std::string("\0\0\0\x08", 4));
  }
  talk(bytes);  // returns: the server closed
  EXPECT_LT(world.seen.size(), 1100u);
  EXPECT_EQ(world.running, 0);
}

TEST_F(Http2, FloodsOfCheapFramesEndTheConnection) {
  struct {
    const char* name;
    std::string frame;
  } floods[] = {
      {"ping", frame(NGHTTP2_PING, 0, 0, "12345678")},
      {"settings", frame(NGHTTP2_SETTINGS, 0, 0, {})},
      {"priority", frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\0\x10", 5))},
      {"empty data", frame(NGHTTP2_DATA, 0, 1, {})},
  };
  for (const auto& flood : floods) {
    std::string bytes = settings() + headers(1, "/wait", NGHTTP2_FLAG_END_HEADERS);
    for (int i = 0; i < 5000; i++) bytes += flood.frame;
    talk(bytes);  // returns: the server closed
    EXPECT_EQ(world.running, 0) << flood.name;
  }
}

TEST_F(Http2, LargeHeadersGet431AndTheConnectionLives) {
  server = nullptr;
  serve({.http2_only = true, .header_bytes_max = 1000, .idle_timeout = 100ms}, false);
  std::string block = "\x82\x86\x84" + std::string("\x01\x01h", 3);
  for (int i = 0; i < 20; i++) block += std::string("\x00\x01\x61\x7f\x00", 5) + std::string(127, 'b');
  talk(settings() + frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, block) + headers(3));
  EXPECT_EQ(world.seen, std::vector<std::string>{"GET /"});
}

TEST_F(Http2, NonsenseAtEveryOffsetHarmsNobody) {
  std::string good = settings() + headers(1) + frame(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string("\0\0\1\0", 4)) +
                     headers(3, "/echo", NGHTTP2_FLAG_END_HEADERS) +
                     frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, "body");
  for (size_t at = 0; at < good.size(); at++) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0xff);
    talk(bad, true);
  }
  EXPECT_NE(talk(good, true).find("hello"), std::string::npos);
  EXPECT_EQ(world.running, 0);
}

TEST_F(Http2, IdleConnectionIsToldToGo) {
  server = nullptr;
  serve({.http2_only = true, .idle_timeout = 50ms}, false);
  auto said = talk(settings() + headers(1));
  EXPECT_EQ(goaway(said), NGHTTP2_NO_ERROR);
  EXPECT_EQ(world.seen.size(), 1u);
}

struct Http2Streams : Http2 {
  std::unique_ptr<Http2Client> connection;
  void open() {
    auto flow = [](Address address) -> Task<base::Result<std::unique_ptr<Transport>>> {
      co_return co_await connect(address);
    };
    connection = std::make_unique<Http2Client>(*loop->run_task(flow(server->address())));
    ASSERT_TRUE(loop->run_task(connection->ready()));
  }
  std::unique_ptr<Http2Stream> begin(std::string target, bool ended = true) {
    return *connection->open({.authority = "h", .target = std::move(target)}, ended);
  }
};

Task<base::Result<std::string>> all_of(Http2Stream* stream) {
  CO_TRY(auto head, co_await stream->head());
  std::string all = std::to_string(head->status) + " ";
  for (;;) {
    CO_TRY(auto piece, co_await stream->read());
    if (piece.empty()) co_return all;
    all += piece.view();
  }
}

TEST_F(Http2Streams, TrailersFollowTheBody) {
  open();
  auto stream = begin("/stream");
  EXPECT_EQ(loop->run_task(all_of(stream.get())).value(), "200 piece 0\npiece 1\npiece 2\n");
  EXPECT_EQ(stream->trailers().get("x-trailer"), "last");
}

TEST_F(Http2Streams, ManyWatchesShareAConnectionUpToTheLimit) {
  open();
  EXPECT_EQ(connection->streams_max(), 250u);
  std::vector<std::unique_ptr<Http2Stream>> watches;
  for (int i = 0; i < 250; i++) watches.push_back(begin("/watch"));
  auto more = begin("/");  // waits its turn
  run_until([&] { return world.running == 250; });
  EXPECT_EQ(world.seen.size(), 250u);
  world.event.set();
  EXPECT_EQ(loop->run_task(all_of(more.get())).value(), "200 hello");
  for (auto& watch : watches) EXPECT_EQ(loop->run_task(all_of(watch.get())).value(), "200 event\n");
}

TEST_F(Http2Streams, UnreadStreamDoesNotHoldUpTheOthers) {
  open();
  std::vector<std::unique_ptr<Http2Stream>> unread;
  for (int i = 0; i < 40; i++) unread.push_back(begin("/large"));
  auto stream = begin("/large");
  EXPECT_EQ(loop->run_task(all_of(stream.get())).value().size(), (4u << 20) + 4);
}

TEST_F(Http2Streams, DroppedStreamIsResetAndItsHandlerCancelled) {
  open();
  auto stream = begin("/wait");
  run_until([&] { return world.running == 1; });
  stream = nullptr;
  loop->run_task(world.ended.wait());
  EXPECT_EQ(world.running, 0);
  auto never_sent = begin("/wait");
  never_sent = nullptr;
  auto after = begin("/");
  EXPECT_EQ(loop->run_task(all_of(after.get())).value(), "200 hello");
  EXPECT_EQ(connection->streams(), 0u);
}

TEST_F(Http2Streams, StreamsFailWhenTheConnectionIsLost) {
  open();
  auto stream = begin("/watch");
  run_until([&] { return world.running == 1; });
  server = nullptr;
  auto answer = loop->run_task(all_of(stream.get()));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), base::Code::Closed);
  EXPECT_FALSE(connection->is_open());
  EXPECT_EQ(connection->open({}, true).error().code(), base::Code::Unavailable);
  connection = nullptr;
  stream = nullptr;
}

TEST_F(HttpTest, ClientOpensASecondConnectionBeyondTheLimitOfStreams) {
  serve({.streams_max = 3});
  connect_client();
  Scope scope;
  int answered = 0;
  auto one = [](HttpClient* client, int* answered) -> Task<void> {
    auto answer = co_await fetch(client, "GET", "/wait", {}, {});
    if (answer && answer->body == "waited") ++*answered;
  };
  for (int i = 0; i < 8; i++) scope.spawn(one(client.get(), &answered));
  run_until([&] { return world.running == 8; });
  EXPECT_EQ(server->connections(), 3u);
  world.event.set();
  run_until([&] { return answered == 8; });
}

TEST_F(HttpTest, UnreachableServerIsUnavailable) {
  serve();
  connect_client();
  server = nullptr;
  auto answer = loop->run_task(fetch(client.get(), "GET", "/", {}, {}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), base::Code::Unavailable);
}

TEST_F(HttpTest, IdleServerAndClientDoNotWakeTheLoop) {
  serve();
  connect_client();
  get("GET", "/");
  Timer timer;
  loop->run_task([]() -> Task<void> { co_await sleep(20ms); }());
  uint64_t before = loop->wakes();
  loop->run_task([]() -> Task<void> { co_await sleep(50ms); }());
  EXPECT_LE(loop->wakes() - before, 2u);
}

}  // namespace
}  // namespace io
