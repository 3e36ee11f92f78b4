#include "base/strings.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Strings, SplitKeepsEmptyPieces) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(join({"a", "", "b"}, ", "), "a, , b");
  EXPECT_EQ(cat({"pods ", "x", " not found"}), "pods x not found");
}

TEST(Strings, NumbersAreWholeTextsInRange) {
  EXPECT_EQ(parse_int("-42"), -42);
  EXPECT_EQ(parse_int("+42"), 42);
  EXPECT_EQ(parse_int("9223372036854775807"), INT64_MAX);
  EXPECT_FALSE(parse_int("9223372036854775808"));
  for (const char* text : {"", "4x", " 4", "+-4", "+"}) EXPECT_FALSE(parse_int(text)) << text;
  EXPECT_FALSE(parse_uint("-1"));
}

TEST(Strings, QuotesAsGo) {
  EXPECT_EQ(quote("a\"b\\c\n\t\x01\x7f"), R"("a\"b\\c\n\t\x01\x7f")");
  EXPECT_EQ(quote("é\u00a0\u2028"), "\"é\\u00a0\\u2028\"");
  EXPECT_EQ(quote("\xff\xc0"), R"("\xff\xc0")");
  EXPECT_EQ(quote("\U000F0000"), R"("\U000f0000")");
}

TEST(Strings, Base64RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)).value(), bytes);
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_EQ(base64_encode("ab"), "YWI=");
  EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
  EXPECT_EQ(base64_decode("YW\nI=\r\n").value(), "ab");
}

TEST(Strings, Base64NamesTheByteThatIsWrong) {
  EXPECT_EQ(base64_decode("YW!I").error().message(), "illegal base64 data at input byte 2");
  EXPECT_EQ(base64_decode("YWI").error().message(), "illegal base64 data at input byte 0");
  EXPECT_EQ(base64_decode("YWI=x").error().message(), "illegal base64 data at input byte 4");
  EXPECT_FALSE(base64_decode("Y==="));
  EXPECT_FALSE(base64url_decode("YWI="));
  EXPECT_FALSE(base64url_decode("Y"));
}

TEST(Strings, UrlEscapes) {
  EXPECT_EQ(url_encode("a b/ü~"), "a%20b%2F%C3%BC~");
  EXPECT_EQ(url_decode("a%20b%2f+").value(), "a b/+");
  EXPECT_EQ(url_decode("a+b", true).value(), "a b");
  EXPECT_EQ(url_decode("a%2").error().message(), "invalid URL escape \"%2\"");
  EXPECT_FALSE(url_decode("%zz"));
}

TEST(Strings, Utf8HasNoOverlongFormsAndNoSurrogates) {
  EXPECT_TRUE(is_valid_utf8("aé€😀"));
  EXPECT_EQ(to_valid_utf8("é\xff\xe2\x82z"), "é\uFFFD\uFFFD\uFFFDz");
  for (const char* text :
       {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xe2\x82", "\xff"}) {
    EXPECT_FALSE(is_valid_utf8(text));
    EXPECT_TRUE(is_valid_utf8(to_valid_utf8(text)));
  }
}

}  // namespace
}  // namespace base
