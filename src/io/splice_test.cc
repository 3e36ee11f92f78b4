#include "io/splice.h"

#include <gtest/gtest.h>

#include "io/memory_stream.h"
#include "io/test_upgrade_server.h"

namespace io {
namespace {

struct SpliceTest : testing::Test {
  base::FakeClock clock;
  std::unique_ptr<Loop> loop = Loop::create_simulated(clock);
  Loop::Entered entered{*loop};
  Scope tasks;

  static Task<std::string> all_of(Stream& stream) {
    std::string all;
    for (;;) {
      auto piece = co_await stream.read();
      if (!piece) co_return all + "!";
      if (piece->empty()) co_return all;
      all += *piece;
    }
  }
  bool write(Stream& stream, std::string text) {
    return loop->run_task(stream.write(base::Bytes(std::move(text)))).has_value();
  }
  std::string read(Stream& stream) { return loop->run_task(stream.read()).value_or("!"); }
};

Task<void> run_splice(std::unique_ptr<Stream> a, std::unique_ptr<Stream> b, Duration grace, bool* ended) {
  co_await splice(*a, *b, grace);
  *ended = true;
}

struct Spliced : SpliceTest {
  void begin(Duration grace) {
    auto [left_end, left_inner] = memory_streams();
    auto [right_inner, right_end] = memory_streams();
    left = std::move(left_end);
    right = std::move(right_end);
    tasks.spawn(run_splice(std::move(left_inner), std::move(right_inner), grace, &ended));
  }
  std::unique_ptr<Stream> left, right;
  bool ended = false;
};

TEST_F(Spliced, BytesGoBothWaysUntilBothEnd) {
  begin(Duration::max());
  ASSERT_TRUE(write(*left, "there"));
  EXPECT_EQ(read(*right), "there");
  left->finish();
  EXPECT_EQ(read(*right), "");
  ASSERT_TRUE(write(*right, "back"));
  EXPECT_EQ(read(*left), "back");
  loop->advance(std::chrono::hours(1));
  EXPECT_FALSE(ended);
  right->finish();
  loop->run_until_idle();
  EXPECT_TRUE(ended);
}

TEST_F(Spliced, OtherDirectionHasGraceAfterOneEnds) {
  begin(std::chrono::seconds(10));
  left->finish();
  loop->run_until_idle();
  loop->advance(std::chrono::seconds(9));
  EXPECT_FALSE(ended);
  ASSERT_TRUE(write(*right, "late"));
  EXPECT_EQ(read(*left), "late");
  loop->advance(std::chrono::seconds(2));
  EXPECT_TRUE(ended);
  EXPECT_FALSE(write(*right, "too late"));
}

TEST_F(Spliced, ErrorEndsBothAtOnce) {
  begin(Duration::max());
  right->close();
  (void)write(*left, "lost");
  loop->run_until_idle();
  EXPECT_TRUE(ended);
  EXPECT_FALSE(write(*left, "more"));
}

// A backend that reads the head of a request, gives a fixed answer, and then says everything back.
Task<void> run_backend(std::unique_ptr<Stream> stream, std::string answer, std::string* head) {
  auto request = co_await test::read_request(*stream);
  for (const auto& field : request->headers.fields()) *head += field.name + "=" + field.value + ";";
  (void)co_await stream->write(base::Bytes(std::move(answer)));
  for (;;) {
    auto piece = co_await stream->read();
    if (!piece || piece->empty()) co_return;
    (void)co_await stream->write(base::Bytes(*std::move(piece)));
  }
}

Task<void> run_proxy(std::unique_ptr<Stream> client, std::unique_ptr<Stream> backend, Request request) {
  test::UpgradeWriter writer(std::move(client));
  co_await forward_upgrade(std::move(request), std::move(backend), writer);
  co_await writer.flush();
}

struct ForwardUpgrade : SpliceTest {
  std::unique_ptr<Stream> forward(std::string answer) {
    auto [client, front] = memory_streams();
    auto [back, backend] = memory_streams();
    tasks.spawn(run_backend(std::move(backend), std::move(answer), &backend_saw));
    Request request{.method = "POST", .target = "/exec", .authority = "node:10250"};
    request.headers.add("upgrade", "SPDY/3.1");
    request.headers.add("content-length", "7");
    tasks.spawn(run_proxy(std::move(front), std::move(back), request));
    return std::move(client);
  }
  std::string backend_saw;
};

TEST_F(ForwardUpgrade, AnswerAndEarlyBytesReachTheClient) {
  auto client = forward(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: "
      "v4.channel.k8s.io\r\n\r\nearly");
  loop->run_until_idle();
  EXPECT_EQ(backend_saw, "host=node:10250;upgrade=SPDY/3.1;content-length=0;");
  EXPECT_EQ(read(*client),
            "HTTP/1.1 101 X\r\nupgrade: SPDY/3.1\r\nx-stream-protocol-version: v4.channel.k8s.io\r\n\r\nearly");
  ASSERT_TRUE(write(*client, "ping"));
  EXPECT_EQ(read(*client), "ping");
}

TEST_F(ForwardUpgrade, RefusalReachesTheClient) {
  auto client = forward("HTTP/1.1 403 Forbidden\r\nX-Why: you\r\nContent-Length: 4\r\n\r\nno!\n");
  EXPECT_EQ(loop->run_task(all_of(*client)), "HTTP/1.1 403 X\r\nx-why: you\r\n\r\nno!\n");
}

TEST_F(ForwardUpgrade, BackendThatIsNotHttpIsABadGateway) {
  auto client = forward("SSH-2.0-x\r\n\r\n");
  EXPECT_EQ(loop->run_task(all_of(*client)).substr(0, 14), "HTTP/1.1 502 X");
}

TEST_F(ForwardUpgrade, HeadWithoutEndIsBounded) {
  auto client = forward("HTTP/1.1 101 X\r\n" + std::string(kUpgradeHeadBytesMax + 1, 'a'));
  EXPECT_EQ(loop->run_task(all_of(*client)).substr(0, 14), "HTTP/1.1 502 X");
}

}  // namespace
}  // namespace io
