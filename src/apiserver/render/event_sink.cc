#include "apiserver/render/event_sink.h"

#include "base/strings.h"
#include "io/upgrade.h"
#include "io/websocket_connection.h"

namespace apiserver {
namespace {

constexpr size_t kBatchBytes = 64 * 1024;
constexpr size_t kLengthBytes = 4;  // before each event of a stream of protobuf messages

class Body final : public EventSink {
 public:
  explicit Body(io::ResponseWriter& writer) : writer_(writer) {}

  // What happened together goes out together.
  io::Task<bool> write(std::vector<base::Bytes> events) override {
    if (events.size() == 1) co_return (co_await writer_.write(std::move(events[0]))).has_value();
    std::string batch;
    for (const auto& event : events) {
      batch += event.view();
      if (batch.size() < kBatchBytes) continue;
      if (!co_await writer_.write(base::Bytes(std::exchange(batch, {})))) co_return false;
    }
    if (batch.empty()) co_return true;
    co_return (co_await writer_.write(base::Bytes(std::move(batch)))).has_value();
  }

  io::Task<void> finish() override {
    writer_.finish();
    co_return;
  }

  bool tells_when_left() const override { return false; }
  io::Task<void> left() override { co_return; }

 private:
  io::ResponseWriter& writer_;
};

// A message for each event: JSON as text, protobuf as binary, whose length the message tells.
class Messages final : public EventSink {
 public:
  Messages(std::unique_ptr<io::Stream> stream, MediaType media, base::Random& random)
      : binary_(media == MediaType::Protobuf),
        connection_(std::move(stream), io::WebSocketRole::Server,
                    binary_ ? io::WebSocketCarriage::Binaries : io::WebSocketCarriage::Texts, {}, false, random),
        messages_(connection_.channel(0)) {}

  io::Task<bool> write(std::vector<base::Bytes> events) override {
    for (auto& event : events) {
      if (binary_) event = base::Bytes(std::string(event.view().substr(kLengthBytes)));
      if (!co_await messages_->write(std::move(event))) co_return false;
    }
    co_return true;
  }

  io::Task<void> finish() override { return connection_.shut_down(); }
  bool tells_when_left() const override { return true; }
  io::Task<void> left() override { return connection_.ended(); }

 private:
  const bool binary_;
  io::WebSocketConnection connection_;
  std::unique_ptr<io::MultiplexedStream> messages_;
};

bool asks_for_websocket(const io::Request& request) {
  return base::to_lower(request.headers.get("connection")).find("upgrade") != std::string::npos &&
         base::to_lower(request.headers.get("upgrade")) == "websocket";
}

}  // namespace

base::Result<std::unique_ptr<EventSink>> EventSink::open(const io::Request& request, Response& response,
                                                         MediaType media, base::Random& random) {
  if (asks_for_websocket(request)) {
    // No protocol says anything about events; the one that a client offers is agreed to.
    std::vector<std::string_view> offered;
    for (std::string_view value : request.headers.all("sec-websocket-protocol")) {
      for (std::string_view one : base::split(value, ',')) offered.push_back(base::trim(one));
    }
    TRY(auto upgraded, io::accept_websocket(request, response.writer(), offered));
    return std::make_unique<Messages>(std::move(upgraded.stream), media, random);
  }
  response.start(
      200, media == MediaType::Protobuf ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/json");
  return std::make_unique<Body>(response.writer());
}

}  // namespace apiserver
