#include "io/remote_command.h"

#include <gtest/gtest.h>

#include "io/memory_stream.h"
#include "io/splice.h"
#include "io/test_upgrade_server.h"
#include "io/upgrade.h"
#include "io/websocket.h"

namespace io {
namespace {

constexpr RemoteCommandOptions kAll{.stdin_stream = true, .stdout_stream = true, .stderr_stream = true};
constexpr RemoteCommandOptions kTerminal{.stdin_stream = true, .stdout_stream = true, .tty = true};

using Accepted = base::Result<std::unique_ptr<RemoteCommand>>;

// Takes one request from `stream` and accepts the command.
Task<Accepted> accept_over(std::unique_ptr<Stream> stream, RemoteCommandOptions options) {
  CO_TRY(Request request, co_await test::read_request(*stream));
  test::UpgradeWriter writer(std::move(stream));
  auto accepted = co_await accept_remote_command(request, writer, options);
  if (!accepted) co_await writer.flush();
  co_return accepted;
}

// `cat` with manners: echoes stdin, says how much it was on stderr, and the sizes of the terminal on stdout.
Task<void> run_echo(std::unique_ptr<Stream> stream, RemoteCommandOptions options, std::string status) {
  auto command = co_await accept_over(std::move(stream), options);
  if (!command) {
    ADD_FAILURE() << command.error().message();
    co_return;
  }
  RemoteCommand& session = **command;
  Stream* output = session.channel(RemoteChannel::Stdout);
  if (options.tty) {
    auto size = co_await session.next_resize();
    if (size)
      (void)co_await output->write(
          base::Bytes(base::cat({std::to_string(size->width), "x", std::to_string(size->height), ";"})));
  }
  size_t bytes = 0;
  for (;;) {
    auto piece = co_await session.channel(RemoteChannel::Stdin)->read();
    if (!piece || piece->empty()) break;
    bytes += piece->size();
    (void)co_await output->write(base::Bytes(*std::move(piece)));
  }
  if (Stream* errors = session.channel(RemoteChannel::Stderr))
    (void)co_await errors->write(base::Bytes(std::to_string(bytes) + " bytes"));
  co_await session.finish(std::move(status));
}

// Translates one client to an echo over SPDY behind it.
Task<void> run_translator(std::unique_ptr<Stream> stream, RemoteCommandOptions options, std::string status) {
  auto front = co_await accept_over(std::move(stream), options);
  if (!front) {
    ADD_FAILURE() << front.error().message();
    co_return;
  }
  auto [client, server] = memory_streams();
  Scope kubelet;
  kubelet.spawn(run_echo(std::move(server), options, std::move(status)));
  Request request{.target = "/exec/x"};
  auto back = co_await connect_remote_command(std::move(client), request, RemoteWire::Spdy, options);
  if (!back) {
    ADD_FAILURE() << back.error().message();
    co_return;
  }
  co_await translate(**front, **back);
}

struct Outcome {
  std::string output, errors, status;
};

Task<void> read_into(Stream* stream, std::string& all) {
  while (stream) {
    auto piece = co_await stream->read();
    if (!piece || piece->empty()) break;
    all += *piece;
  }
}

Task<void> write_input(RemoteCommand& command, std::string input, RemoteCommandOptions options) {
  if (options.tty) {
    (void)co_await command.channel(RemoteChannel::Resize)->write(base::Bytes::literal("{\"Width\":80,"));
    (void)co_await command.channel(RemoteChannel::Resize)->write(base::Bytes::literal("\"Height\":24}\n"));
  }
  (void)co_await command.channel(RemoteChannel::Stdin)->write(base::Bytes(std::move(input)));
  command.channel(RemoteChannel::Stdin)->finish();
}

Task<Outcome> run_client(std::unique_ptr<Stream> stream, RemoteWire wire, RemoteCommandOptions options,
                         std::string input) {
  Outcome outcome;
  Request request{.target = "/api/v1/namespaces/default/pods/a/exec"};
  auto command = co_await connect_remote_command(std::move(stream), request, wire, options);
  if (!command) {
    outcome.status = "error: " + command.error().message();
    co_return outcome;
  }
  Scope tasks;
  tasks.spawn(write_input(**command, std::move(input), options));
  co_await read_into((*command)->channel(RemoteChannel::Stdout), outcome.output);
  co_await read_into((*command)->channel(RemoteChannel::Stderr), outcome.errors);
  auto status = co_await (*command)->status();
  outcome.status = status ? *status : "error: " + status.error().message();
  co_return outcome;
}

// A client of one wire against a server, which may be a translator.
using Server = Task<void> (*)(std::unique_ptr<Stream>, RemoteCommandOptions, std::string);
Outcome run(RemoteWire wire, Server server, RemoteCommandOptions options, std::string input,
            std::string status = std::string(kRemoteSuccess)) {
  base::FakeClock clock;
  auto loop = Loop::create_simulated(clock);
  Loop::Entered entered(*loop);
  auto [client_end, server_end] = memory_streams();
  Scope tasks;
  tasks.spawn(server(std::move(server_end), options, std::move(status)));
  return loop->run_task(run_client(std::move(client_end), wire, options, std::move(input)));
}

struct Path {
  const char* name;
  RemoteWire wire;
  Server server;
};
class RemoteCommandPaths : public testing::TestWithParam<Path> {};
INSTANTIATE_TEST_SUITE_P(All, RemoteCommandPaths,
                         testing::Values(Path{"Spdy", RemoteWire::Spdy, run_echo},
                                         Path{"WebSocket", RemoteWire::WebSocket, run_echo},
                                         Path{"SpdyTranslated", RemoteWire::Spdy, run_translator},
                                         Path{"WebSocketTranslated", RemoteWire::WebSocket, run_translator}),
                         [](const auto& info) { return info.param.name; });

TEST_P(RemoteCommandPaths, InputOutputAndStatusArrive) {
  Outcome outcome = run(GetParam().wire, GetParam().server, kAll, "hello");
  EXPECT_EQ(outcome.output, "hello");
  EXPECT_EQ(outcome.errors, "5 bytes");
  EXPECT_EQ(outcome.status, kRemoteSuccess);
}

TEST_P(RemoteCommandPaths, MoreThanAnyBufferArrivesWhole) {
  std::string input;
  for (int i = 0; input.size() < 3'000'000; ++i) input += std::to_string(i) + "\n";
  Outcome outcome = run(GetParam().wire, GetParam().server, kAll, input);
  EXPECT_TRUE(outcome.output == input) << outcome.output.size();
  EXPECT_EQ(outcome.errors, std::to_string(input.size()) + " bytes");
}

TEST_P(RemoteCommandPaths, ExitCodeArrives) {
  Outcome outcome = run(GetParam().wire, GetParam().server, kAll, "", remote_exit_status(3));
  EXPECT_EQ(outcome.status, remote_exit_status(3));
}

TEST_P(RemoteCommandPaths, TerminalHasOneOutputAndASize) {
  Outcome outcome = run(GetParam().wire, GetParam().server, kTerminal, "ls\n");
  EXPECT_EQ(outcome.output, "80x24;ls\n");
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(outcome.status, kRemoteSuccess);
}

// ---- who does not behave ----

struct Bench {
  base::FakeClock clock;
  std::unique_ptr<Loop> loop = Loop::create_simulated(clock);
  Loop::Entered entered{*loop};
};

Task<void> accept_into(std::unique_ptr<Stream> stream, RemoteCommandOptions options, Accepted* accepted) {
  *accepted = co_await accept_over(std::move(stream), options);
}

TEST(RemoteCommand, UnknownProtocolsAreForbiddenWithWhatIsAccepted) {
  Bench bench;
  auto [client, server] = memory_streams();
  Accepted accepted = nullptr;
  Scope tasks;
  tasks.spawn(accept_into(std::move(server), kAll, &accepted));
  Request request{.method = "POST", .target = "/exec"};
  ask_for_spdy(request, {"v9.channel.k8s.io"});
  auto answer = bench.loop->run_task(upgrade(std::move(client), request));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->head.status, 403);
  EXPECT_EQ(answer->head.headers.all("x-accepted-stream-protocol-versions").size(), 5u);
  EXPECT_EQ(answer->body,
            "unable to upgrade: unable to negotiate protocol: client supports [v9.channel.k8s.io], server accepts "
            "[v5.channel.k8s.io v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io channel.k8s.io]\n");
  EXPECT_FALSE(accepted.has_value());
}

TEST(RemoteCommand, OldClientsGetAPlainMessage) {
  Bench bench;
  auto [client, server] = memory_streams();
  Scope tasks;
  tasks.spawn(run_echo(std::move(server), kAll, remote_failure_status("no shell")));
  Request request{.target = "/exec"};
  ask_for_websocket(request, {"base64.channel.k8s.io"});
  auto upgraded = bench.loop->run_task(connect_upgraded(std::move(client), request));
  ASSERT_TRUE(upgraded.has_value()) << upgraded.error().message();
  EXPECT_EQ(upgraded->protocol, "base64.channel.k8s.io");
  // Its frames by hand: text "0aGk=" is "hi" on stdin; base64 cannot end stdin, so the echo never ends here.
  base::SeededRandom random(1);
  auto text = [&](std::string_view payload) {
    return base::Bytes(websocket_frame(WebSocketRole::Client, WebSocketKind::Text, payload, random));
  };
  ASSERT_TRUE(bench.loop->run_task(upgraded->stream->write(text("0aGk="))).has_value());
  WebSocketParser parser(WebSocketRole::Client, 1000);
  std::vector<std::string> messages;
  while (messages.size() < 2) {
    auto piece = bench.loop->run_task(upgraded->stream->read());
    ASSERT_TRUE(piece.has_value() && !piece->empty());
    parser.feed(*piece);
    while (auto message = *parser.next()) messages.push_back(message->payload);
  }
  EXPECT_EQ(messages, (std::vector<std::string>{"1", "1aGk="}));
}

TEST(RemoteCommand, ClientThatOpensNoStreamsIsGivenUp) {
  Bench bench;
  auto [client, server] = memory_streams();
  Accepted accepted = nullptr;
  Scope tasks;
  tasks.spawn(accept_into(std::move(server), kAll, &accepted));
  Request request{.method = "POST", .target = "/exec"};
  ask_for_spdy(request, {"v4.channel.k8s.io"});
  ASSERT_TRUE(bench.loop
                  ->run_task(client->write(
                      base::Bytes::literal("POST /exec HTTP/1.1\r\nconnection: Upgrade\r\nupgrade: "
                                           "SPDY/3.1\r\nx-stream-protocol-version: v4.channel.k8s.io\r\n\r\n")))
                  .has_value());
  bench.loop->run_until_idle();
  bench.loop->advance(kStreamCreationMax);
  ASSERT_FALSE(accepted.has_value());
  EXPECT_EQ(accepted.error().code(), base::Code::Timeout);
}

TEST(RemoteCommand, ClientThatGoesAwayTakesTheCommandWithIt) {
  Bench bench;
  auto [client, server] = memory_streams();
  bool ended = false;
  auto serve = [](std::unique_ptr<Stream> stream, bool* ended) -> Task<void> {
    co_await run_translator(std::move(stream), kAll, std::string(kRemoteSuccess));
    *ended = true;
  };
  Scope tasks;
  tasks.spawn(serve(std::move(server), &ended));
  Request request{.target = "/exec"};
  auto command = bench.loop->run_task(connect_remote_command(std::move(client), request, RemoteWire::WebSocket, kAll));
  ASSERT_TRUE(command.has_value());
  bench.loop->run_until_idle();
  EXPECT_FALSE(ended);
  (*command)->close();
  bench.loop->run_until_idle();
  EXPECT_TRUE(ended);
}

TEST(RemoteCommand, RefusedUpgradeTellsTheServersWords) {
  Bench bench;
  auto [client, server] = memory_streams();
  auto serve = [](std::unique_ptr<Stream> stream) -> Task<void> {
    (void)co_await test::read_request(*stream);
    (void)co_await stream->write(
        base::Bytes::literal("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncache\r\n7\r\n "
                             "expire\r\n1\r\nd\r\n0\r\n\r\n"));
    co_await sleep(std::chrono::hours(1));
  };
  Scope tasks;
  tasks.spawn(serve(std::move(server)));
  auto command =
      bench.loop->run_task(connect_remote_command(std::move(client), {.target = "/exec"}, RemoteWire::Spdy, kAll));
  ASSERT_FALSE(command.has_value());
  EXPECT_EQ(command.error().message(), "unable to upgrade connection: cache expired (404)");
}

TEST(RemoteCommand, OptionsComeFromTheQuery) {
  auto of = [](std::string_view query) { return RemoteCommandOptions::from_query(query); };
  EXPECT_FALSE(of("command=ls").has_value());
  auto exec = of("command=ls&stdin=true&stdout=1&stderr=true&tty=false");
  ASSERT_TRUE(exec.has_value());
  EXPECT_TRUE(exec->stdin_stream && exec->stdout_stream && exec->stderr_stream && !exec->tty);
  auto kubelet = of("input=1&output=1&error=1&tty=1");
  ASSERT_TRUE(kubelet.has_value());
  EXPECT_TRUE(kubelet->stdin_stream && kubelet->stdout_stream && !kubelet->stderr_stream && kubelet->tty);
}

}  // namespace
}  // namespace io
