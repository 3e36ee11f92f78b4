// Commands inside, and what is carried in and out.
#include "base/strings.h"
#include "fixture.h"
#include "io/port_forward.h"
#include "io/socket.h"
#include "io/transport.h"
#include "io/upgrade.h"
#include "kubelet/runtime/cri/cri_client.h"

namespace kubelet {
namespace {

cri::ExecRequest exec_of(const std::string& id, const std::string& script) {
  cri::ExecRequest out;
  out.container_id = id;
  out.cmd = {"/bin/sh", "-c", script};
  out.stdin = out.stdout = true;
  return out;
}

TEST_F(Contract, CommandGivesItsOutputAndCode) {
  auto id = start("command", "sleep 1000");
  auto said = get(runtime_->exec_sync(id, {"/bin/sh", "-c", "echo out; echo err >&2; exit 4"}, 20));
  EXPECT_EQ(said.stdout, "out\n");
  EXPECT_EQ(said.stderr, "err\n");
  EXPECT_EQ(said.exit_code, 4);
}

TEST_F(Contract, CommandThatTakesTooLongIsKilled) {
  auto id = start("slow", "sleep 1000");
  auto said = run(runtime_->exec_sync(id, {"/bin/sleep", "654321"}, 1));
  ASSERT_FALSE(said);
  EXPECT_TRUE(said.error().code() == base::Code::Timeout) << said.error().message();
  EXPECT_TRUE(wait_for([&] { return !output(id, "ps").contains("sleep 654321"); }));
  EXPECT_EQ(status(id).state, cri::ContainerState::ContainerRunning);
}

TEST_F(Contract, ExecCarriesInputOutputAndCode) {
  auto id = start("talk", "sleep 1000");
  io::RemoteCommandOptions both{.stdin_stream = true, .stdout_stream = true};
  EXPECT_EQ(talk(get(runtime_->exec(exec_of(id, "cat"))), both, "echo!"), "echo!" + std::string(io::kRemoteSuccess));
  std::string large(3'000'000, 'x');
  EXPECT_EQ(talk(get(runtime_->exec(exec_of(id, "cat"))), both, large).size(),
            large.size() + io::kRemoteSuccess.size());
  EXPECT_THAT(talk(get(runtime_->exec(exec_of(id, "exit 3"))), both, ""), testing::HasSubstr("NonZeroExitCode"));
}

TEST_F(Contract, UrlIsGoodOnce) {
  auto id = start("once", "sleep 1000");
  io::RemoteCommandOptions both{.stdin_stream = true, .stdout_stream = true};
  auto url = get(runtime_->exec(exec_of(id, "echo hi")));
  EXPECT_THAT(talk(url, both, ""), testing::StartsWith("hi\n"));
  EXPECT_THAT(talk(url, both, ""), testing::Not(testing::HasSubstr("hi")));
}

TEST_F(Contract, TerminalIsOne) {
  auto id = start("terminal", "sleep 1000");
  auto request = exec_of(id, "test -t 0 && echo yes");
  request.tty = true;
  request.stdin = false;  // whose end would be the end of the output, here and there
  io::RemoteCommandOptions options{.stdout_stream = true, .tty = true};
  EXPECT_THAT(talk(get(runtime_->exec(request)), options, ""), testing::StartsWith("yes\r\n"));
}

TEST_F(Contract, AttachReachesTheMainProcess) {
  auto config = pod("attached");
  auto wanted = container("main", "while read line; do echo got $line; done");
  wanted.stdin = true;
  wanted.stdin_once = true;
  auto id = start(config, start_pod(config), wanted);
  cri::AttachRequest request;
  request.container_id = id;
  request.stdin = request.stdout = true;
  EXPECT_THAT(talk(get(runtime_->attach(request)), {.stdin_stream = true, .stdout_stream = true}, "one\ntwo\n"),
              testing::StartsWith("got one\ngot two\n"));
  EXPECT_EQ(wait_end(id).exit_code, 0);
  EXPECT_EQ(log(log_path("attached")), "got one\ngot two\n");
}

io::Task<base::Result<std::string>> through_port(std::string url, uint16_t port) {
  CO_TRY(auto place, parse_streaming_url(url));
  CO_TRY(auto transport, co_await io::connect(place.address));
  io::Request request{.method = "POST", .target = place.target, .authority = place.authority, .headers = {}};
  CO_TRY(auto forward, co_await io::connect_port_forward(io::make_stream(std::move(transport)), std::move(request)));
  CO_TRY(auto pair, co_await forward->open(port));
  pair.data->finish();
  std::string out;
  for (auto* stream : {pair.data.get(), pair.error.get()})
    for (;;) {
      auto piece = co_await stream->read();
      if (!piece || piece->empty()) break;
      out += *piece;
    }
  co_return out;
}

TEST_F(Contract, PortsOfThePodAreReached) {
  auto config = pod("ported");
  auto sandbox = start_pod(config);
  auto id = start(config, sandbox, container("main", "while :; do echo welcome | nc -l -p 8080; done"));
  ASSERT_TRUE(wait_for([&] { return output(id, "cat /proc/net/tcp /proc/net/tcp6").contains(":1F90 "); }));
  cri::PortForwardRequest request;
  request.pod_sandbox_id = sandbox;
  auto said = run(through_port(get(runtime_->port_forward(request)), 8080));
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_EQ(*said, "welcome\n");
  said = run(through_port(get(runtime_->port_forward(request)), 81));
  EXPECT_THAT(said ? *said : said.error().message(), testing::ContainsRegex("[Cc]onnection refused"));
}

}  // namespace
}  // namespace kubelet
