#include "store/attributes.h"

#include <gtest/gtest.h>

namespace store {
namespace {

TEST(Pairs, GivesTheValueOfTheFirstOfAName) {
  Pairs pairs{{"app", "web"}, {"", "nothing"}, {"tier", ""}, {"app", "other"}};
  EXPECT_EQ(pairs.find("app"), "web");
  EXPECT_EQ(pairs.find(""), "nothing");
  EXPECT_EQ(pairs.find("tier"), "");
  EXPECT_EQ(pairs.find("ap"), std::nullopt);
  EXPECT_EQ(pairs.size(), 4u);
}

TEST(Pairs, TakesTextsOfAnyLengthAndContent) {
  for (size_t length : {0, 1, 127, 128, 16383, 16384, 300000}) {
    std::string name = "n" + std::string(length, '\0');
    std::string value(length, '\xff');
    Pairs pairs{{"first", "one"}, {name, value}, {"last", "three"}};
    EXPECT_EQ(pairs.find(name), value) << length;
    EXPECT_EQ(pairs.find("last"), "three") << length;
  }
}

TEST(Pairs, AreEqualWhenNamesAndValuesAre) {
  EXPECT_EQ(Pairs({{"a", "b"}}), Pairs({{"a", "b"}}));
  EXPECT_NE(Pairs({{"a", "bc"}}), Pairs({{"ab", "c"}}));
  EXPECT_EQ(Pairs().size(), 0u);
}

}  // namespace
}  // namespace store
