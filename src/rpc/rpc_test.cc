#include "rpc/rpc.h"

#include <gtest/gtest.h>

#include "api/deviceplugin_v1beta1.h"

namespace rpc {
namespace {

namespace plugin = ::api::deviceplugin_v1beta1;

constexpr std::string_view kRegister = "/v1beta1.Registration/Register";
constexpr std::string_view kWatch = "/v1beta1.DevicePlugin/ListAndWatch";
constexpr std::string_view kSlow = "/test/Slow";
constexpr std::string_view kEcho = "/test/Echo";
constexpr std::string_view kBroken = "/test/Broken";

struct RpcTest : testing::Test {
  void SetUp() override {
    serve_unary<plugin::Empty, plugin::RegisterRequest>(
        services, kRegister, [this](plugin::RegisterRequest request) { return registered(std::move(request)); });
    serve_stream<plugin::ListAndWatchResponse, plugin::Empty>(services, kWatch,
                                                              [](auto call) { return list(std::move(call)); });
    serve_unary<plugin::Empty, plugin::Empty>(services, kSlow, [](plugin::Empty) { return slow(); });
    services.streaming(std::string(kEcho), echo);
    services.unary(std::string(kBroken), [](std::string) { return broken(); });
    char pattern[] = "/tmp/navarch-rpc-XXXXXX";
    directory = mkdtemp(pattern);
    start();
  }
  void TearDown() override {
    client.reset();
    server.reset();
    (void)!system(("rm -rf " + directory).c_str());
  }
  void start() {
    auto started = io::serve_grpc(services, io::Address::unix_socket(directory + "/socket"));
    ASSERT_TRUE(started.has_value()) << started.error().message();
    server = *std::move(started);
    if (!client)
      client = std::make_unique<io::GrpcClient>(
          io::GrpcClient::Options{.address = io::Address::unix_socket(directory + "/socket")});
  }

  io::Task<base::Result<plugin::Empty>> registered(plugin::RegisterRequest request) {
    names.push_back(request.resource_name);
    if (request.version != "v1beta1")
      co_return base::fail(io::grpc_error(io::GrpcCode::FailedPrecondition, "version 100% wrong: \xC3\xA9"));
    co_return plugin::Empty{};
  }
  static io::Task<base::Result<void>> list(ServerCall<plugin::ListAndWatchResponse, plugin::Empty> call) {
    CO_TRY(auto request, co_await call.read());
    if (!request) co_return base::fail(base::Code::BadRequest, "no request");
    for (const char* id : {"a", "b"}) {
      plugin::ListAndWatchResponse response;
      response.devices.emplace_back().id = id;
      CO_TRY(co_await call.write(std::move(response)));
    }
    co_return base::Result<void>();
  }
  static io::Task<base::Result<plugin::Empty>> slow() {
    co_await io::sleep(std::chrono::hours(1));
    co_return plugin::Empty{};
  }
  static io::Task<base::Result<void>> echo(io::GrpcServerCall& call) {
    for (;;) {
      CO_TRY(auto message, co_await call.read());
      if (!message) co_return base::Result<void>();
      CO_TRY(co_await call.write(*std::move(message)));
    }
  }
  static io::Task<base::Result<std::string>> broken() { co_return "\xFF"; }

