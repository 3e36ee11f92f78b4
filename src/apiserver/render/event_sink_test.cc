#include "apiserver/render/event_sink.h"

#include <gtest/gtest.h>

#include "io/memory_stream.h"
#include "io/test_upgrade_server.h"
#include "io/upgrade.h"
#include "io/websocket.h"

namespace apiserver {
namespace {

// A client that asks for a watch over a WebSocket, and what it is sent until the server says goodbye.
class EventSinkTest : public ::testing::Test {
 protected:
  struct Message {
    io::WebSocketKind kind;
    std::string payload;
  };

  io::Task<void> serve(std::unique_ptr<io::Stream> stream, MediaType media, std::vector<std::string> events) {
    auto request = co_await io::test::read_request(*stream);
    if (!request) co_return;
    io::test::UpgradeWriter writer(std::move(stream));
    Call call;
    Response response(*request, call, writer);
    auto sink = EventSink::open(*request, response, media, base::system_random());
    EXPECT_TRUE(sink.has_value());
    if (!sink) co_return;
    EXPECT_TRUE((*sink)->tells_when_left());
    std::vector<base::Bytes> bytes;
    for (auto& event : events) bytes.emplace_back(std::move(event));
    EXPECT_TRUE(co_await (*sink)->write(std::move(bytes)));
    co_await (*sink)->finish();
  }

  io::Task<std::vector<Message>> listen(std::unique_ptr<io::Stream> stream) {
    std::vector<Message> messages;
    io::Request request;
    request.target = "/api/v1/pods?watch=1";
    io::ask_for_websocket(request, {"base64.binary.k8s.io"});
    auto upgraded = co_await io::connect_upgraded(std::move(stream), std::move(request));
    EXPECT_TRUE(upgraded.has_value());
    if (!upgraded) co_return messages;
    EXPECT_EQ(upgraded->protocol, "base64.binary.k8s.io");
    io::WebSocketParser parser(io::WebSocketRole::Client, 1 << 20);
    for (;;) {
      auto bytes = co_await upgraded->stream->read();
      if (!bytes || bytes->empty()) co_return messages;
      parser.feed(*bytes);
      for (;;) {
        auto message = parser.next();
        if (!message || !*message) break;
        if ((*message)->kind == io::WebSocketKind::Close) co_return messages;
        messages.push_back({(*message)->kind, (*message)->payload});
      }
    }
  }

  std::vector<Message> watch(MediaType media, std::vector<std::string> events) {
    auto loop = io::Loop::create().value();
    auto [client, server] = io::memory_streams();
    return loop->run_task(both(std::move(client), std::move(server), media, std::move(events)));
  }

  io::Task<std::vector<Message>> both(std::unique_ptr<io::Stream> client, std::unique_ptr<io::Stream> server,
                                      MediaType media, std::vector<std::string> events) {
    io::Scope scope;
    scope.spawn(serve(std::move(server), media, std::move(events)));
    co_return co_await listen(std::move(client));
  }
};

TEST_F(EventSinkTest, EachEventIsATextMessage) {
  std::string large(100'000, 'x');
  auto messages = watch(MediaType::Json, {"{\"type\":\"ADDED\"}\n", large});
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].kind, io::WebSocketKind::Text);
  EXPECT_EQ(messages[0].payload, "{\"type\":\"ADDED\"}\n");
  EXPECT_TRUE(messages[1].payload == large);
}

TEST_F(EventSinkTest, ProtobufComesAsBinaryMessagesWithoutLengths) {
  auto messages = watch(MediaType::Protobuf, {std::string("\0\0\0\2ab", 6)});
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].kind, io::WebSocketKind::Binary);
  EXPECT_EQ(messages[0].payload, "ab");
}

}  // namespace
}  // namespace apiserver
