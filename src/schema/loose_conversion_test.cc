#include "schema/loose_conversion.h"

#include <gtest/gtest.h>

#include "api/apps_v1.h"
#include "api/core_v1.h"

namespace schema {
namespace {

std::string complaint(const Type& type, std::string_view json) {
  Value value = Value::parse(json).value();
  auto done = convert_loosely(type, value);
  return done ? "" : done.error().message();
}

TEST(LooseConversion, SaysWhatCannotBeConverted) {
  const Type& deployment = api::apps_v1::Deployment::kType;
  const Type& pod = api::core_v1::Pod::kType;
  const Type& secret = api::core_v1::Secret::kType;
  const struct {
    const Type& type;
    std::string_view json, complaint;
  } cases[] = {
      {deployment, R"({"spec":{"replicas":"x"}})", "unrecognized type: int32"},
      {deployment, R"({"spec":{"replicas":3.5}})", "cannot convert float64 to int32"},
      {deployment, R"({"spec":{"paused":1}})", "unrecognized type: bool"},
      {deployment, R"({"spec":[]})", "cannot restore struct from: slice"},
      {deployment, R"({"metadata":{"labels":"a"}})", "cannot restore map from string"},
      {deployment, R"({"metadata":{"labels":{"a":1}}})", "cannot convert int64 to string"},
      {deployment, R"({"spec":{"strategy":{"rollingUpdate":{"maxSurge":true}}}})",
       "json: cannot unmarshal bool into Go value of type int32"},
      {pod, R"({"spec":{"containers":{}}})", "cannot restore slice from map"},
      {pod, R"({"spec":{"containers":[{"command":"x"}]}})", "cannot restore slice from string"},
      {secret, R"({"data":{"a":"!"}})", "error decoding from json: illegal base64 data at input byte 0"},
      // In the order of the struct, not of the text.
      {deployment, R"({"spec":{"paused":"x","replicas":"y"}})", "unrecognized type: int32"},
      {deployment, R"({"spec":{"replicas":null,"unknown":{"a":[1]}}})", ""},
  };
  for (const auto& one : cases) EXPECT_EQ(complaint(one.type, one.json), one.complaint) << one.json;
}

TEST(LooseConversion, MakesWholeNumbersWhole) {
  Value value = Value::parse(R"({"spec":{"replicas":3.0}})").value();
  ASSERT_TRUE(convert_loosely(api::apps_v1::Deployment::kType, value));
  EXPECT_EQ(value.to_json(), R"({"spec":{"replicas":3}})");
}

}  // namespace
}  // namespace schema
