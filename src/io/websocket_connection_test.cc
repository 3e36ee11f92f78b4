#include "io/websocket_connection.h"

#include <gtest/gtest.h>

#include "io/loop.h"

namespace io {
namespace {

// A connection that remembers what was written, write by write, and from which nothing arrives.
class Recorded final : public Stream {
 public:
  Recorded(std::vector<std::string>& writes, Event& closed) : writes_(writes), closed_(closed) {}
  Task<base::Result<std::string>> read(size_t) override {
    co_await closed_.wait();
    co_return std::string();
  }
  Task<base::Result<void>> write(base::Bytes bytes) override {
    writes_.emplace_back(bytes.view());
    co_return base::Result<void>();
  }
  void finish() override {}
  void close() override { closed_.set(); }

 private:
  std::vector<std::string>& writes_;
  Event& closed_;
};

Task<void> say(WebSocketConnection& connection, MultiplexedStream& output, MultiplexedStream& status) {
  (void)co_await output.write(base::Bytes("out"));
  (void)co_await status.write(base::Bytes("{}"));
  co_await connection.shut_down();
}

// Python's client waits for the socket after each message, and would wait for ever with the next in its TLS library.
TEST(WebSocketConnection, EachMessageIsAWriteOfItsOwn) {
  base::FakeClock clock;
  std::unique_ptr<Loop> loop = Loop::create_simulated(clock);
  Loop::Entered entered(*loop);
  std::vector<std::string> writes;
  Event closed;
  {
    WebSocketConnection connection(std::make_unique<Recorded>(writes, closed), WebSocketRole::Server,
                                   WebSocketCarriage::Channels, {1, 3});
    auto output = connection.channel(1), status = connection.channel(3);
    Scope tasks;
    tasks.spawn(say(connection, *output, *status));
    loop->run_until_idle();
  }
  EXPECT_EQ(writes, (std::vector<std::string>{"\x82\x04\x01out", "\x82\x03\x03{}", "\x88\x02\x03\xe8"}));
}

}  // namespace
}  // namespace io
