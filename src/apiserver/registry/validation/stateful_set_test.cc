#include "apiserver/registry/validation/testing.h"
#include "apiserver/registry/validation/workload.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
using ::testing::Contains;
using ::testing::Not;
using ::testing::StartsWith;

TEST(StatefulSetRules, ANewOnesServiceIsALabel) {
  auto set = testing::object<apps::StatefulSet>(R"({"spec":{"serviceName":"a.b"}})");
  EXPECT_THAT(testing::texts(validate_stateful_set(set, nullptr)),
              Contains(StartsWith("spec.serviceName: Invalid value: \"a.b\": must not contain dots")));
  EXPECT_THAT(testing::texts(validate_stateful_set(set, &set)), Not(Contains(StartsWith("spec.serviceName"))));
}

}  // namespace
}  // namespace apiserver
