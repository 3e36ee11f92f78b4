#include "apiserver/crd/json_path.h"

#include <gtest/gtest.h>

namespace apiserver::crd {
namespace {

TEST(JsonPath, LeadsToWhatIsThere) {
  auto tree = *schema::Value::parse(
      R"({"a":{"b":1,"x.y":"dotted"},"l":[{"t":"A","v":1},{"t":"B","v":2}],"deep":{"n":{"name":"z"}},"flag":true})");
  struct {
    std::string_view path, found;
  } cases[] = {
      {".a.b", "1"},
      {".a['x.y']", "\"dotted\""},
      {".a.x\\.y", "\"dotted\""},
      {".l[0].v", "1"},
      {".l[-1].t", "\"B\""},
      {".l[*].v", "1 2"},
      {".l[0:1].v", "1"},
      {".l[?(@.t=='B')].v", "2"},
      {".l[?(@.v > 1)].t", "\"B\""},
      {".l[?(@.absent)].t", ""},
      {"..name", "\"z\""},
      {".absent.below", ""},
      {".l[9]", ""},
  };
  for (const auto& one : cases) {
    auto path = JsonPath::parse(one.path);
    ASSERT_TRUE(path) << one.path;
    std::string found;
    for (const auto* value : path->find(tree)) found += (found.empty() ? "" : " ") + value->to_json();
    EXPECT_EQ(found, one.found) << one.path;
  }
}

TEST(JsonPath, WhatIsNoPathIsRefused) {
  for (std::string_view text : {".a[", ".a[x]", ".a[1:2:3:4]", ".a[?(]", ".a[?(@.b == )]", ".a[?(@..b)]"})
    EXPECT_FALSE(JsonPath::parse(text)) << text;
}

TEST(JsonPath, NoPathRunsAway) {
  std::string nested = "1";
  for (int i = 0; i < 200; ++i) nested = "{\"a\":" + nested + ",\"b\":[1,2,3]}";
  auto tree = *schema::Value::parse(nested);
  std::string text;
  for (int i = 0; i < 100; ++i) text += "..*";
  auto path = JsonPath::parse(text);
  ASSERT_TRUE(path);
  EXPECT_LE(path->find(tree).size(), 100'000u);
  EXPECT_FALSE(JsonPath::parse(std::string(2000, '.') + std::string(1000, '[') + "a"));
  std::string many;
  for (int i = 0; i < 300; ++i) many += ".a";
  EXPECT_FALSE(JsonPath::parse(many));
}

}  // namespace
}  // namespace apiserver::crd
