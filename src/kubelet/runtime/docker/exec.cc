#include "kubelet/runtime/docker/exec.h"

#include <signal.h>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/runtime/docker/frames.h"

namespace kubelet::docker {
namespace {

using schema::Value;

constexpr size_t kOutputBytesMax = size_t{16} << 20;  // of exec_sync, as upstream bounds it
constexpr auto kExitMax = std::chrono::seconds(10);   // from the end of the stream to the exit code

// The Engine cannot end a command: its process is killed, if it still is one of that container.
void kill_process(int64_t pid, const std::string& container_id) {
  if (pid <= 1) return;
  auto groups = base::read_file("/proc/" + std::to_string(pid) + "/cgroup");
  if (groups && groups->contains(container_id)) kill(static_cast<pid_t>(pid), SIGKILL);
}

io::Task<base::Result<cri::ExecSyncResponse>> collect(Engine* engine, Exec* exec) {
  cri::ExecSyncResponse out;
  FrameReader frames;
  for (;;) {
    CO_TRY(auto bytes, co_await exec->stream->read());
    if (bytes.empty()) break;
    CO_TRY(auto pieces, frames.feed(bytes));
    for (const auto& piece : pieces) {
      auto& into = piece.error ? out.stderr : out.stdout;
      into.append(piece.text.substr(0, kOutputBytesMax - std::min(kOutputBytesMax, into.size())));
    }
  }
  CO_TRY(out.exit_code, co_await exec_exit_code(*engine, exec->id));
  co_return out;
}

}  // namespace

io::Task<base::Result<Exec>> start_exec(Engine& engine, cri::ExecRequest request) {
  Value::Array command;
  for (auto& word : request.cmd) command.emplace_back(std::move(word));
  auto body = Value::object({{"AttachStdin", request.stdin},
                             {"AttachStdout", request.stdout},
                             {"AttachStderr", request.stderr},
                             {"Tty", request.tty},
                             {"Cmd", Value(std::move(command))}});
  CO_TRY(auto made, co_await engine.post("/containers/" + request.container_id + "/exec", std::move(body)));
  Exec out{.id = std::string(made.text_at({"Id"})), .stream = nullptr};
  CO_TRY(out.stream, co_await engine.hijack("/exec/" + out.id + "/start",
                                            Value::object({{"Detach", false}, {"Tty", request.tty}})));
  co_return out;
}

io::Task<base::Result<int32_t>> exec_exit_code(Engine& engine, std::string id) {
  auto& clock = io::Loop::current().clock();
  int64_t deadline = clock.monotonic_ns() + std::chrono::nanoseconds(kExitMax).count();
  // The output ends a moment before the Engine has noticed that the process did.
  for (auto pause = std::chrono::milliseconds(1);; pause = std::min(pause * 2, std::chrono::milliseconds(200))) {
    CO_TRY(auto state, co_await engine.get("/exec/" + id + "/json"));
    if (!bool_at(state, {"Running"})) co_return static_cast<int32_t>(integer_at(state, {"ExitCode"}));
    if (clock.monotonic_ns() > deadline)
      co_return base::fail(base::Code::Internal, "the command has ended its output and runs on");
    co_await io::sleep(pause);
  }
}

io::Task<base::Result<cri::ExecSyncResponse>> run_exec(Engine& engine, std::string container_id,
                                                       std::vector<std::string> command, int64_t timeout_seconds) {
  cri::ExecRequest request;
  request.container_id = container_id;
  request.cmd = std::move(command);
  request.stdout = request.stderr = true;
  CO_TRY(auto exec, co_await start_exec(engine, std::move(request)));
  if (timeout_seconds <= 0) co_return co_await collect(&engine, &exec);
  auto answer = co_await io::with_timeout(std::chrono::seconds(timeout_seconds), collect(&engine, &exec));
  if (answer) co_return std::move(*answer);
  if (auto state = co_await engine.get("/exec/" + exec.id + "/json"))
    kill_process(integer_at(*state, {"Pid"}), container_id);
  co_return base::fail(base::Code::Timeout,
                       base::cat({"command timed out: timeout ", std::to_string(timeout_seconds), "s exceeded"}));
}

}  // namespace kubelet::docker
