#include "io/remote_command.h"

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"
#include "io/spdy_connection.h"
#include "io/splice.h"
#include "io/upgrade.h"
#include "io/websocket_connection.h"

namespace io {

namespace {

constexpr RemoteChannel kAllChannels[] = {RemoteChannel::Error, RemoteChannel::Stdin, RemoteChannel::Stdout,
                                          RemoteChannel::Stderr, RemoteChannel::Resize};

std::string_view stream_type(RemoteChannel channel) {
  switch (channel) {
    case RemoteChannel::Stdin:
      return "stdin";
    case RemoteChannel::Stdout:
      return "stdout";
    case RemoteChannel::Stderr:
      return "stderr";
    case RemoteChannel::Error:
      return "error";
    case RemoteChannel::Resize:
      return "resize";
  }
  return "";
}

bool wants(const RemoteCommandOptions& options, RemoteChannel channel, int version) {
  switch (channel) {
    case RemoteChannel::Stdin:
      return options.stdin_stream;
    case RemoteChannel::Stdout:
      return options.stdout_stream;
    case RemoteChannel::Stderr:
      return options.stderr_stream && !options.tty;
    case RemoteChannel::Error:
      return true;
    case RemoteChannel::Resize:
      return options.tty && version >= 3;
  }
  return false;
}

std::vector<uint8_t> websocket_channels(const RemoteCommandOptions& options) {
  std::vector<uint8_t> numbers;
  for (RemoteChannel channel : kAllChannels) {
    if (wants(options, channel, 5)) numbers.push_back(static_cast<uint8_t>(channel));
  }
  return numbers;
}

// "v4.channel.k8s.io" is 4; names without a version are the first one's.
int version_of(std::string_view protocol) {
  return protocol.size() > 2 && protocol[0] == 'v' && protocol[2] == '.' ? protocol[1] - '0' : 1;
}

// The field `name` of a JSON object, if it is text.
std::string text_field(std::string_view json, std::string_view name) {
  std::string result;
  base::JsonReader reader(json);
  if (!reader.enter_object()) return result;
  std::string_view key;
  while (reader.next_key(key)) {
    std::string_view value;
    if (key == name && reader.peek() == base::JsonKind::String) {
      if (reader.read_string(value)) result = value;
    } else {
      reader.skip_value();
    }
  }
  return result;
}

std::optional<TerminalSize> parse_size(std::string_view json) {
  TerminalSize size;
  base::JsonReader reader(json);
  if (!reader.enter_object()) return std::nullopt;
  std::string_view key;
  while (reader.next_key(key)) {
    bool is_width = base::equals_ignoring_case(key, "width");
    std::string_view number;
    if (!is_width && !base::equals_ignoring_case(key, "height")) {
      reader.skip_value();
    } else if (reader.read_number(number)) {
      auto value = base::parse_uint(number);
      if (!value || *value > 0xFFFF) return std::nullopt;
      (is_width ? size.width : size.height) = static_cast<uint16_t>(*value);
    }
  }
  if (!reader.finish()) return std::nullopt;
  return size;
}

bool is_true(std::string_view value) {
  return value == "1" || value == "t" || base::equals_ignoring_case(value, "true");
}

// All of a stream, up to `limit`.
Task<base::Result<std::string>> read_all(Stream& stream, size_t limit) {
  std::string all;
  while (all.size() < limit) {
    CO_TRY(std::string piece, co_await stream.read());
    if (piece.empty()) break;
    all += piece;
  }
  co_return all;
}

}  // namespace

base::Result<RemoteCommandOptions> RemoteCommandOptions::from_query(std::string_view query) {
  RemoteCommandOptions options;
  for (std::string_view pair : base::split(query, '&')) {
    size_t equals = std::min(pair.find('='), pair.size());
    std::string_view name = pair.substr(0, equals);
    bool value = is_true(pair.substr(std::min(equals + 1, pair.size())));
    if (name == "stdin" || name == "input") options.stdin_stream = value;
    if (name == "stdout" || name == "output") options.stdout_stream = value;
    if (name == "stderr" || name == "error") options.stderr_stream = value;
    if (name == "tty") options.tty = value;
  }
  if (options.tty) options.stderr_stream = false;
  if (!options.stdin_stream && !options.stdout_stream && !options.stderr_stream) {
    return base::fail(base::Code::BadRequest, "you must specify at least 1 of stdin, stdout, stderr");
  }
  return options;
}

std::string remote_exit_status(int exit_code) {
  std::string code = std::to_string(exit_code);
  return base::cat(
      {R"({"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status )", code,
       R"(","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":")", code, R"("}]}})"});
}

std::string remote_failure_status(std::string_view message) {
  std::string status = R"({"metadata":{},"status":"Failure","message":)";
  base::append_json_string(status, base::cat({"Internal error occurred: ", message}));
  status += R"(,"reason":"InternalError","details":{"causes":[{"message":)";
  base::append_json_string(status, message);
  return status += R"(}]},"code":500})";
}

