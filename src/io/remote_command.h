// A command in a container seen from either end of the wire (exec and attach), whichever protocol carries it: SPDY/3.1
// or WebSocket, versions 1 to 5 of the remote command protocol. One loop.
//
//   server                                                    client
//   auto command = co_await accept_remote_command(...);       auto command = co_await connect_remote_command(...);
//   command->channel(RemoteChannel::Stdin)->read()            command->channel(RemoteChannel::Stdin)->write(...)
//   command->channel(RemoteChannel::Stdout)->write(...)       command->channel(RemoteChannel::Stdout)->read()
//   co_await command->finish(kRemoteSuccess)                  co_await command->status()
//
// translate() joins two of them: what an API server does with a WebSocket of kubectl's and the SPDY of a kubelet.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/multiplexer.h"
#include "io/task.h"

namespace io {

class SpdyConnection;
class WebSocketConnection;

// The numbers are the channels of the WebSocket protocol.
enum class RemoteChannel : uint8_t { Stdin = 0, Stdout = 1, Stderr = 2, Error = 3, Resize = 4 };

struct RemoteCommandOptions {
  bool stdin_stream = false;
  bool stdout_stream = false;
  bool stderr_stream = false;  // never with a terminal: it has one output
  bool tty = false;

  // From a query: stdin, stdout, stderr, tty as PodExecOptions has them, or input, output, error as kubelets have them.
  // BadRequest when nothing is asked for.
  static base::Result<RemoteCommandOptions> from_query(std::string_view query);
};

struct TerminalSize {
  uint16_t width = 0;   // columns
  uint16_t height = 0;  // rows
  bool operator==(const TerminalSize&) const = default;
};

// How a command ended, as the Status that goes over the error channel.
inline constexpr std::string_view kRemoteSuccess = R"({"metadata":{},"status":"Success"})";
std::string remote_exit_status(int exit_code);                // not 0
std::string remote_failure_status(std::string_view message);  // an internal error

// What clients have to open their streams, and the bound of the status.
inline constexpr Duration kStreamCreationMax = std::chrono::seconds(30);
inline constexpr size_t kRemoteStatusBytesMax = 64 * 1024;

class RemoteCommand {
 public:
  ~RemoteCommand();  // closes at once
  RemoteCommand(const RemoteCommand&) = delete;
  RemoteCommand& operator=(const RemoteCommand&) = delete;

  // nullptr where the options did not ask for it. Error is always there.
  Stream* channel(RemoteChannel channel) const { return channels_[static_cast<size_t>(channel)].get(); }
  // Of the remote command protocol, 1 to 5. From 4 on the error channel carries a Status, before that a plain message.
  int version() const { return version_; }

  // ---- server side ----
  // The next size of the client's terminal; nothing when there is no terminal or no more sizes come.
  Task<std::optional<TerminalSize>> next_resize();
  // Reports `status` (JSON of a Status), ends all output, and lets the client close first. Ends the session.
  Task<void> finish(std::string status);

  // ---- client side ----
  // What the server reported, as the JSON of a Status whatever the version; kRemoteSuccess when it said nothing.
  Task<base::Result<std::string>> status();

  // Ends everything now.
  void close();
  // Returns once the peer has gone.
  Task<void> ended();

 private:
  friend class RemoteCommandBuilder;
  RemoteCommand();

  std::unique_ptr<SpdyConnection> spdy_;  // one of the two
  std::unique_ptr<WebSocketConnection> websocket_;
  std::unique_ptr<MultiplexedStream> channels_[5];
  int version_ = 4;
  std::string resize_text_;  // an incomplete message
  std::deque<TerminalSize> sizes_;
};

// Server: negotiates and upgrades. On failure the request has been answered, and the error is for the log.
Task<base::Result<std::unique_ptr<RemoteCommand>>> accept_remote_command(const Request& request, ResponseWriter& writer,
                                                                         RemoteCommandOptions options);

// Client: upgrades a fresh HTTP/1.1 connection and opens the streams. `request` has method, target, authority and what
// authenticates; the headers of the upgrade are added. Unavailable, with the server's words, when it refuses to
// upgrade.
enum class RemoteWire : uint8_t { Spdy, WebSocket };
Task<base::Result<std::unique_ptr<RemoteCommand>>> connect_remote_command(std::unique_ptr<Stream> connection,
                                                                          Request request, RemoteWire wire,
                                                                          RemoteCommandOptions options);

// Carries everything between a client of ours (`front`, accepted) and a server (`back`, connected) until the command
// ends or either goes away. Both outlive the task and are closed in the end.
Task<void> translate(RemoteCommand& front, RemoteCommand& back);

// Answers a client whose upgrade was already accepted that there will be no command: for when the back cannot be
// reached.
Task<void> refuse(RemoteCommand& front, std::string message);

}  // namespace io
