// Exec, attach and port-forward through the streaming server of a real containerd, spoken to directly and by
// translation from WebSocket as an API server does. Everything of containerd's is private to the test. Skipped without
// root or containerd.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/strings.h"
#include "image/archive.h"
#include "io/memory_stream.h"
#include "io/port_forward.h"
#include "io/process.h"
#include "io/remote_command.h"
#include "io/socket.h"
#include "io/splice.h"
#include "io/test_upgrade_server.h"
#include "kubelet/runtime/cri/cri_client.h"

namespace kubelet {
namespace {

using io::RemoteChannel;
using io::RemoteCommandOptions;

constexpr RemoteCommandOptions kAll{.stdin_stream = true, .stdout_stream = true, .stderr_stream = true};
constexpr RemoteCommandOptions kTerminal{.stdin_stream = true, .stdout_stream = true, .tty = true};
constexpr const char* kImage = "registry.test/guest:1";

class ContainerStreams : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (access("/usr/bin/containerd", X_OK) != 0 || geteuid() != 0) return;
    std::string pattern = std::filesystem::temp_directory_path() / "navarch-streams-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    std::ofstream(directory_ + "/config.toml")
        << "version = 2\nroot = \"" << directory_ << "/root\"\nstate = \"" << directory_
        << "/state\"\n[grpc]\naddress = \"" << socket()
        << "\"\n[plugins.\"io.containerd.grpc.v1.cri\"]\nrestrict_oom_score_adj = true\nsandbox_image = \"" << kImage
        << "\"\nstream_server_address = \"127.0.0.1\"\nstream_server_port = \"0\"\n"
        << "[plugins.\"io.containerd.grpc.v1.cri\".cni]\nconf_dir = \"" << directory_ << "/cni\"\n"
        << "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nsnapshotter = \"native\"\n";
    loop_ = io::Loop::create()->release();
    io::Loop::Entered entered(*loop_);
    io::ProcessOptions options;
    options.argv = {"/usr/bin/containerd", "--config", directory_ + "/config.toml"};
    options.output = options.error = io::ChildEnd::file(directory_ + "/log");
    options.dies_with_parent = true;
    containerd_ = io::Process::spawn(std::move(options))->release();
    client_ = CriClient::create({.endpoint = "unix://" + socket()})->release();
    auto started = loop_->run_task(start_pod());
    if (!started) start_error_ = started.error().message();
  }
  static void TearDownTestSuite() {
    if (!loop_) return;
    {
      io::Loop::Entered entered(*loop_);
      loop_->run_task(stop_pod());
      delete client_;
      delete containerd_;
    }
    delete loop_;
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  void SetUp() override {
    if (!loop_) GTEST_SKIP() << "needs root and containerd";
    ASSERT_EQ(start_error_, "");
    entered_.emplace(*loop_);
  }

  static std::string socket() { return directory_ + "/containerd.sock"; }

  static io::Task<base::Result<void>> start_pod() {
    while (!(co_await client_->version())) {
      if (containerd_->has_ended()) co_return base::fail(base::Code::Internal, "containerd has ended");
      co_await io::sleep(std::chrono::milliseconds(20));
    }
    CO_TRY(std::string guest, base::read_file(GUEST_PROGRAM));
    image::Image image{
        .reference = kImage, .files = {{.path = "guest", .content = std::move(guest)}}, .entrypoint = {"/guest"}};
    CO_TRY(std::string archive, image::make_archive(image));
    std::ofstream(directory_ + "/image.tar", std::ios::binary) << archive;
    CO_TRY(auto imported, co_await io::run_command({.argv = {"ctr", "-a", socket(), "-n", "k8s.io", "images", "import",
                                                             "--snapshotter=native", directory_ + "/image.tar"}}));
    if (!imported.status.ok()) co_return base::fail(base::Code::Internal, imported.error + imported.output);

    cri::RunPodSandboxRequest sandbox;
    sandbox.config.emplace() = pod_config();
    CO_TRY(auto pod, co_await client_->run_pod_sandbox(sandbox));
    pod_id_ = pod.pod_sandbox_id;
    CO_TRY(container_id_, co_await start_container("main", {}, false));
    co_return base::Result<void>();
  }

  static cri::PodSandboxConfig pod_config() {
    cri::PodSandboxConfig config;
    config.metadata.emplace();
    config.metadata->name = "streams";
    config.metadata->uid = "streams-uid";
    config.metadata->namespace_ = "default";
    config.log_directory = directory_;
    config.linux.emplace();
    config.linux->security_context.emplace();
    // The host's network: no CNI takes part.
    config.linux->security_context->namespace_options.emplace().network = cri::NamespaceMode::Node;
    return config;
  }

  static io::Task<base::Result<std::string>> start_container(std::string name, std::vector<std::string> args,
                                                             bool has_stdin) {
    cri::CreateContainerRequest create;
    create.pod_sandbox_id = pod_id_;
    create.sandbox_config.emplace() = pod_config();
    cri::ContainerConfig& config = create.config.emplace();
    config.metadata.emplace().name = name;
    config.image.emplace().image = kImage;
    config.args = std::move(args);
    config.stdin = config.stdin_once = has_stdin;
    config.log_path = name + ".log";
    config.linux.emplace().security_context.emplace().namespace_options.emplace().network = cri::NamespaceMode::Node;
    CO_TRY(auto created, co_await client_->create_container(create));
    cri::StartContainerRequest start;
    start.container_id = created.container_id;
    CO_TRY(co_await client_->start_container(start));
    co_return created.container_id;
  }

  static io::Task<void> stop_pod() {
    cri::StopPodSandboxRequest stop;
    stop.pod_sandbox_id = pod_id_;
    (void)co_await client_->stop_pod_sandbox(stop);
    cri::RemovePodSandboxRequest remove;
    remove.pod_sandbox_id = pod_id_;
    (void)co_await client_->remove_pod_sandbox(remove);
  }

  static io::Task<base::Result<std::unique_ptr<io::RemoteCommand>>> connect(std::string url,
                                                                            RemoteCommandOptions options) {
    CO_TRY(StreamingUrl place, parse_streaming_url(url));
    CO_TRY(auto transport, co_await io::connect(place.address));
    io::Request request{.target = place.target, .authority = place.authority};
    co_return co_await io::connect_remote_command(io::make_stream(std::move(transport)), request, io::RemoteWire::Spdy,
                                                  options);
  }

  static io::Task<base::Result<std::unique_ptr<io::RemoteCommand>>> exec(std::vector<std::string> command,
                                                                         RemoteCommandOptions options) {
    cri::ExecRequest request;
    request.container_id = container_id_;
    request.cmd = std::move(command);
    request.stdin = options.stdin_stream;
    request.stdout = options.stdout_stream;
    request.stderr = options.stderr_stream;
    request.tty = options.tty;
    CO_TRY(auto answer, co_await client_->exec(request));
    co_return co_await connect(answer.url, options);
  }

  // A WebSocket client's side of exec, translated.
  static io::Task<void> serve_translated(std::unique_ptr<io::Stream> stream, std::vector<std::string> command,
                                         RemoteCommandOptions options) {
    auto request = co_await io::test::read_request(*stream);
    io::test::UpgradeWriter writer(std::move(stream));
    auto front = co_await io::accept_remote_command(*request, writer, options);
    if (!front) {
      ADD_FAILURE() << front.error().message();
      co_return;
    }
    auto back = co_await exec(std::move(command), options);
    if (back) {
      co_await io::translate(**front, **back);
    } else {
      co_await io::refuse(**front, back.error().message());
    }
  }

  struct Outcome {
    std::string output, errors, status;
  };
  static io::Task<void> write_input(io::RemoteCommand& command, std::string input) {
    if (io::Stream* resize = command.channel(RemoteChannel::Resize)) {
      (void)co_await resize->write(base::Bytes::literal(R"({"Width":97,"Height":31})"));
    }
    io::Stream* stdin_stream = command.channel(RemoteChannel::Stdin);
    if (!stdin_stream) co_return;
    (void)co_await stdin_stream->write(base::Bytes(std::move(input)));
    // The end of a terminal's input hangs it up, and what it still had to say is lost.
    if (!command.channel(RemoteChannel::Resize)) stdin_stream->finish();
  }
  static io::Task<std::string> read_all(io::Stream* stream) {
    std::string all;
    while (stream) {
      auto piece = co_await stream->read();
      if (!piece || piece->empty()) break;
      all += *piece;
    }
    co_return all;
  }
  static io::Task<Outcome> converse(base::Result<std::unique_ptr<io::RemoteCommand>> command, std::string input) {
    Outcome outcome;
    if (!command) {
      outcome.status = "error: " + command.error().message();
      co_return outcome;
    }
    io::Scope writing;
    writing.spawn(write_input(**command, std::move(input)));
    outcome.output = co_await read_all((*command)->channel(RemoteChannel::Stdout));
    outcome.errors = co_await read_all((*command)->channel(RemoteChannel::Stderr));
    auto status = co_await (*command)->status();
    outcome.status = status ? *status : "error: " + status.error().message();
    co_return outcome;
  }

  Outcome run_exec(std::vector<std::string> command, RemoteCommandOptions options, std::string input) {
    return loop_->run_task(converse(loop_->run_task(exec(std::move(command), options)), std::move(input)));
  }
  Outcome run_translated(std::vector<std::string> command, RemoteCommandOptions options, std::string input) {
    auto [client, server] = io::memory_streams();
    io::Scope serving;
    serving.spawn(serve_translated(std::move(server), std::move(command), options));
    auto connected = loop_->run_task(
        io::connect_remote_command(std::move(client), {.target = "/exec"}, io::RemoteWire::WebSocket, options));
    return loop_->run_task(converse(std::move(connected), std::move(input)));
  }

  inline static std::string directory_, pod_id_, container_id_, start_error_;
  inline static io::Loop* loop_ = nullptr;
  inline static io::Process* containerd_ = nullptr;
  inline static CriClient* client_ = nullptr;
  std::optional<io::Loop::Entered> entered_;
};

TEST_F(ContainerStreams, ExecCarriesInputAndBothOutputs) {
  for (bool translated : {false, true}) {
    Outcome outcome =
        translated ? run_translated({"/guest", "cat"}, kAll, "hello") : run_exec({"/guest", "cat"}, kAll, "hello");
    EXPECT_EQ(outcome.output, "hello");
    EXPECT_EQ(outcome.errors, "5 bytes\n");
    EXPECT_EQ(outcome.status, io::kRemoteSuccess);
  }
}

TEST_F(ContainerStreams, ExecCarriesMuch) {
  std::string input;
  for (int i = 0; input.size() < 5'000'000; ++i) input += std::to_string(i) + "\n";
  for (bool translated : {false, true}) {
    Outcome outcome =
        translated ? run_translated({"/guest", "cat"}, kAll, input) : run_exec({"/guest", "cat"}, kAll, input);
    EXPECT_TRUE(outcome.output == input) << outcome.output.size();
    EXPECT_EQ(outcome.errors, std::to_string(input.size()) + " bytes\n");
  }
}

TEST_F(ContainerStreams, ExitCodeComesAsStatus) {
  for (bool translated : {false, true}) {
    Outcome outcome = translated ? run_translated({"/guest", "cat"}, kAll, "") : run_exec({"/guest", "cat"}, kAll, "");
    EXPECT_NE(
        outcome.status.find(R"("reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]})"),
        std::string::npos)
        << outcome.status;
  }
}

