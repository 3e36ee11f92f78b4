#include "kubelet/server/streams.h"

#include "base/log.h"
#include "io/port_forward.h"
#include "io/splice.h"
#include "io/upgrade.h"
#include "kubelet/runtime/cri/cri_client.h"
#include "kubelet/server/answer.h"

namespace kubelet {
namespace {

// What the runtime may take to tell why a connection that has ended did.
constexpr io::Duration kErrorMax = std::chrono::seconds(5);

io::Task<base::Result<std::unique_ptr<io::RemoteCommand>>> connect_command(std::string url,
                                                                           io::RemoteCommandOptions wanted) {
  CO_TRY(auto place, parse_streaming_url(url));
  CO_TRY(auto transport, co_await io::connect(place.address));
  io::Request request{.target = place.target, .authority = place.authority};
  co_return co_await io::connect_remote_command(io::make_stream(std::move(transport)), std::move(request),
                                                io::RemoteWire::Spdy, wanted);
}

io::Task<base::Result<std::unique_ptr<io::Stream>>> connect_tunnel(std::string url) {
  CO_TRY(auto place, parse_streaming_url(url));
  CO_TRY(auto transport, co_await io::connect(place.address));
  io::Request request{.method = "POST", .target = place.target, .authority = place.authority};
  io::ask_for_spdy(request, {"portforward.k8s.io"});
  CO_TRY(auto upgraded, co_await io::connect_upgraded(io::make_stream(std::move(transport)), std::move(request)));
  co_return std::move(upgraded.stream);
}

io::Task<base::Result<std::unique_ptr<io::PortForward>>> connect_ports(std::string url) {
  CO_TRY(auto place, parse_streaming_url(url));
  CO_TRY(auto transport, co_await io::connect(place.address));
  io::Request request{.target = place.target, .authority = place.authority};
  co_return co_await io::connect_port_forward(io::make_stream(std::move(transport)), std::move(request));
}

// Both live as long as the task.
io::Task<void> pass_on(io::Stream* from, io::Stream* to, io::Event* passed) {
  auto copied = co_await io::copy(*from, *to);
  static_cast<void>(copied);  // either side has gone
  passed->set();
}

io::Task<void> carry_port(io::PortForward* runtime, io::ForwardedPort front) {
  auto behind = co_await runtime->open(front.port);
  if (!behind) {
    auto told = co_await front.error->write(base::Bytes(behind.error().message()));
    static_cast<void>(told);  // the client may have gone
    co_return;
  }
  io::Event errors_passed;
  io::Scope errors;
  errors.spawn(pass_on(behind->error.get(), front.error.get(), &errors_passed));
  co_await io::splice(*front.data, *behind->data, front.grace);
  co_await errors_passed.wait_for(kErrorMax);
}

// The old WebSocket channels: their ports over the SPDY that every runtime speaks.
io::Task<void> serve_channels(std::string url, const io::Request& request, io::ResponseWriter& writer) {
  auto back = co_await connect_ports(std::move(url));
  if (!back) {
    refuse(writer, back.error());
    co_return;
  }
  auto front = io::accept_port_forward(request, writer);
  if (!front) co_return;  // it has been told
  co_await (*front)->serve(
      [runtime = back->get()](io::ForwardedPort port) { return carry_port(runtime, std::move(port)); });
}

}  // namespace

// Where the runtime streams the command.
io::Task<base::Result<std::string>> Streams::command_url(bool exec, std::string container,
                                                         std::vector<std::string> command,
                                                         io::RemoteCommandOptions wanted) {
  if (exec) {
    cri::ExecRequest ask;
    ask.container_id = container;
    ask.cmd = std::move(command);
    ask.tty = wanted.tty;
    ask.stdin = wanted.stdin_stream;
    ask.stdout = wanted.stdout_stream;
    ask.stderr = wanted.stderr_stream;
    co_return co_await runtime_.exec(std::move(ask));
  }
  cri::AttachRequest ask;
  ask.container_id = container;
  ask.tty = wanted.tty;
  ask.stdin = wanted.stdin_stream;
  ask.stdout = wanted.stdout_stream;
  ask.stderr = wanted.stderr_stream;
  co_return co_await runtime_.attach(std::move(ask));
}

io::Task<void> Streams::serve_command(bool exec, std::string container, std::vector<std::string> command,
                                      const io::Request& request, io::ResponseWriter& writer) {
  auto wanted = io::RemoteCommandOptions::from_query(request.query());
  if (!wanted) {
    refuse(writer, wanted.error());
    co_return;
  }
  auto url = co_await command_url(exec, container, std::move(command), *wanted);
  if (!url) {
    refuse(writer, url.error());
    co_return;
  }
  auto front = co_await io::accept_remote_command(request, writer, *wanted);
  if (!front) co_return;  // it has been told
  auto back = co_await connect_command(std::move(*url), *wanted);
  if (!back) {
    LOG_WARNING("Runtime cannot be spoken to", {"container", container}, {"err", back.error().message()});
    co_await io::refuse(**front, back.error().message());
    co_return;
  }
  co_await io::translate(**front, **back);
}

io::Task<void> Streams::serve_port_forward(std::string sandbox, const io::Request& request,
                                           io::ResponseWriter& writer) {
  cri::PortForwardRequest ask;
  ask.pod_sandbox_id = std::move(sandbox);
  auto url = co_await runtime_.port_forward(std::move(ask));
  if (!url) {
    refuse(writer, url.error());
    co_return;
  }
  if (io::is_old_port_forward(request)) {
    co_await serve_channels(std::move(*url), request, writer);
    co_return;
  }
  auto back = co_await connect_tunnel(std::move(*url));
  if (!back) {
    refuse(writer, back.error());
    co_return;
  }
  auto front = io::accept_port_forward_tunnel(request, writer);
  if (!front) co_return;  // it has been told
  co_await io::splice(*front->spdy, **back);
}

}  // namespace kubelet
