// A real kubectl against our ends of exec and port-forward, over WebSocket and over SPDY, served directly and
// translated as an API server does. Skipped where there is no kubectl.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/strings.h"
#include "io/memory_stream.h"
#include "io/port_forward.h"
#include "io/process.h"
#include "io/remote_command.h"
#include "io/socket.h"
#include "io/splice.h"
#include "io/test_upgrade_server.h"
#include "io/transport.h"
#include "io/upgrade.h"
#include "io/websocket.h"

namespace io {
namespace {

struct Mode {
  const char* name;
  bool websocket;
  bool translated;
};

constexpr std::string_view kApi = R"({"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[]})";
constexpr std::string_view kApis = R"({"kind":"APIGroupList","apiVersion":"v1","groups":[]})";
constexpr std::string_view kResources =
    R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":"v1","resources":[{"name":"pods","singularName":"pod",)"
    R"("namespaced":true,"kind":"Pod","verbs":["get","list"],"shortNames":["po"]}]})";
constexpr std::string_view kPod =
    R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"default"},"spec":{"containers":[{"name":"c","image":"i",)"
    R"("ports":[{"containerPort":7}]}]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}})";

// The command of the pod: says stdin back, its length on stderr, and exits with 0, or 3 if there was no stdin.
Task<void> run_pod_command(std::unique_ptr<RemoteCommand> command) {
  size_t bytes = 0;
  if (Stream* input = command->channel(RemoteChannel::Stdin)) {
    for (;;) {
      auto piece = co_await input->read();
      if (!piece || piece->empty()) break;
      bytes += piece->size();
      (void)co_await command->channel(RemoteChannel::Stdout)->write(base::Bytes(*std::move(piece)));
    }
  }
  (void)co_await command->channel(RemoteChannel::Stderr)->write(base::Bytes(std::to_string(bytes) + " bytes\n"));
  co_await command->finish(bytes != 0 ? std::string(kRemoteSuccess) : remote_exit_status(3));
}

Task<void> serve_exec(std::unique_ptr<Stream> stream, Request request) {
  auto options = RemoteCommandOptions::from_query(request.query());
  test::UpgradeWriter writer(std::move(stream));
  auto command = co_await accept_remote_command(request, writer, *options);
  if (command) co_await run_pod_command(*std::move(command));
  co_await writer.flush();
}

Task<void> serve_request(std::unique_ptr<Stream> stream) {
  auto request = co_await test::read_request(*stream);
  if (request) co_await serve_exec(std::move(stream), *request);
}

// As an API server: whatever the client speaks, SPDY to the one behind.
Task<void> serve_translated(std::unique_ptr<Stream> stream, Request request) {
  auto options = RemoteCommandOptions::from_query(request.query());
  test::UpgradeWriter writer(std::move(stream));
  auto front = co_await accept_remote_command(request, writer, *options);
  if (!front) {
    co_await writer.flush();
    co_return;
  }
  auto [client, server] = memory_streams();
  Scope kubelet;
  kubelet.spawn(serve_request(std::move(server)));
  auto back =
      co_await connect_remote_command(std::move(client), {.target = request.target}, RemoteWire::Spdy, *options);
  if (back) co_await translate(**front, **back);
}

// Says in capitals what it hears.
Task<void> serve_port(ForwardedPort port) {
  for (;;) {
    auto piece = co_await port.data->read();
    if (!piece || piece->empty()) break;
    for (char& letter : *piece) letter = static_cast<char>(toupper(letter));
    (void)co_await port.data->write(base::Bytes(*std::move(piece)));
  }
  port.error->finish();
  port.data->finish();
}

Task<void> serve_port_forward(std::unique_ptr<Stream> stream, Request request) {
  test::UpgradeWriter writer(std::move(stream));
  auto forward = accept_port_forward(request, writer);
  Scope ports;
  while (forward) {
    auto port = co_await (*forward)->accept();
    if (!port) break;
    ports.spawn(serve_port(*std::move(port)));
  }
  co_await writer.flush();
}

Task<void> serve_port_forward_request(std::unique_ptr<Stream> stream) {
  auto request = co_await test::read_request(*stream);
  if (request) co_await serve_port_forward(std::move(stream), *request);
}

// As an API server: SPDY behind, as bytes.
Task<void> serve_port_forward_proxied(std::unique_ptr<Stream> stream, Request request) {
  test::UpgradeWriter writer(std::move(stream));
  auto tunnel = accept_port_forward_tunnel(request, writer);
  if (!tunnel) co_return;
  auto [client, server] = memory_streams();
  Scope kubelet;
  kubelet.spawn(serve_port_forward_request(std::move(server)));
  Request behind{.method = "POST", .target = request.target};
  ask_for_spdy(behind, {tunnel->protocol});
  auto backend = co_await connect_upgraded(std::move(client), behind);
  if (backend) co_await splice(*tunnel->spdy, *backend->stream);
}

Task<void> serve_connection(std::unique_ptr<Stream> stream, Mode mode) {
  auto request = co_await test::read_request(*stream);
  if (!request) co_return;
  std::string_view path = request->path();
  bool translated = mode.translated;
  if (request->headers.has("upgrade")) {
    EXPECT_EQ(is_websocket_request(*request), mode.websocket);
  }
  if (path.ends_with("/exec")) {
    co_await (translated ? serve_translated(std::move(stream), *request) : serve_exec(std::move(stream), *request));
    co_return;
  }
  if (path.ends_with("/portforward")) {
    co_await (translated ? serve_port_forward_proxied(std::move(stream), *request)
                         : serve_port_forward(std::move(stream), *request));
    co_return;
  }
  std::string_view body = path == "/api" ? kApi : path == "/apis" ? kApis : path == "/api/v1" ? kResources : kPod;
  std::string answer =
      base::cat({"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ",
                 std::to_string(body.size()), "\r\n\r\n", body});
  (void)co_await stream->write(base::Bytes(std::move(answer)));
  stream->finish();
  (void)co_await stream->read();
}

Task<void> serve(Listener& listener, Scope& connections, Mode mode) {
  for (;;) {
    auto transport = co_await listener.accept();
    if (!transport) co_return;
    connections.spawn(serve_connection(make_stream(*std::move(transport)), mode));
  }
}

class KubectlStreams : public testing::TestWithParam<Mode> {
 protected:
  void SetUp() override {
    if (access("/usr/bin/kubectl", X_OK) != 0) GTEST_SKIP() << "no kubectl";
    auto listening = Listener::listen({.host = "127.0.0.1"});
    ASSERT_TRUE(listening.has_value()) << listening.error().message();
    listener_ = *std::move(listening);
    tasks_.spawn(serve(*listener_, connections_, GetParam()));
    char pattern[] = "/tmp/navarch-kubectl-XXXXXX";
    home_ = mkdtemp(pattern);
  }
  void TearDown() override {
    if (!home_.empty()) std::filesystem::remove_all(home_);
  }

  std::vector<std::string> argv(std::vector<std::string> arguments) {
    std::vector<std::string> all = {"/usr/bin/kubectl", base::cat({"--server=http://", listener_->address().text()})};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }
  std::vector<std::string> environment() {
    std::string on = GetParam().websocket ? "true" : "false";
    return {"HOME=" + home_, "KUBECONFIG=/dev/null", "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=" + on,
            "KUBECTL_PORT_FORWARD_WEBSOCKETS=" + on};
  }
  CommandResult kubectl(std::vector<std::string> arguments, std::string input = "") {
    CommandOptions options{.argv = argv(std::move(arguments)),
                           .environment = environment(),
                           .input = base::Bytes(std::move(input)),
                           .output_max = 64 << 20};
    auto result = loop_->run_task(run_command(std::move(options)));
    EXPECT_TRUE(result.has_value());
    return result ? *std::move(result) : CommandResult{};
  }

  std::unique_ptr<Loop> loop_ = *Loop::create();
  Loop::Entered entered_{*loop_};
  std::unique_ptr<Listener> listener_;
  std::string home_;
  Scope connections_;
  Scope tasks_;
};

INSTANTIATE_TEST_SUITE_P(Wires, KubectlStreams,
                         testing::Values(Mode{"WebSocket", true, false}, Mode{"Spdy", false, false},
                                         Mode{"WebSocketTranslated", true, true}, Mode{"SpdyTranslated", false, true}),
                         [](const auto& info) { return info.param.name; });

TEST_P(KubectlStreams, ExecCarriesInputAndBothOutputs) {
  CommandResult result = kubectl({"exec", "-i", "x", "--", "cat"}, "hello\n");
  EXPECT_EQ(result.output, "hello\n");
  EXPECT_EQ(result.error, "6 bytes\n");
  EXPECT_EQ(result.status.code, 0);
}

TEST_P(KubectlStreams, ExecCarriesMuch) {
  std::string input;
  for (int i = 0; input.size() < 20'000'000; ++i) input += std::to_string(i) + "\n";
  CommandResult result = kubectl({"exec", "-i", "x", "--", "cat"}, input);
  EXPECT_TRUE(result.output == input) << result.output.size() << " of " << input.size() << " " << result.error;
  EXPECT_EQ(result.status.code, 0);
}

TEST_P(KubectlStreams, ExitCodeIsKubectls) {
  CommandResult result = kubectl({"exec", "x", "--", "false"});
  EXPECT_EQ(result.status.code, 3);
  EXPECT_EQ(result.error, "0 bytes\ncommand terminated with exit code 3\n");
}

Task<std::string> ask(uint16_t port, std::string text) {
  auto transport = co_await connect({.host = "127.0.0.1", .port = port});
  if (!transport) co_return transport.error().message();
  auto stream = make_stream(*std::move(transport));
  (void)co_await stream->write(base::Bytes(std::move(text)));
  stream->finish();
  std::string all;
  for (;;) {
    auto piece = co_await stream->read();
    if (!piece || piece->empty()) co_return all;
    all += *piece;
  }
}

TEST_P(KubectlStreams, PortForwardCarriesConnections) {
  auto kubectl = Process::spawn(
      {.argv = argv({"port-forward", "x", ":7"}), .environment = environment(), .output = ChildEnd::pipe()});
  ASSERT_TRUE(kubectl.has_value());
  auto output = (*kubectl)->take_output();
  std::string said;
  // "Forwarding from 127.0.0.1:41231 -> 7"
  while (said.find(" -> ") == std::string::npos) {
    auto piece = loop_->run_task(output->read());
    ASSERT_TRUE(piece.has_value() && !piece->empty()) << said;
    said += *piece;
  }
  size_t colon = said.find(':');
  auto port = base::parse_uint(std::string_view(said).substr(colon + 1, said.find(' ', colon) - colon - 1));
  ASSERT_TRUE(port) << said;
  EXPECT_EQ(loop_->run_task(ask(static_cast<uint16_t>(*port), "hello")), "HELLO");
  EXPECT_EQ(loop_->run_task(ask(static_cast<uint16_t>(*port), std::string(100'000, 'a'))), std::string(100'000, 'A'));
}

}  // namespace
}  // namespace io