TEST_F(ContainerStreams, TerminalHasTheClientsSize) {
  for (bool translated : {false, true}) {
    Outcome outcome = translated ? run_translated({"/guest", "size"}, kTerminal, "\n")
                                 : run_exec({"/guest", "size"}, kTerminal, "\n");
    EXPECT_NE(outcome.output.find("97x31"), std::string::npos) << outcome.output << outcome.status;
  }
}

TEST_F(ContainerStreams, CommandThatIsNotThereIsTold) {
  Outcome outcome = run_translated({"/nothing"}, kAll, "");
  EXPECT_NE(outcome.status.find("no such file or directory"), std::string::npos) << outcome.status;
}

TEST_F(ContainerStreams, AttachReachesTheContainersOwnInput) {
  auto container = loop_->run_task(start_container("attached", {"cat"}, true));
  ASSERT_TRUE(container.has_value()) << container.error().message();
  cri::AttachRequest request;
  request.container_id = *container;
  request.stdin = request.stdout = request.stderr = true;
  auto answer = loop_->run_task(client_->attach(request));
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  Outcome outcome = loop_->run_task(converse(loop_->run_task(connect(answer->url, kAll)), "hello"));
  EXPECT_EQ(outcome.output, "hello");
  EXPECT_EQ(outcome.errors, "5 bytes\n");
}

