#include "base/quantity.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string canonical(std::string_view text) {
  auto quantity = Quantity::parse(text);
  return quantity ? quantity->to_string() : quantity.error().message();
}

Quantity quantity(std::string_view text) {
  return Quantity::parse(text).value();
}

TEST(Quantity, PrintsInCanonicalForm) {
  struct Case {
    const char *in, *out;
  } cases[] = {
      {"0", "0"},
      {"0Ki", "0"},
      {"1000m", "1"},
      {"0.5", "500m"},
      {"1.5", "1500m"},
      {"1024Ki", "1Mi"},
      {"1.5Gi", "1536Mi"},
      {"1024", "1024"},
      {"1000", "1k"},
      {"1500k", "1500k"},
      {"1e3", "1e3"},
      {"1500E3", "1500E3"},
      {"12e5", "1200e3"},
      {"0.0001", "100u"},
      {"100Mi", "100Mi"},
      {"1023Ki", "1023Ki"},
      {"0.5Ki", "512"},
      {"0.9Gi", "966367641600m"},
      {"-1.5Gi", "-1536Mi"},
      {".5", "500m"},
      {"1n", "1n"},
      {"1e-9", "1e-9"},
      {"0.0000000001", "1n"},
      {"1E", "1E"},
      {"3Ei", "3Ei"},
      {"8Ei", "9223372036854775807"},
      {"9223372036854775808", "9223372036854775807"},
      {"1e40", "9223372036854775807"},
      {"1e-40", "1e-9"},
      {"100000000000000000000000000000000000000000000", "9223372036854775807"},
  };
  for (auto& c : cases) EXPECT_EQ(canonical(c.in), c.out) << c.in;
}

TEST(Quantity, KeepsTheTextOfWhatIsTakenToBeCanonical) {
  for (const char* text : {"+1", "12E6", "1.250", "12.345k", "007", "5.", "1e+3", "1e03", "1E0", "5e-0", "1.25e2",
                           "+3Ki", "-1.500", "+1E", "1.234567", "+999999999999999999", "+12E12"}) {
    EXPECT_EQ(canonical(text), text);
  }
  struct Case {
    const char *in, *out;
  } others[] = {
      {"+1000", "1k"},
      {"+0", "0"},
      {"+0.5", "500m"},
      {"+8Ki", "8Ki"},
      {"+1.5Ki", "1536"},
      {"+1Ei", "1Ei"},
      {"1.000", "1"},
      {"+1000000000000000001", "1000000000000000001"},
      {"12E5", "1200e3"},
      {"1.5", "1500m"},
      {"+1e40", "9223372036854775807"},
  };
  for (auto& c : others) EXPECT_EQ(canonical(c.in), c.out) << c.in;
}

TEST(Quantity, SpellingIsLostWhenTheAmountIsWorkedWith) {
  EXPECT_EQ(quantity("+1").rounded_up_to_milli().to_string(), "+1");
  EXPECT_EQ(quantity("1.000001").rounded_up_to_milli().to_string(), "1001m");
  EXPECT_EQ((quantity("+1") + Quantity()).to_string(), "1");
  EXPECT_EQ((-quantity("+1")).to_string(), "-1");
  EXPECT_EQ(quantity("+1"), quantity("1"));
  EXPECT_FALSE(quantity("+1").same_text(quantity("1")));
  EXPECT_TRUE(quantity("1").same_text(quantity("1")));
  EXPECT_EQ(sizeof(Quantity), 24u);
}

TEST(Quantity, CanonicalFormIsAFixedPoint) {
  for (const char* text :
       {"1000m", "1.5Gi", "12e5", "0.9Gi", "-0.3", "1234567890123", "999999999999999999", "7Ei", "0.1Ti"}) {
    Quantity first = quantity(text);
    Quantity again = quantity(first.to_string());
    EXPECT_EQ(first, again) << text;
    EXPECT_EQ(first.to_string(), again.to_string()) << text;
  }
}

TEST(Quantity, RefusesInUpstreamsWords) {
  const std::string wrong =
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  for (const char* text : {"", "1.2.3", "abc", "1 Gi", "1Gi ", "1/2", "1Gi5x", "ü"})
    EXPECT_EQ(canonical(text), wrong) << text;
  for (const char* text : {"1Kii", "1ki", "1mm", "1e", "1e+", "1i"}) {
    EXPECT_EQ(canonical(text), "unable to parse quantity's suffix") << text;
  }
}

TEST(Quantity, ValuesRoundAwayFromZero) {
  EXPECT_EQ(quantity("1500m").value(), 2);
  EXPECT_EQ(quantity("-1500m").value(), -2);
  EXPECT_EQ(quantity("1500m").milli_value(), 1500);
  EXPECT_EQ(quantity("1u").milli_value(), 1);
  EXPECT_EQ(quantity("1Gi").as_int64(), 1073741824);
  EXPECT_FALSE(quantity("1500m").as_int64());
  EXPECT_EQ(quantity("9E").milli_value(), INT64_MAX);
  EXPECT_EQ(quantity("1001u").rounded_up_to_milli().to_string(), "2m");
}

TEST(Quantity, ArithmeticIsExactAndKeepsTheLeftFormat) {
  EXPECT_EQ((quantity("1Gi") + quantity("512Mi")).to_string(), "1536Mi");
  EXPECT_EQ((Quantity() + quantity("1Mi")).to_string(), "1Mi");
  EXPECT_EQ((quantity("1") - quantity("1m")).to_string(), "999m");
  EXPECT_EQ((-quantity("1")).to_string(), "-1");
  EXPECT_EQ(quantity("100m").sign(), 1);
  EXPECT_EQ(quantity("-1").sign(), -1);
  Quantity sum = Quantity::max();
  for (int i = 0; i < 200; ++i) sum += sum;
  EXPECT_EQ(sum.value(), INT64_MAX);
}

TEST(Quantity, ComparesByAmountAlone) {
  EXPECT_EQ(quantity("1Ki"), quantity("1024"));
  EXPECT_LT(quantity("-1"), quantity("-1m"));
  EXPECT_LT(quantity("999m"), quantity("1"));
  EXPECT_GT(quantity("1Gi"), quantity("1G"));
}

}  // namespace
}  // namespace base
