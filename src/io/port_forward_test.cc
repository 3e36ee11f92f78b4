#include "io/port_forward.h"

#include <gtest/gtest.h>

#include "io/memory_stream.h"
#include "io/spdy_connection.h"
#include "io/splice.h"
#include "io/test_upgrade_server.h"
#include "io/upgrade.h"
#include "io/websocket_connection.h"

namespace io {
namespace {

// Port 7 says in capitals what it hears until the end; any other port refuses.
Task<void> serve_port(ForwardedPort port) {
  if (port.port != 7) {
    (void)co_await port.error->write(base::Bytes(base::cat({"no port ", std::to_string(port.port)})));
  } else {
    for (;;) {
      auto piece = co_await port.data->read();
      if (!piece || piece->empty()) break;
      for (char& letter : *piece) letter = static_cast<char>(toupper(letter));
      (void)co_await port.data->write(base::Bytes(*std::move(piece)));
    }
  }
  port.error->finish();
  port.data->finish();
}

Task<void> serve_ports(std::unique_ptr<Stream> stream) {
  auto request = co_await test::read_request(*stream);
  test::UpgradeWriter writer(std::move(stream));
  auto forward = accept_port_forward(*request, writer);
  if (!forward) {
    co_await writer.flush();
    co_return;
  }
  co_await (*forward)->serve(serve_port);
}

Task<void> answer_once(ForwardedPort port) {
  (void)co_await port.data->write(base::Bytes("answer"));
}

Task<void> serve_answers(std::unique_ptr<Stream> stream) {
  auto request = co_await test::read_request(*stream);
  test::UpgradeWriter writer(std::move(stream));
  auto forward = accept_port_forward(*request, writer);
  if (forward) co_await (*forward)->serve(answer_once);
}

// Takes the client's upgrade of either kind and passes its SPDY on, as an API server does.
Task<void> serve_proxy(std::unique_ptr<Stream> stream) {
  auto request = co_await test::read_request(*stream);
  test::UpgradeWriter writer(std::move(stream));
  auto tunnel = accept_port_forward_tunnel(*request, writer);
  if (!tunnel) {
    ADD_FAILURE() << tunnel.error().message();
    co_return;
  }
  auto [client, server] = memory_streams();
  Scope kubelet;
  kubelet.spawn(serve_ports(std::move(server)));
  Request behind{.method = "POST", .target = "/portForward/x"};
  ask_for_spdy(behind, {tunnel->protocol});
  auto backend = co_await connect_upgraded(std::move(client), behind);
  if (!backend) {
    ADD_FAILURE() << backend.error().message();
    co_return;
  }
  co_await splice(*tunnel->spdy, *backend->stream);
}

Task<std::string> all_of(Stream& stream) {
  std::string all;
  for (;;) {
    auto piece = co_await stream.read();
    if (!piece) co_return all + "!" + piece.error().message();
    if (piece->empty()) co_return all;
    all += *piece;
  }
}

// What port answers to `text`, then what it says went wrong.
Task<std::string> ask(PortForward& forward, uint16_t number, std::string text) {
  auto port = co_await forward.open(number);
  if (!port) co_return "not opened: " + port.error().message();
  (void)co_await port->data->write(base::Bytes(std::move(text)));
  port->data->finish();
  std::string answer = co_await all_of(*port->data);
  std::string error = co_await all_of(*port->error);
  co_return answer + "|" + error;
}

struct PortForwardTest : testing::Test {
  base::FakeClock clock;
  std::unique_ptr<Loop> loop = Loop::create_simulated(clock);
  Loop::Entered entered{*loop};
  Scope tasks;