io::Task<void> answer_once(io::Listener& listener) {
  auto transport = co_await listener.accept();
  if (!transport) co_return;
  auto stream = io::make_stream(*std::move(transport));
  std::string text;
  while (text.size() < 5) {
    auto piece = co_await stream->read();
    if (!piece || piece->empty()) break;
    text += *piece;
  }
  (void)co_await stream->write(base::Bytes("got " + text));
}

TEST_F(ContainerStreams, PortForwardReachesThePodsNetwork) {
  auto listener = io::Listener::listen({.host = "127.0.0.1"});
  ASSERT_TRUE(listener.has_value());
  io::Scope serving;
  serving.spawn(answer_once(**listener));
  cri::PortForwardRequest request;
  request.pod_sandbox_id = pod_id_;
  auto answer = loop_->run_task(client_->port_forward(request));
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  auto place = parse_streaming_url(answer->url);
  auto transport = loop_->run_task(io::connect(place->address));
  ASSERT_TRUE(transport.has_value());
  io::Request upgrade{.target = place->target, .authority = place->authority};
  auto forward = loop_->run_task(io::connect_port_forward(io::make_stream(*std::move(transport)), upgrade));
  ASSERT_TRUE(forward.has_value()) << forward.error().message();
  auto port = loop_->run_task((*forward)->open((*listener)->address().port));
  ASSERT_TRUE(port.has_value()) << port.error().message();
  ASSERT_TRUE(loop_->run_task(port->data->write(base::Bytes::literal("hello"))).has_value());
  EXPECT_EQ(loop_->run_task(read_all(port->data.get())), "got hello");
}

}  // namespace
}  // namespace kubelet
