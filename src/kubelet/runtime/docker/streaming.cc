#include "kubelet/runtime/docker/streaming.h"

#include "base/log.h"
#include "base/strings.h"
#include "io/port_forward.h"
#include "io/splice.h"
#include "kubelet/runtime/docker/exec.h"
#include "kubelet/runtime/docker/frames.h"
#include "kubelet/runtime/docker/pod_port.h"

namespace kubelet::docker {
namespace {

using io::RemoteChannel;

constexpr int64_t kOfferNs = 60'000'000'000;

std::string make_token() {
  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    uint64_t number = base::system_random().next();
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  return base::hex_encode(bytes);
}

// Whether the Engine may be told that there is no more input. With a terminal, and when attached to a container whose
// input stays open, it would end the output as well.
enum class EndOfInput : uint8_t { Told, Untold };

io::Task<base::Result<void>> copy_input(io::RemoteCommand* front, io::Stream* process) {
  for (;;) {
    CO_TRY(auto piece, co_await front->channel(RemoteChannel::Stdin)->read());
    if (piece.empty()) co_return {};
    CO_TRY(co_await process->write(base::Bytes(std::move(piece))));
  }
}

io::Task<void> carry_input(io::RemoteCommand* front, io::Stream* process, EndOfInput end) {
  auto copied = co_await copy_input(front, process);
  // When it failed the process may have ended; its output tells.
  if (copied && end == EndOfInput::Told) process->finish();
}

io::Task<void> carry_sizes(io::RemoteCommand* front, Engine* engine, std::string target) {
  while (auto size = co_await front->next_resize()) {
    auto told = co_await engine->post(
        base::cat({target, "/resize?h=", std::to_string(size->height), "&w=", std::to_string(size->width)}));
    static_cast<void>(told);  // of a process that has just ended
  }
}

io::Task<base::Result<void>> carry_output(io::RemoteCommand* front, io::Stream* process, bool tty) {
  FrameReader frames;
  for (;;) {
    CO_TRY(auto bytes, co_await process->read());
    if (bytes.empty()) co_return {};
    std::vector<Piece> pieces{{.error = false, .text = bytes}};
    if (!tty) {
      CO_TRY(pieces, frames.feed(bytes));
    }
    for (const auto& piece : pieces) {
      auto* channel = front->channel(piece.error ? RemoteChannel::Stderr : RemoteChannel::Stdout);
      if (channel != nullptr) CO_TRY(co_await channel->write(base::Bytes(std::string(piece.text))));
    }
  }
}

io::Task<void> run_output(io::RemoteCommand* front, io::Stream* process, bool tty, io::Event* over) {
  auto carried = co_await carry_output(front, process, tty);
  static_cast<void>(carried);  // either side has gone; how the command ended is told apart
  over->set();
}

io::Task<void> note_departure(io::RemoteCommand* front, bool* departed, io::Event* over) {
  co_await front->ended();
  *departed = true;
  over->set();
}

io::Task<void> forward_one(io::Pool* pool, int64_t process, io::ForwardedPort port) {
  auto connection = co_await connect_to_pod(*pool, process, port.port);
  if (!connection) {
    auto told = co_await port.error->write(base::Bytes(connection.error().message()));
    static_cast<void>(told);  // the client may have gone
    port.error->finish();
    port.data->close();
    co_return;
  }
  co_await io::splice(*port.data, **connection, port.grace);
  port.error->finish();
}

}  // namespace

base::Result<std::unique_ptr<Streaming>> Streaming::create(Engine& engine, io::Pool& pool) {
  auto made = std::unique_ptr<Streaming>(new Streaming(engine, pool));
  io::HttpServerOptions options;
  options.address.host = "127.0.0.1";
  auto handler = [self = made.get()](const io::Request& request, const io::Peer&, io::RequestBody&,
                                     io::ResponseWriter& writer) { return self->serve(request, writer); };
  TRY(made->http_, io::HttpServer::create(std::move(options), std::move(handler)));
  return made;
}

Streaming::~Streaming() = default;

base::Result<std::string> Streaming::offer(Offer what) {
  int64_t now = io::Loop::current().clock().monotonic_ns();
  std::erase_if(offers_, [now](const auto& one) { return one.second.until_ns < now; });
  if (offers_.size() >= kOffersMax)
    return base::fail(base::Code::TooManyRequests, "maximum number of in-flight requests exceeded");
  what.until_ns = now + kOfferNs;
  auto token = make_token();
  offers_[token] = std::move(what);
  return base::cat({"http://127.0.0.1:", std::to_string(http_->address().port), "/", token});
}

base::Result<std::string> Streaming::exec(cri::ExecRequest request) {
  return offer({.kind = Offer::Kind::Exec, .exec = std::move(request)});
}
base::Result<std::string> Streaming::attach(cri::AttachRequest request, bool input_once) {
  Offer what{.kind = Offer::Kind::Attach, .exec = {}, .input_once = input_once};
  what.exec.container_id = std::move(request.container_id);
  what.exec.stdin = request.stdin;
  what.exec.stdout = request.stdout;
  what.exec.stderr = request.stderr;
  what.exec.tty = request.tty;
  return offer(std::move(what));
}
base::Result<std::string> Streaming::port_forward(int64_t process) {
  return offer({.kind = Offer::Kind::PortForward, .exec = {}, .process = process});
}

io::Task<void> Streaming::serve(const io::Request& request, io::ResponseWriter& writer) {
  auto found = offers_.find(request.path().substr(1));
  if (found == offers_.end() || found->second.until_ns < io::Loop::current().clock().monotonic_ns()) {
    writer.send(404, {}, base::Bytes::literal("unknown or expired token"));
    co_return;
  }
  Offer offer = std::move(found->second);
  offers_.erase(found);
  if (offer.kind == Offer::Kind::PortForward) {
    co_await serve_ports(offer.process, request, writer);
  } else {
    co_await serve_command(std::move(offer), request, writer);
  }
}

io::Task<void> Streaming::serve_command(Offer offer, const io::Request& request, io::ResponseWriter& writer) {
  const auto& wanted = offer.exec;
  bool is_exec = offer.kind == Offer::Kind::Exec, tty = wanted.tty;
  auto front = co_await io::accept_remote_command(request, writer,
                                                  {.stdin_stream = wanted.stdin,
                                                   .stdout_stream = wanted.stdout,
                                                   .stderr_stream = wanted.stderr && !tty,
                                                   .tty = tty});
  if (!front) co_return;  // it has been told
  Exec process;
  base::Result<void> begun;
  if (is_exec) {
    auto started = co_await start_exec(engine_, wanted);
    if (started) process = std::move(*started);
    if (!started) begun = base::fail(started.error());
  } else {
    auto attached = co_await engine_.hijack(
        base::cat({"/containers/", wanted.container_id, "/attach?stream=1", wanted.stdin ? "&stdin=1" : "",
                   wanted.stdout ? "&stdout=1" : "", wanted.stderr || tty ? "&stderr=1" : ""}));
    if (attached) process.stream = std::move(*attached);
    if (!attached) begun = base::fail(attached.error());
  }
  if (!begun) {
    co_await io::refuse(**front, begun.error().message());
    co_return;
  }
  auto end = tty || (!is_exec && !offer.input_once) ? EndOfInput::Untold : EndOfInput::Told;
  bool departed = false;
  io::Event over;
  {
    io::Scope carrying;
    carrying.spawn(run_output(front->get(), process.stream.get(), tty, &over));
    carrying.spawn(note_departure(front->get(), &departed, &over));
    if (wanted.stdin) carrying.spawn(carry_input(front->get(), process.stream.get(), end));
    auto target = is_exec ? "/exec/" + process.id : "/containers/" + wanted.container_id;
    if (tty) carrying.spawn(carry_sizes(front->get(), &engine_, target));
    co_await over.wait();
  }
  process.stream->close();
  if (departed) co_return;
  std::string status(io::kRemoteSuccess);
  if (is_exec) {
    auto code = co_await exec_exit_code(engine_, process.id);
    if (!code) status = io::remote_failure_status(code.error().message());
    if (code && *code != 0) status = io::remote_exit_status(*code);
  }
  co_await (*front)->finish(std::move(status));
}

io::Task<void> Streaming::serve_ports(int64_t process, const io::Request& request, io::ResponseWriter& writer) {
  auto front = io::accept_port_forward(request, writer);
  if (!front) co_return;  // it has been told
  co_await (*front)->serve(
      [this, process](io::ForwardedPort port) { return forward_one(&pool_, process, std::move(port)); });
}

}  // namespace kubelet::docker
