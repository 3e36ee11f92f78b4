#include "base/json.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string complaint(std::string_view text) {
  JsonReader reader(text);
  reader.skip_value();
  auto result = reader.finish();
  return result ? "" : result.error().message();
}

std::string read(std::string_view text) {
  JsonReader reader(text);
  std::string_view value;
  reader.read_string(value);
  std::string copy(value);
  auto result = reader.finish();
  return result ? copy : result.error().message();
}

std::string written(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string written(double value) {
  std::string out;
  append_json_double(out, value);
  return out;
}

TEST(Json, AcceptsWhatTheStandardAccepts) {
  for (const char* text :
       {"null", " true ", "[]", "{}", "[1,-0,0.5,1e3,-1.5E-7]", R"({"a":{"b":[{}]},"a":""})", "\t[ 1 ,\n2 ]\r"}) {
    EXPECT_EQ(complaint(text), "") << text;
  }
}

TEST(Json, ComplainsAsGo) {
  struct Case {
    const char *text, *message;
  } cases[] = {
      {"", "unexpected end of JSON input"},
      {"{", "unexpected end of JSON input"},
      {"[1,", "unexpected end of JSON input"},
      {"\"a", "unexpected end of JSON input"},
      {"data:", "invalid character 'd' looking for beginning of value"},
      {"not json", "invalid character 'o' in literal null (expecting 'u')"},
      {"tru!", "invalid character '!' in literal true (expecting 'e')"},
      {"{a:1}", "invalid character 'a' looking for beginning of object key string"},
      {"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"},
      {"{\"a\" 1}", "invalid character '1' after object key"},
      {"{\"a\":1 2}", "invalid character '2' after object key:value pair"},
      {"[1 2]", "invalid character '2' after array element"},
      {"[1,]", "invalid character ']' looking for beginning of value"},
      {"1 2", "invalid character '2' after top-level value"},
      {"01", "invalid character '1' after top-level value"},
      {"-x", "invalid character 'x' in numeric literal"},
      {"1.x", "invalid character 'x' after decimal point in numeric literal"},
      {"1ex", "invalid character 'x' in exponent of numeric literal"},
      {R"("\q")", "invalid character 'q' in string escape code"},
      {R"("\u00g0")", "invalid character 'g' in \\u hexadecimal character escape"},
      {"\"a\nb\"", "invalid character '\\n' in string literal"},
      {"'a'", "invalid character '\\'' looking for beginning of value"},
      {"\xff", "invalid character '\u00ff' looking for beginning of value"},
  };
  for (auto& c : cases) EXPECT_EQ(complaint(c.text), c.message) << c.text;
}

TEST(Json, DepthIsBounded) {
  std::string deep(JsonReader::kMaxDepth, '[');
  EXPECT_EQ(complaint(deep + std::string(deep.size(), ']')), "");
  EXPECT_EQ(complaint(deep + '['), "exceeded max depth");
}

TEST(Json, StringsAreUnescapedAndMadeUtf8) {
  EXPECT_EQ(read(R"("a\n\"\\\/\u00e9\ud83d\ude00b")"), "a\n\"\\/é😀b");
  EXPECT_EQ(read(R"("\ud800x")"), "\uFFFDx");
  EXPECT_EQ(read(R"("\ud800\u0041")"), "\uFFFDA");
  EXPECT_EQ(read("\"a\xff z\""), "a\uFFFD z");
  EXPECT_EQ(read("\"é€\""), "é€");
}

TEST(Json, PlainStringsAreViewsOfTheText) {
  std::string text = "\"plain é\"";
  JsonReader reader(text);
  std::string_view value;
  ASSERT_TRUE(reader.read_string(value));
  EXPECT_EQ(value.data(), text.data() + 1);
}

TEST(Json, ObjectsAreWalkedKeyByKey) {
  JsonReader reader(R"({"a": [1, 2], "b": {"c": null}, "d": true})");
  std::string seen;
  std::string_view key, raw;
  ASSERT_TRUE(reader.enter_object());
  while (reader.next_key(key)) {
    seen += key;
    reader.read_raw(raw);
    seen += raw;
  }
  EXPECT_TRUE(reader.finish());
  EXPECT_EQ(seen, R"(a[1, 2]b{"c": null}dtrue)");
}

TEST(Json, ACallersComplaintEndsTheReading) {
  JsonReader reader("[1, 2, 3]");
  int elements = 0;
  reader.enter_array();
  while (reader.next_element()) {
    ++elements;
    reader.fail_with(Error(Code::Invalid, "no"));
    reader.skip_value();
  }
  EXPECT_EQ(elements, 1);
  EXPECT_EQ(reader.finish().error().message(), "no");
}

TEST(Json, WritesStringsAsGo) {
  EXPECT_EQ(written("a\"\\\n\r\t\b\f\x01<>&é\u2028\xff"), R"("a\"\\\n\r\t\b\f\u0001\u003c\u003e\u0026é\u2028\ufffd")");
}

TEST(Json, WritesNumbersAsGo) {
  EXPECT_EQ(written(1.0), "1");
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(1e20), "100000000000000000000");
  EXPECT_EQ(written(-18446744073709551615.0), "-18446744073709552000");
  EXPECT_EQ(written(9007199254740993.0), "9007199254740992");
  EXPECT_EQ(written(1e21), "1e+21");
  EXPECT_EQ(written(1e-6), "0.000001");
  EXPECT_EQ(written(1.5e-7), "1.5e-7");
  EXPECT_EQ(written(1e-10), "1e-10");
  EXPECT_EQ(written(-2.5), "-2.5");
}

}  // namespace
}  // namespace base
