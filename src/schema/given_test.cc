#include "schema/given.h"

#include <gtest/gtest.h>

#include "api/admissionregistration_k8s_io_v1.h"
#include "api/autoscaling_v2.h"
#include "api/core_v1.h"
#include "base/time.h"
#include "schema/defaults.h"
#include "schema/json.h"
#include "schema/protobuf.h"

namespace schema {
namespace {

using api::core_v1::PodTemplate;
using Webhooks = api::admissionregistration_k8s_io_v1::ValidatingWebhookConfiguration;
using Autoscaler = api::autoscaling_v2::HorizontalPodAutoscaler;

template <class T>
T read(std::string_view json) {
  return decode_json(T::kType, json).value().template take<T>();
}

TEST(GivenEmpty, IsToldFromAbsentAndNull) {
  auto given = read<Webhooks>(R"({"webhooks":[]})");
  auto null = read<Webhooks>(R"({"webhooks":null})");
  auto absent = read<Webhooks>("{}");
  EXPECT_TRUE(is_given(given, given.webhooks));
  EXPECT_FALSE(is_given(null, null.webhooks));
  EXPECT_FALSE(is_given(absent, absent.webhooks));
  EXPECT_TRUE(given == absent);
  EXPECT_FALSE(equal(Webhooks::kType, &given, &absent, EmptyAndAbsent::Differ));
  EXPECT_TRUE(equal(Webhooks::kType, &null, &absent, EmptyAndAbsent::Differ));
}

TEST(GivenEmpty, GoesWithCopiesAndIsForgottenInStorage) {
  auto pod = read<PodTemplate>(R"({"template":{"metadata":{"labels":{},"finalizers":[]},"spec":{"containers":[]}}})");
  PodTemplate copy = pod;
  EXPECT_TRUE(is_given(copy.template_.metadata, copy.template_.metadata.labels));
  EXPECT_TRUE(is_given(copy.template_.spec, copy.template_.spec.containers));
  EXPECT_FALSE(is_given(copy.template_.spec, copy.template_.spec.volumes));
  std::string bytes = encode_protobuf(PodTemplate::kType, &copy);
  auto stored = decode_protobuf(PodTemplate::kType, bytes).value().take<PodTemplate>();
  EXPECT_FALSE(is_given(stored.template_.metadata, stored.template_.metadata.labels));
}

TEST(GivenEmpty, IsNotDefaultedWhereOnlyTheAbsentIs) {
  Object object =
      decode_json(Autoscaler::kType, R"({"spec":{"metrics":[],"behavior":{"scaleUp":{"policies":[]},"scaleDown":{}}}})")
          .value();
  base::FakeClock clock;
  apply_defaults(object, clock);
  const auto& spec = object.as<Autoscaler>().spec;
  EXPECT_EQ(spec.metrics.size(), 1u);
  EXPECT_TRUE(spec.behavior->scale_up->policies.empty());
  EXPECT_EQ(spec.behavior->scale_down->policies.size(), 1u);
}

}  // namespace
}  // namespace schema