  std::unique_ptr<Stream> connect_to(Task<void> (*server)(std::unique_ptr<Stream>)) {
    auto [client, end] = memory_streams();
    tasks.spawn(server(std::move(end)));
    return std::move(client);
  }
};

TEST_F(PortForwardTest, ConnectionsShareOneSpdy) {
  auto forward = loop->run_task(connect_port_forward(connect_to(serve_ports), {.target = "/portforward"}));
  ASSERT_TRUE(forward.has_value()) << forward.error().message();
  EXPECT_EQ(loop->run_task(ask(**forward, 7, "hello")), "HELLO|");
  EXPECT_EQ(loop->run_task(ask(**forward, 8, "hello")), "|no port 8");
  EXPECT_EQ(loop->run_task(ask(**forward, 7, std::string(200'000, 'a'))), std::string(200'000, 'A') + "|");
}

TEST_F(PortForwardTest, SpdyGoesThroughAProxy) {
  auto forward = loop->run_task(connect_port_forward(connect_to(serve_proxy), {.target = "/portforward"}));
  ASSERT_TRUE(forward.has_value()) << forward.error().message();
  EXPECT_EQ(loop->run_task(ask(**forward, 7, "hello")), "HELLO|");
}

Task<base::Result<std::unique_ptr<Stream>>> open_tunnel(std::unique_ptr<Stream> connection) {
  Request request{.target = "/portforward"};
  ask_for_websocket(request, {"SPDY/3.1+portforward.k8s.io"});
  CO_TRY(Upgraded upgraded, co_await connect_upgraded(std::move(connection), request));
  EXPECT_EQ(upgraded.protocol, "SPDY/3.1+portforward.k8s.io");
  co_return websocket_tunnel(std::move(upgraded.stream), WebSocketRole::Client);
}

TEST_F(PortForwardTest, SpdyInsideAWebSocketIsServedAndProxied) {
  for (auto server : {serve_ports, serve_proxy}) {
    auto tunnel = loop->run_task(open_tunnel(connect_to(server)));
    ASSERT_TRUE(tunnel.has_value()) << tunnel.error().message();
    SpdyConnection spdy(*std::move(tunnel), SpdyRole::Client);
    auto open = [&](std::string_view type) {
      Headers headers;
      headers.add("streamtype", type);
      headers.add("port", "7");
      headers.add("requestid", "0");
      return loop->run_task(spdy.open(headers));
    };
    auto error = open("error");
    auto data = open("data");
    ASSERT_TRUE(error.has_value() && data.has_value());
    ASSERT_TRUE(loop->run_task((*data)->write(base::Bytes::literal("abc"))).has_value());
    (*data)->finish();
    EXPECT_EQ(loop->run_task(all_of(**data)), "ABC");
  }
}

TEST_F(PortForwardTest, OldChannelsBeginWithTheirPort) {
  Request request{.target = "/portforward?ports=7&ports=9"};
  ask_for_websocket(request, {"v4.channel.k8s.io"});
  auto upgraded = loop->run_task(connect_upgraded(connect_to(serve_ports), request));
  ASSERT_TRUE(upgraded.has_value()) << upgraded.error().message();
  WebSocketConnection socket(std::move(upgraded->stream), WebSocketRole::Client, WebSocketCarriage::Channels,
                             {0, 1, 2, 3});
  auto data = socket.channel(0);
  auto refusal = socket.channel(3);
  ASSERT_TRUE(loop->run_task(data->write(base::Bytes::literal("abc"))).has_value());
  loop->run_until_idle();
  EXPECT_EQ(loop->run_task(data->read()).value_or(""), std::string({7, 0}) + "ABC");
  EXPECT_EQ(loop->run_task(refusal->read()).value_or(""), std::string({9, 0}) + "no port 9");
}

// The ends of single connections cannot be told on them, so the end of the last one ends everything.
TEST_F(PortForwardTest, OldChannelsSayGoodbyeWhenTheirConnectionsHaveEnded) {
  Request request{.target = "/portforward?ports=7"};
  ask_for_websocket(request, {"v4.channel.k8s.io"});
  auto upgraded = loop->run_task(connect_upgraded(connect_to(serve_answers), request));
  ASSERT_TRUE(upgraded.has_value()) << upgraded.error().message();
  WebSocketConnection socket(std::move(upgraded->stream), WebSocketRole::Client, WebSocketCarriage::Channels, {0, 1});
  auto data = socket.channel(0);
  EXPECT_EQ(loop->run_task(all_of(*data)), std::string({7, 0}) + "answer");
}

TEST_F(PortForwardTest, OldChannelsNeedPorts) {
  Request request{.target = "/portforward"};
  ask_for_websocket(request, {"v4.channel.k8s.io"});
  auto upgraded = loop->run_task(connect_upgraded(connect_to(serve_ports), request));
  ASSERT_FALSE(upgraded.has_value());
  EXPECT_EQ(upgraded.error().message(), "unable to upgrade connection: at least one port is required (400)");
}

TEST_F(PortForwardTest, StreamsThatBelongToNothingAreReset) {
  Request request{.method = "POST", .target = "/portforward"};
  ask_for_spdy(request, {"portforward.k8s.io"});
  auto upgraded = loop->run_task(connect_upgraded(connect_to(serve_ports), request));
  ASSERT_TRUE(upgraded.has_value());
  SpdyConnection spdy(std::move(upgraded->stream), SpdyRole::Client);
  Headers headers;
  headers.add("streamtype", "data");
  headers.add("port", "0");
  auto stream = loop->run_task(spdy.open(headers));
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(loop->run_task(all_of(**stream)), "");
}

}  // namespace
}  // namespace io
