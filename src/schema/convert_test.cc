#include "schema/convert.h"

#include <gtest/gtest.h>

#include "api/core_v1.h"

namespace schema {
namespace {

TEST(Convert, StructsAndTreesHaveTheSameContent) {
  api::core_v1::ConfigMap map;
  map.metadata.name = "a";
  map.data["k"] = "<v>";
  Value tree = to_value(Object(map));
  EXPECT_EQ(tree.text_at({"kind"}), "ConfigMap");
  EXPECT_EQ(tree.text_at({"data", "k"}), "<v>");
  tree.ensure_object({"data"}).set("k", "w");
  auto object = from_value(map.kType, tree);
  ASSERT_TRUE(object);
  EXPECT_EQ(object->as<api::core_v1::ConfigMap>().data["k"], "w");
}

TEST(Convert, TreesAreReadAsStrictlyAsText) {
  Value tree = to_value(Object(api::core_v1::ConfigMap()));
  tree.as_object().set("dta", 1);
  std::vector<std::string> strict;
  EXPECT_TRUE(from_value(api::core_v1::ConfigMap::kType, tree, &strict));
  EXPECT_EQ(strict, std::vector<std::string>{"unknown field \"dta\""});
  tree.as_object().set("data", "x");
  EXPECT_EQ(from_value(api::core_v1::ConfigMap::kType, tree).error().message(),
            "json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string");
}

}  // namespace
}  // namespace schema