// ---- the session ----

RemoteCommand::RemoteCommand() = default;
RemoteCommand::~RemoteCommand() = default;

void RemoteCommand::close() {
  if (spdy_) spdy_->close();
  if (websocket_) websocket_->close();
}

Task<void> RemoteCommand::ended() {
  return spdy_ ? spdy_->ended() : websocket_->ended();
}

Task<std::optional<TerminalSize>> RemoteCommand::next_resize() {
  Stream* stream = channel(RemoteChannel::Resize);
  while (stream && sizes_.empty()) {
    // Objects one after the other; each is flat, so a closing brace ends it.
    size_t end = resize_text_.find('}');
    if (end != std::string::npos) {
      if (auto size = parse_size(std::string_view(resize_text_).substr(0, end + 1))) sizes_.push_back(*size);
      resize_text_.erase(0, end + 1);
      continue;
    }
    auto piece = co_await stream->read();
    if (!piece || piece->empty() || resize_text_.size() > kRemoteStatusBytesMax) co_return std::nullopt;
    resize_text_ += *piece;
  }
  if (sizes_.empty()) co_return std::nullopt;
  TerminalSize size = sizes_.front();
  sizes_.pop_front();
  co_return size;
}

Task<void> RemoteCommand::finish(std::string status) {
  Stream& errors = *channel(RemoteChannel::Error);
  std::string message = status;
  if (version_ < 4) message = text_field(status, "status") == "Success" ? "" : text_field(status, "message");
  if (!message.empty()) (void)co_await errors.write(base::Bytes(std::move(message)));
  for (RemoteChannel output : {RemoteChannel::Stdout, RemoteChannel::Stderr, RemoteChannel::Error}) {
    if (Stream* stream = channel(output)) stream->finish();
  }
  if (spdy_) {
    co_await spdy_->shut_down();
  } else {
    co_await websocket_->shut_down();
  }
}

Task<base::Result<std::string>> RemoteCommand::status() {
  CO_TRY(std::string said, co_await read_all(*channel(RemoteChannel::Error), kRemoteStatusBytesMax));
  if (said.empty()) co_return std::string(kRemoteSuccess);
  if (version_ < 4) co_return remote_failure_status(said);
  co_return said;
}

// ---- making one ----

class RemoteCommandBuilder {
 public:
  static std::unique_ptr<RemoteCommand> over_websocket(Upgraded upgraded, WebSocketRole role,
                                                       const RemoteCommandOptions& options) {
    std::unique_ptr<RemoteCommand> command(new RemoteCommand);
    command->version_ = version_of(upgraded.protocol);
    auto carriage = upgraded.protocol.find("base64") == std::string::npos ? WebSocketCarriage::Channels
                                                                          : WebSocketCarriage::Base64Channels;
    std::vector<uint8_t> numbers = websocket_channels(options);
    command->websocket_ = std::make_unique<WebSocketConnection>(std::move(upgraded.stream), role, carriage, numbers,
                                                                command->version_ >= 5);
    for (uint8_t number : numbers) command->channels_[number] = command->websocket_->channel(number);
    return command;
  }

  static Task<base::Result<std::unique_ptr<RemoteCommand>>> spdy_server(Upgraded upgraded,
                                                                        RemoteCommandOptions options) {
    std::unique_ptr<RemoteCommand> command(new RemoteCommand);
    command->version_ = version_of(upgraded.protocol);
    command->spdy_ = std::make_unique<SpdyConnection>(std::move(upgraded.stream), SpdyRole::Server);
    for (;;) {
      bool complete = true;
      for (RemoteChannel channel : kAllChannels)
        complete &= !wants(options, channel, command->version_) || command->channel(channel);
      if (complete) break;
      CO_TRY(auto stream, co_await command->spdy_->accept());
      for (RemoteChannel channel : kAllChannels) {
        if (stream && stream->headers().get("streamtype") == stream_type(channel) &&
            wants(options, channel, command->version_)) {
          command->channels_[static_cast<size_t>(channel)] = std::move(stream);
        }
      }
    }
    co_return std::move(command);
  }

  static Task<base::Result<std::unique_ptr<RemoteCommand>>> spdy_client(Upgraded upgraded,
                                                                        RemoteCommandOptions options) {
    std::unique_ptr<RemoteCommand> command(new RemoteCommand);
    command->version_ = version_of(upgraded.protocol);
    command->spdy_ = std::make_unique<SpdyConnection>(std::move(upgraded.stream), SpdyRole::Client);
    for (RemoteChannel channel : kAllChannels) {
      if (!wants(options, channel, command->version_)) continue;
      Headers headers;
      headers.add("streamtype", stream_type(channel));
      CO_TRY(auto stream, co_await command->spdy_->open(std::move(headers)));
      if (channel == RemoteChannel::Error) stream->finish();  // we only read it
      command->channels_[static_cast<size_t>(channel)] = std::move(stream);
    }
    co_return std::move(command);
  }
};