  plugin::RegisterRequest request(std::string name, std::string version = "v1beta1") {
    plugin::RegisterRequest request;
    request.resource_name = std::move(name);
    request.version = std::move(version);
    return request;
  }
  base::Result<plugin::Empty> enroll(plugin::RegisterRequest request) {
    return loop->run_task(call<plugin::Empty>(*client, kRegister, std::move(request)));
  }

  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  io::Loop::Entered entered{*loop};
  std::string directory;
  std::vector<std::string> names;
  io::GrpcServices services;
  std::unique_ptr<io::HttpServer> server;
  std::unique_ptr<io::GrpcClient> client;
};

TEST_F(RpcTest, CallsShareAConnection) {
  EXPECT_TRUE(enroll(request("a")).has_value());
  EXPECT_TRUE(enroll(request("b")).has_value());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(server->connections(), 1u);
}

TEST_F(RpcTest, ServersErrorArrivesWithCodeAndText) {
  auto answer = enroll(request("a", "v2"));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(io::grpc_code_of(answer.error()), io::GrpcCode::FailedPrecondition);
  EXPECT_EQ(answer.error().message(), "version 100% wrong: \xC3\xA9");
}

TEST_F(RpcTest, UnknownMethodIsUnimplemented) {
  auto answer = loop->run_task(call<plugin::Empty>(*client, "/no/Such", plugin::Empty{}));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(io::grpc_code_of(answer.error()), io::GrpcCode::Unimplemented);
}

TEST_F(RpcTest, DeadlineEndsACall) {
  auto answer = loop->run_task(call<plugin::Empty>(*client, kSlow, plugin::Empty{}, std::chrono::milliseconds(20)));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), base::Code::Timeout);
  EXPECT_TRUE(enroll(request("after")).has_value());
}

TEST_F(RpcTest, StreamEndsAfterItsMessages) {
  auto stream = loop->run_task(server_stream<plugin::ListAndWatchResponse>(*client, kWatch, plugin::Empty{}));
  ASSERT_TRUE(stream.has_value());
  std::string ids;
  for (;;) {
    auto message = loop->run_task(stream->read());
    ASSERT_TRUE(message.has_value()) << message.error().message();
    if (!*message) break;
    ids += (*message)->devices.at(0).id;
  }
  EXPECT_EQ(ids, "ab");
}

io::Task<std::string> exchange(io::GrpcClient& client, size_t bytes) {
  auto opened = co_await client.open(std::string(kEcho));
  if (!opened) co_return opened.error().message();
  for (int i = 0; i < 3; ++i) {
    std::string message(bytes, static_cast<char>('a' + i));
    // A long message is more than the windows hold: the answer to one begins while it is sent.
    io::Scope sending;
    auto send = [](io::GrpcCall& call, std::string text) -> io::Task<void> {
      (void)co_await call.write(std::move(text));
    };
    sending.spawn(send(**opened, message));
    auto answer = co_await (*opened)->read();
    if (!answer) co_return answer.error().message();
    if (*answer != message) co_return "not what was sent";
  }
  (*opened)->finish();
  auto end = co_await (*opened)->read();
  co_return !end ? end.error().message() : *end ? "more" : "done";
}

TEST_F(RpcTest, BothSidesStream) {
  EXPECT_EQ(loop->run_task(exchange(*client, 10)), "done");
  EXPECT_EQ(loop->run_task(exchange(*client, 5'000'000)), "done");
}

TEST_F(RpcTest, MessageThatIsTooLongIsRefused) {
  EXPECT_NE(loop->run_task(exchange(*client, io::kGrpcMessageBytesMax + 1)).find("larger than max"), std::string::npos);
  EXPECT_TRUE(enroll(request("after")).has_value());
}

TEST_F(RpcTest, MessageThatCannotBeDecodedNamesItsMethod) {
  auto answer = loop->run_task(call<plugin::RegisterRequest>(*client, kBroken, plugin::Empty{}));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().message().substr(0, 42), "/test/Broken: a message cannot be decoded:");
}

TEST_F(RpcTest, ClientFindsARestartedServer) {
  EXPECT_TRUE(enroll(request("before")).has_value());
  server.reset();
  auto meanwhile = enroll(request("meanwhile"));
  ASSERT_FALSE(meanwhile.has_value());
  start();
  auto answer = enroll(request("after"));
  EXPECT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(names, (std::vector<std::string>{"before", "after"}));
}

TEST_F(RpcTest, ServerThatIsNotThereIsUnavailable) {
  io::GrpcClient nobody({.address = io::Address::unix_socket(directory + "/nobody")});
  auto answer = loop->run_task(nobody.call(std::string(kRegister), ""));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), base::Code::Unavailable);
}

}  // namespace
}  // namespace rpc
