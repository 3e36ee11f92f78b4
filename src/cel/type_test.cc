#include "cel/type.h"

#include <gtest/gtest.h>

namespace cel {
namespace {

TEST(Type, PrintsAsUpstreamsMessagesHaveIt) {
  EXPECT_EQ(map_type(string_type(), list_type(dyn_type()))->to_string(), "map(string, list(dyn))");
  EXPECT_EQ(optional_type(timestamp_type())->to_string(), "optional_type(timestamp)");
  EXPECT_EQ(type_type(int_type())->to_string(), "type(int)");
  EXPECT_EQ(opaque_type("kubernetes.URL")->to_string(), "kubernetes.URL");
}

TEST(Type, IsTheSameByContent) {
  EXPECT_TRUE(same_type(*list_type(int_type()), *list_type(int_type())));
  EXPECT_FALSE(same_type(*list_type(int_type()), *list_type(dyn_type())));
  EXPECT_FALSE(same_type(*object_type("a"), *object_type("b")));
}

}  // namespace
}  // namespace cel