Task<base::Result<std::unique_ptr<RemoteCommand>>> accept_remote_command(const Request& request, ResponseWriter& writer,
                                                                         RemoteCommandOptions options) {
  if (is_websocket_request(request)) {
    CO_TRY(Upgraded upgraded, accept_websocket(request, writer,
                                               {"v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io",
                                                "channel.k8s.io", "base64.channel.k8s.io"}));
    auto command = RemoteCommandBuilder::over_websocket(std::move(upgraded), WebSocketRole::Server, options);
    // An empty message to the first output tells the client that it is connected.
    RemoteChannel first = options.stdout_stream   ? RemoteChannel::Stdout
                          : options.stderr_stream ? RemoteChannel::Stderr
                                                  : RemoteChannel::Error;
    CO_TRY(co_await command->channel(first)->write({}));
    co_return std::move(command);
  }
  CO_TRY(Upgraded upgraded, accept_spdy(request, writer,
                                        {"v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io",
                                         "v2.channel.k8s.io", "channel.k8s.io"}));
  auto command =
      co_await with_timeout(kStreamCreationMax, RemoteCommandBuilder::spdy_server(std::move(upgraded), options));
  if (!command) co_return base::fail(base::Code::Timeout, "timed out waiting for client to create streams");
  co_return *std::move(command);
}

Task<base::Result<std::unique_ptr<RemoteCommand>>> connect_remote_command(std::unique_ptr<Stream> connection,
                                                                          Request request, RemoteWire wire,
                                                                          RemoteCommandOptions options) {
  if (wire == RemoteWire::WebSocket) {
    ask_for_websocket(request, {"v5.channel.k8s.io", "v4.channel.k8s.io"});
    CO_TRY(Upgraded upgraded, co_await connect_upgraded(std::move(connection), std::move(request)));
    co_return RemoteCommandBuilder::over_websocket(std::move(upgraded), WebSocketRole::Client, options);
  }
  if (request.method.empty()) request.method = "POST";
  ask_for_spdy(request,
               {"v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"});
  CO_TRY(Upgraded upgraded, co_await connect_upgraded(std::move(connection), std::move(request)));
  auto command =
      co_await with_timeout(kStreamCreationMax, RemoteCommandBuilder::spdy_client(std::move(upgraded), options));
  if (!command) co_return base::fail(base::Code::Timeout, "timed out waiting for the server to accept streams");
  co_return *std::move(command);
}

// ---- translation ----

namespace {

struct Translation {
  std::string status;
  int running = 0;  // outputs and the status, still to come
  Event settled;    // the back has said all, or one of the two has gone
};

// Input: its end is passed on; a client that has gone ends everything by way of watch_front.
Task<void> carry_input(Stream& from, Stream& to) {
  (void)co_await copy(from, to);
}

Task<void> carry_output(Stream& from, Stream& to, Translation& translation) {
  (void)co_await copy(from, to);
  if (--translation.running == 0) translation.settled.set();
}

Task<void> carry_status(RemoteCommand& back, Translation& translation) {
  auto status = co_await back.status();
  translation.status = status ? *std::move(status) : remote_failure_status(status.error().message());
  if (--translation.running == 0) translation.settled.set();
}

Task<void> watch_front(RemoteCommand& front, Translation& translation) {
  co_await front.ended();
  translation.settled.set();
}

}  // namespace

Task<void> translate(RemoteCommand& front, RemoteCommand& back) {
  Translation translation;
  Scope tasks;
  translation.running = 1;
  for (RemoteChannel channel : {RemoteChannel::Stdout, RemoteChannel::Stderr}) {
    if (!front.channel(channel) || !back.channel(channel)) continue;
    ++translation.running;
    tasks.spawn(carry_output(*back.channel(channel), *front.channel(channel), translation));
  }
  for (RemoteChannel channel : {RemoteChannel::Stdin, RemoteChannel::Resize}) {
    if (front.channel(channel) && back.channel(channel))
      tasks.spawn(carry_input(*front.channel(channel), *back.channel(channel)));
  }
  tasks.spawn(carry_status(back, translation));
  tasks.spawn(watch_front(front, translation));

  co_await translation.settled.wait();
  bool is_settled = translation.running == 0;
  tasks.cancel();
  back.close();
  if (is_settled) {
    co_await front.finish(std::move(translation.status));
  } else {
    front.close();
  }
}

Task<void> refuse(RemoteCommand& front, std::string message) {
  return front.finish(remote_failure_status(message));
}

}  // namespace io
