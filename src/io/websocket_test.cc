#include "io/websocket.h"

#include <gtest/gtest.h>

namespace io {
namespace {

struct Reader {
  explicit Reader(WebSocketRole role, size_t max = 1000) : parser(role, max) {}
  // The next message as text: "binary:hi", "close:1000:bye", "more", "error:<message>".
  std::string next() {
    auto result = parser.next();
    if (!result) return "error:" + result.error().message();
    if (!*result) return "more";
    const WebSocketMessage& message = **result;
    switch (message.kind) {
      case WebSocketKind::Text:
        return "text:" + message.payload;
      case WebSocketKind::Binary:
        return "binary:" + message.payload;
      case WebSocketKind::Ping:
        return "ping:" + message.payload;
      case WebSocketKind::Pong:
        return "pong:" + message.payload;
      case WebSocketKind::Close:
        return "close:" + std::to_string(message.close_code) + ":" + message.payload;
    }
    return "";
  }
  WebSocketParser parser;
};

std::string bytes(std::initializer_list<int> list) {
  std::string out;
  for (int byte : list) out.push_back(static_cast<char>(byte));
  return out;
}

TEST(WebSocket, AcceptIsTheOneOfTheRfc) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, MaskedTextOfTheRfcIsRead) {
  Reader server(WebSocketRole::Server);
  server.parser.feed(bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}));
  EXPECT_EQ(server.next(), "text:Hello");
  EXPECT_EQ(server.next(), "more");
}

TEST(WebSocket, FragmentsJoinAroundAPing) {
  Reader client(WebSocketRole::Client);
  client.parser.feed(bytes({0x01, 3}) + "Hel" + bytes({0x89, 2}) + "up" + bytes({0x80, 2}) + "lo");
  EXPECT_EQ(client.next(), "ping:up");
  EXPECT_EQ(client.next(), "text:Hello");
}

TEST(WebSocket, WhatIsWrittenIsReadByteByByte) {
  base::SeededRandom random(7);
  for (size_t length : {0u, 1u, 125u, 126u, 65535u, 65536u, 70000u}) {
    std::string payload(length, 'x');
    for (auto [writer, reader] :
         {std::pair{WebSocketRole::Client, WebSocketRole::Server}, {WebSocketRole::Server, WebSocketRole::Client}}) {
      std::string frame = websocket_frame(writer, WebSocketKind::Binary, payload, random);
      Reader other(reader, 100000);
      for (size_t i = 0; i + 1 < frame.size(); ++i) {
        other.parser.feed(std::string_view(frame).substr(i, 1));
        ASSERT_EQ(other.next(), "more");
      }
      other.parser.feed(std::string_view(frame).substr(frame.size() - 1));
      ASSERT_EQ(other.next(), "binary:" + payload) << length;
    }
  }
}

TEST(WebSocket, CloseCarriesCodeAndReason) {
  base::SeededRandom random(7);
  Reader server(WebSocketRole::Server);
  server.parser.feed(websocket_close_frame(WebSocketRole::Client, kWebSocketNormal, "bye", random));
  EXPECT_EQ(server.next(), "close:1000:bye");
  Reader client(WebSocketRole::Client);
  client.parser.feed(bytes({0x88, 0}));
  EXPECT_EQ(client.next(), "close:1005:");
}

TEST(WebSocket, BrokenFramesAreRefused) {
  struct Case {
    const char* what;
    std::string bytes;
  };
  for (const Case& broken :
       {Case{"reserved bits", bytes({0xC1, 0})}, Case{"unknown opcode", bytes({0x83, 0})},
        Case{"unknown opcode", bytes({0x8B, 0})}, Case{"control frame is fragmented", bytes({0x09, 0})},
        Case{"too long", bytes({0x89, 126, 0, 126})}, Case{"continuation of nothing", bytes({0x80, 0})},
        Case{"new message inside", bytes({0x01, 0, 0x81, 0})}, Case{"masked frame", bytes({0x81, 0x80, 0, 0, 0, 0})},
        Case{"bad close code", bytes({0x88, 2, 0x03, 0xED})}, Case{"bad close code", bytes({0x88, 1, 3})}}) {
    Reader client(WebSocketRole::Client);
    client.parser.feed(broken.bytes);
    std::string answer = client.next();
    EXPECT_TRUE(answer.starts_with("error:") && answer.find(broken.what) != std::string::npos)
        << broken.what << ": " << answer;
  }
  Reader server(WebSocketRole::Server);
  server.parser.feed(bytes({0x81, 1}) + "x");
  EXPECT_EQ(server.next(), "error:websocket: unmasked frame from a client");
}

TEST(WebSocket, MessageOverTheLimitIsRefusedBeforeItIsRead) {
  Reader whole(WebSocketRole::Client, 4);
  whole.parser.feed(bytes({0x82, 5}));
  EXPECT_EQ(whole.next(), "error:websocket: message is too long");
  Reader pieces(WebSocketRole::Client, 4);
  pieces.parser.feed(bytes({0x02, 3}) + "abc" + bytes({0x80, 2}) + "de");
  EXPECT_EQ(pieces.next(), "error:websocket: message is too long");
  Reader huge(WebSocketRole::Client, 4);
  huge.parser.feed(bytes({0x82, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}));
  EXPECT_EQ(huge.next(), "error:websocket: message is too long");
}

TEST(WebSocket, HandshakeNeedsKeyAndVersion) {
  Request request;
  request.headers.add("connection", "keep-alive, Upgrade");
  request.headers.add("upgrade", "WebSocket");
  request.headers.add("sec-websocket-protocol", "v5.channel.k8s.io, v4.channel.k8s.io");
  EXPECT_TRUE(is_websocket_request(request));
  EXPECT_EQ(websocket_protocols(request.headers),
            (std::vector<std::string_view>{"v5.channel.k8s.io", "v4.channel.k8s.io"}));
  EXPECT_FALSE(websocket_answer(request, "").has_value());
  request.headers.add("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_FALSE(websocket_answer(request, "").has_value());
  request.headers.add("sec-websocket-version", "13");
  auto answer = websocket_answer(request, "v5.channel.k8s.io");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(answer->get("sec-websocket-protocol"), "v5.channel.k8s.io");
}

}  // namespace
}  // namespace io
