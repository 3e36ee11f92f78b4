#include "io/grpc.h"

#include <gtest/gtest.h>

namespace io {
namespace {

TEST(Grpc, MessagesAreReadByteByByte) {
  GrpcParser parser;
  std::string bytes = grpc_frame("hello") + grpc_frame("") + grpc_frame("x");
  std::vector<std::string> messages;
  for (char byte : bytes) {
    parser.feed({&byte, 1});
    while (auto message = *parser.next()) messages.push_back(*message);
  }
  EXPECT_EQ(messages, (std::vector<std::string>{"hello", "", "x"}));
  EXPECT_TRUE(parser.is_between_messages());
  parser.feed("a");
  EXPECT_FALSE(parser.is_between_messages());
}

TEST(Grpc, LongAndCompressedMessagesAreRefused) {
  GrpcParser parser(4);
  parser.feed(grpc_frame("12345").substr(0, 5));
  auto result = parser.next();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(grpc_code_of(result.error()), GrpcCode::ResourceExhausted);
  GrpcParser other;
  other.feed(std::string("\1\0\0\0\0", 5));
  EXPECT_EQ(grpc_code_of(other.next().error()), GrpcCode::Unimplemented);
}

TEST(Grpc, TimeoutsFitEightDigits) {
  EXPECT_EQ(grpc_timeout(Duration(1)), "1n");
  EXPECT_EQ(grpc_timeout(std::chrono::seconds(2)), "2000000u");
  EXPECT_EQ(grpc_timeout(std::chrono::minutes(2)), "120000m");
  EXPECT_EQ(grpc_timeout(std::chrono::hours(48)), "172800S");
  EXPECT_EQ(grpc_timeout(Duration(100'000'001)), "100001u");
  for (const char* text : {"1n", "2000000u", "120000m", "172800S", "5M", "6H"})
    EXPECT_TRUE(parse_grpc_timeout(text)) << text;
  EXPECT_EQ(parse_grpc_timeout("3S"), std::chrono::seconds(3));
  for (const char* text : {"", "1", "S", "1x", "123456789S", "-1S"}) EXPECT_FALSE(parse_grpc_timeout(text)) << text;
}

TEST(Grpc, MessagesAreEscapedForHeaders) {
  EXPECT_EQ(grpc_message_encode("50% of \xC3\xA9\n"), "50%25 of %C3%A9%0A");
  EXPECT_EQ(grpc_message_decode("50%25 of %C3%A9%0A"), "50% of \xC3\xA9\n");
  EXPECT_EQ(grpc_message_decode("%zz%2"), "%zz%2");
}

TEST(Grpc, StatusSurvivesTheTrailers) {
  for (int number = 1; number <= 16; ++number) {
    base::Result<void> outcome = base::fail(grpc_error(static_cast<GrpcCode>(number), "why: 100%"));
    auto back = grpc_status(grpc_trailers(outcome));
    ASSERT_TRUE(back && !*back);
    EXPECT_EQ(static_cast<int>(grpc_code_of(back->error())), number);
    EXPECT_EQ(back->error().message(), "why: 100%");
  }
  EXPECT_TRUE(grpc_status(grpc_trailers({}))->has_value());
  EXPECT_FALSE(grpc_status({}));
}

TEST(Grpc, ErrorsOfOursHaveACode) {
  EXPECT_EQ(grpc_code_of({base::Code::NotFound, ""}), GrpcCode::NotFound);
  EXPECT_EQ(grpc_code_of({base::Code::Closed, ""}), GrpcCode::Unavailable);
  EXPECT_EQ(grpc_code_of({base::Code::Internal, ""}), GrpcCode::Internal);
  EXPECT_EQ(grpc_error(GrpcCode::DeadlineExceeded, "").code(), base::Code::Timeout);
}

}  // namespace
}  // namespace io
