#include "io/http1_parser.h"

#include <gtest/gtest.h>

namespace io {
namespace {

using Event = Http1Parser::Event;
using Kind = Http1Parser::Kind;

struct Parsed {
  std::string events;  // H head, E end, F failed
  std::string body;
  int status = 0;
  std::string rest;  // input after the first End
};

Parsed parse(std::string_view input, size_t step = 1'000'000, Kind kind = Kind::Request, size_t limit = 4096,
             size_t headers_max = 16) {
  Http1Parser parser(kind, limit, headers_max);
  Parsed parsed;
  for (size_t at = 0; at < input.size(); at += step) {
    std::string_view piece = input.substr(at, step);
    for (;;) {
      Event event = parser.next(piece);
      if (event == Event::NeedMore) break;
      if (event == Event::Body) {
        parsed.body += parser.body();
        continue;
      }
      parsed.events += event == Event::Head ? 'H' : event == Event::End ? 'E' : 'F';
      if (event == Event::Failed) {
        parsed.status = parser.error_status();
        return parsed;
      }
      if (event == Event::End) {
        parsed.rest = std::string(piece) + std::string(input.substr(std::min(input.size(), at + step)));
        return parsed;
      }
    }
  }
  if (parser.end_of_input() == Event::End) parsed.events += 'E';
  return parsed;
}

int refused(std::string_view request) {
  auto whole = parse(request);
  auto cut = parse(request, 1);
  EXPECT_EQ(whole.status, cut.status) << request;
  return whole.status;
}

TEST(Http1Parser, ReadsARequestHoweverItIsCut) {
  std::string_view request =
      "\r\nPOST /api/v1/pods?x=%20y HTTP/1.1\r\nHost: h:1\r\nX-A:  b c \t\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET";
  for (size_t step : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{1000}}) {
    auto parsed = parse(request, step);
    EXPECT_EQ(parsed.events, "HE") << step;
    EXPECT_EQ(parsed.body, "hello0123456789");
    EXPECT_EQ(parsed.rest, "GET");
  }
  Http1Parser parser(Kind::Request, 4096, 16);
  ASSERT_EQ(parser.next(request), Event::Head);
  EXPECT_EQ(parser.request().method, "POST");
  EXPECT_EQ(parser.request().path(), "/api/v1/pods");
  EXPECT_EQ(parser.request().query(), "x=%20y");
  EXPECT_EQ(parser.request().authority, "h:1");
  EXPECT_EQ(parser.request().headers.get("x-a"), "b c");
  EXPECT_TRUE(parser.keep_alive());
}

TEST(Http1Parser, ContentLengthBoundsTheBody) {
  auto parsed = parse("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcdef", 2);
  EXPECT_EQ(parsed.body, "abc");
  EXPECT_EQ(parsed.rest, "def");
  EXPECT_EQ(parse("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\nabc").rest, "abc");
}

TEST(Http1Parser, RefusesWhatTwoReadersMightReadDifferently) {
  for (const char* headers : {
           "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
           "Content-Length: 3\r\nContent-Length: 3\r\n",
           "Content-Length: +3\r\n",
           "Content-Length: 3,3\r\n",
           "Content-Length: 0x3\r\n",
           "Content-Length: \r\n",
           "Content-Length: 99999999999999999999\r\n",
           "Content-Length : 3\r\n",
           " Content-Length: 3\r\n",
           "A: b\r\n c\r\n",
           "A: b\nContent-Length: 3\r\n",
           "A: b\r\rContent-Length: 3\r\n",
           "A\x01: b\r\n",
           "A: b\x01\r\n",
           ": b\r\n",
           "A b\r\n",
           "Host: second\r\n",
       }) {
    std::string request = std::string("POST / HTTP/1.1\r\nHost: h\r\n") + headers + "\r\nabc";
    EXPECT_EQ(refused(request), 400) << request;
  }
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
            501);
  EXPECT_EQ(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(Http1Parser, RefusesMalformedRequestLines) {
  for (const char* line : {"GET / HTTP/1.1 ", "GET /", "GET  / HTTP/1.1", "G@T / HTTP/1.1", "GET a HTTP/1.1",
                           "GET /\x01 HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1", "GET / http/1.1",
                           "CONNECT h:1 HTTP/1.1", "\rGET / HTTP/1.1", "GET /a b HTTP/1.1"}) {
    EXPECT_EQ(refused(std::string(line) + "\r\nHost: h\r\n\r\n"), 400) << line;
  }
  EXPECT_EQ(refused("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(refused("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), 0);
}

TEST(Http1Parser, AbsoluteTargetsLoseTheirAuthority) {
  std::string_view request = "GET http://real.example?x=1 HTTP/1.1\r\nHost: other\r\n\r\n";
  Http1Parser parser(Kind::Request, 4096, 16);
  ASSERT_EQ(parser.next(request), Event::Head);
  EXPECT_EQ(parser.request().target, "/?x=1");
  EXPECT_EQ(parser.request().authority, "real.example");
}

TEST(Http1Parser, RefusesBadChunks) {
  for (const char* body : {"x\r\n", "\r\n", "-1\r\n", "5\r\nhelloX", "5\nhello\r\n", "10000000000000000\r\n", "5 5\r\n",
                           "0\r\nbad\r\n\r\n"}) {
    EXPECT_EQ(refused(std::string("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n") + body), 400)
        << body;
  }
}

TEST(Http1Parser, BoundsAreKeptToTheByte) {
  std::string request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(parse(request, 1, Kind::Request, request.size()).events, "HE");
  EXPECT_EQ(parse(request, 1, Kind::Request, request.size() - 1).status, 431);
  EXPECT_EQ(parse(request, 1000, Kind::Request, request.size() - 1).status, 431);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n\r\n", 1000, Kind::Request, 4096, 2).status, 431);
  EXPECT_EQ(parse("GET /" + std::string(100'000, 'a'), 1000).status, 431);
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + std::string(5000, 'A'), 100)
                .status,
            431);
}

TEST(Http1Parser, KeepsTheConnectionAsVersionAndHeadersSay) {
  auto keeps = [](std::string_view request) {
    Http1Parser parser(Kind::Request, 4096, 16);
    EXPECT_EQ(parser.next(request), Event::Head);
    return parser.keep_alive();
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(Http1Parser, ResponsesEndAsTheyShould) {
  auto answer = [](std::string_view text) { return parse(text, 3, Kind::Response); };
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc").body, "ab");
  EXPECT_EQ(answer("HTTP/1.1 200\r\n\r\nuntil the end").body, "until the end");
  EXPECT_EQ(answer("HTTP/1.1 200\r\n\r\nuntil the end").events, "HE");
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").events, "H");
  EXPECT_EQ(answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").events, "HE");
  EXPECT_EQ(answer("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nraw").rest, "raw");
  EXPECT_EQ(answer("HTTP/1.1 20 OK\r\n\r\n").status, 400);
  EXPECT_EQ(answer("HTTP/2 200 OK\r\n\r\n").status, 400);
}

TEST(Http1Parser, NonsenseAtAnyOffsetNeverLoops) {
  const std::string good = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (size_t at = 0; at < good.size(); at++) {
    for (int byte : {0, 1, 9, 10, 13, 32, 58, 59, 127, 128, 255}) {
      std::string bad = good;
      bad[at] = static_cast<char>(byte);
      auto whole = parse(bad);
      auto cut = parse(bad, 1);
      EXPECT_EQ(whole.events, cut.events) << at << " " << byte;
      EXPECT_EQ(whole.body, cut.body);
    }
  }
}

}  // namespace
}  // namespace io
