#include "io/spdy.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "io/spdy_header_block.h"

namespace io {
namespace {

std::string bytes(std::initializer_list<int> list) {
  std::string out;
  for (int byte : list) out.push_back(static_cast<char>(byte));
  return out;
}

Headers headers(std::string_view name, std::string_view value) {
  Headers result;
  result.add(name, value);
  return result;
}

// What `session` has to say: "opened 1 streamtype=stdin", "data 1 abc", "end 1", ...
std::string events(SpdySession& session) {
  std::string out;
  while (auto event = session.next()) {
    static constexpr const char* kNames[] = {"opened", "reply", "data", "end", "reset", "pong", "goaway"};
    if (!out.empty()) out += "; ";
    out += std::string(kNames[static_cast<int>(event->kind)]) + " " + std::to_string(event->stream);
    for (const auto& field : event->headers.fields()) out += " " + field.name + "=" + field.value;
    if (!event->data.empty()) out += " " + event->data;
    if (event->status != 0) out += " " + std::to_string(event->status);
  }
  return out;
}

// A client and a server that hear each other, byte by byte.
struct Pair {
  SpdySession client{SpdyRole::Client};
  SpdySession server{SpdyRole::Server};
  void settle() {
    while (client.has_output() || server.has_output()) {
      for (char byte : client.take_output()) ASSERT_TRUE(server.feed({&byte, 1}).has_value());
      for (char byte : server.take_output()) ASSERT_TRUE(client.feed({&byte, 1}).has_value());
    }
  }
};

TEST(Spdy, DictionaryIsTheDrafts) {
  EXPECT_EQ(spdy_dictionary().size(), 1423u);
  EXPECT_EQ(adler32(adler32(0, nullptr, 0), reinterpret_cast<const Bytef*>(spdy_dictionary().data()), 1423),
            0xe3c6a7c2u);
}

TEST(Spdy, HeaderBlocksShareOneCompression) {
  SpdyHeaderWriter writer;
  SpdyHeaderReader reader(10000);
  std::string first = writer.write(headers("streamtype", "stdin"));
  std::string second = writer.write(headers("streamtype", "stdin"));
  EXPECT_EQ(reader.read(first)->get("streamtype"), "stdin");
  EXPECT_EQ(reader.read(second)->get("streamtype"), "stdin");
  EXPECT_LT(second.size(), first.size());
  SpdyHeaderReader other(10000);
  EXPECT_FALSE(other.read(second).has_value());
}

TEST(Spdy, HeaderBlockThatInflatesTooFarIsRefused) {
  SpdyHeaderWriter writer;
  SpdyHeaderReader reader(10000);
  EXPECT_FALSE(reader.read(writer.write(headers("a", std::string(20000, 'x')))).has_value());
}

TEST(Spdy, StreamLivesFromOpenToBothEnds) {
  Pair pair;
  uint32_t stream = pair.client.open(headers("streamtype", "stdin"));
  pair.settle();
  EXPECT_EQ(events(pair.server), "opened 1 streamtype=stdin");
  pair.server.reply(stream);
  pair.client.data(stream, "abc");
  pair.client.finish(stream);
  pair.settle();
  EXPECT_EQ(events(pair.client), "reply 1");
  EXPECT_EQ(events(pair.server), "data 1 a; data 1 b; data 1 c; end 1");
  pair.server.data(stream, "x");
  pair.server.finish(stream);
  pair.settle();
  EXPECT_EQ(events(pair.client), "data 1 x; end 1");
  EXPECT_EQ(pair.client.streams(), 0u);
  EXPECT_EQ(pair.server.streams(), 0u);
}

TEST(Spdy, LongDataIsCutIntoFrames) {
  SpdySession client(SpdyRole::Client);
  uint32_t stream = client.open({});
  client.take_output();
  client.data(stream, std::string(kSpdyDataBytesMax + 1, 'x'));
  EXPECT_EQ(client.take_output().size(), kSpdyDataBytesMax + 1 + 16);
}

TEST(Spdy, ResetEndsAStreamAndLateDataIsIgnored) {
  Pair pair;
  uint32_t stream = pair.client.open({});
  pair.settle();
  events(pair.server);
  pair.client.data(stream, "late");
  pair.server.reset(stream, kSpdyCancel);
  pair.settle();
  EXPECT_EQ(events(pair.server), "");
  EXPECT_EQ(events(pair.client), "reset 1 5");
  pair.client.data(stream, "later");
  EXPECT_FALSE(pair.client.has_output());
}

TEST(Spdy, DataAfterTheEndResetsTheStream) {
  Pair pair;
  uint32_t stream = pair.client.open({});
  pair.client.finish(stream);
  pair.settle();
  EXPECT_EQ(events(pair.server), "opened 1; end 1");
  ASSERT_TRUE(pair.server.feed(bytes({0, 0, 0, 1, 0, 0, 0, 1, 'x'})).has_value());
  EXPECT_EQ(pair.server.take_output(), bytes({0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 9}));
}

TEST(Spdy, PingIsAnsweredAndOursComesBack) {
  Pair pair;
  EXPECT_EQ(pair.client.ping(), 1u);
  EXPECT_EQ(pair.server.ping(), 2u);
  pair.settle();
  EXPECT_EQ(events(pair.client), "pong 1");
  EXPECT_EQ(events(pair.server), "pong 2");
}

TEST(Spdy, AfterGoAwayNothingIsOpened) {
  Pair pair;
  pair.server.go_away();
  pair.settle();
  EXPECT_EQ(events(pair.client), "goaway 0");
  EXPECT_EQ(pair.client.open({}), 0u);
}

TEST(Spdy, StreamIdsMustBeThePeersAndGrow) {
  Pair pair;
  SpdySession other(SpdyRole::Client);
  other.open({});
  std::string frame = other.take_output();
  ASSERT_TRUE(pair.server.feed(frame).has_value());
  EXPECT_EQ(events(pair.server), "opened 1");
  // The same id once more; its header block is empty (nothing is compressed).
  ASSERT_TRUE(pair.server.feed(frame.substr(0, 4) + bytes({0, 0, 0, 10}) + frame.substr(8, 10)).has_value());
  EXPECT_EQ(events(pair.server), "");
  EXPECT_EQ(pair.server.take_output(), bytes({0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1}));
}

TEST(Spdy, TooManyStreamsAreRefused) {
  Pair pair;
  for (size_t i = 0; i <= kSpdyStreamsMax; ++i) pair.client.open({});
  ASSERT_TRUE(pair.server.feed(pair.client.take_output()).has_value());
  EXPECT_EQ(pair.server.streams(), kSpdyStreamsMax);
  ASSERT_TRUE(pair.client.feed(pair.server.take_output()).has_value());
  EXPECT_EQ(events(pair.client), "reset 2001 3");
}

TEST(Spdy, BrokenFramesEndTheConnection) {
  for (const std::string& broken : {bytes({0x80, 2, 0, 1, 0, 0, 0, 0}), bytes({0x80, 3, 0, 1, 0, 1, 0, 1}),
                                    bytes({0x80, 3, 0, 1, 0, 0, 0, 0}), bytes({0x80, 3, 0, 3, 0, 0, 0, 4, 0, 0, 0, 1}),
                                    bytes({0x80, 3, 0, 1, 0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4})}) {
    SpdySession server(SpdyRole::Server);
    EXPECT_FALSE(server.feed(broken).has_value());
    EXPECT_FALSE(server.feed("x").has_value());
  }
}

TEST(Spdy, SettingsAndWindowsAreIgnored) {
  SpdySession server(SpdyRole::Server);
  EXPECT_TRUE(server.feed(bytes({0x80, 3, 0, 4, 0, 0, 0, 4, 0, 0, 0, 0})).has_value());
  EXPECT_TRUE(server.feed(bytes({0x80, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 1, 0})).has_value());
  EXPECT_EQ(events(server), "");
  EXPECT_FALSE(server.has_output());
}

}  // namespace
}  // namespace io
