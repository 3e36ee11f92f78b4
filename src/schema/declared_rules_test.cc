#include "schema/declared_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/autoscaling_v1.h"
#include "api/core_v1.h"
#include "api/resource_k8s_io_v1.h"
#include "api/storage_k8s_io_v1.h"
#include "schema/json.h"
#include "schema/named_format.h"

namespace schema {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <class T>
std::vector<std::string> complaints(std::string_view next, std::string_view current = "") {
  Object after(*from_json<T>(next));
  std::optional<Object> before;
  if (!current.empty()) before.emplace(Object(*from_json<T>(current)));
  std::vector<std::string> texts;
  for (const FieldError& error : check_declared(after, before ? &*before : nullptr)) texts.push_back(error.to_string());
  return texts;
}

using Claim = api::resource_k8s_io_v1::ResourceClaim;
using Slice = api::resource_k8s_io_v1::ResourceSlice;
using StorageClass = api::storage_k8s_io_v1::StorageClass;
using ReplicationController = api::core_v1::ReplicationController;

TEST(DeclaredRules, WhatIsRequiredMustBeThereAndWhatIsOptionalIsCheckedWhenThere) {
  EXPECT_THAT(complaints<StorageClass>("{}"), ElementsAre("provisioner: Required value"));
  EXPECT_THAT(complaints<StorageClass>(R"({"provisioner":"p"})"), IsEmpty());
}

TEST(DeclaredRules, NumbersKeepTheirBounds) {
  EXPECT_THAT(
      complaints<ReplicationController>(R"({"metadata":{"name":"a"},"spec":{"replicas":-1,"minReadySeconds":-2}})"),
      ElementsAre("spec.replicas: Invalid value: -1: must be greater than or equal to 0",
                  "spec.minReadySeconds: Invalid value: -2: must be greater than or equal to 0"));
}

TEST(DeclaredRules, ASubfieldOfTheMetadataKeepsItsFormat) {
  EXPECT_THAT(
      complaints<ReplicationController>(R"({"metadata":{"name":"A_"}})"),
      ElementsAre(::testing::StartsWith("metadata.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain")));
}

TEST(DeclaredRules, AnImmutableFieldStaysAndOthersAreCheckedWhenTheyChange) {
  EXPECT_THAT(complaints<StorageClass>(R"({"provisioner":"q","parameters":{"a":"b"},"reclaimPolicy":"Retain"})",
                                       R"({"provisioner":"p","reclaimPolicy":"Delete"})"),
              ElementsAre("provisioner: Invalid value: \"q\": field is immutable",
                          "parameters: Invalid value: {\"a\":\"b\"}: field is immutable",
                          "reclaimPolicy: Invalid value: \"Retain\": field is immutable"));
  std::string wrong = R"({"spec":{"replicas":-1}})";
  EXPECT_THAT(complaints<ReplicationController>(wrong, wrong), IsEmpty());
}

TEST(DeclaredRules, ListsKeepTheirLengthAndTheirElementsDiffer) {
  std::string requests;
  for (int i = 0; i < 33; ++i) requests += R"({"name":"r"},)";
  requests.pop_back();
  EXPECT_THAT(complaints<Claim>(R"({"spec":{"devices":{"requests":[)" + requests + "]}}}"),
              ElementsAre("spec.devices.requests: Too many: 33: must have at most 32 items"));
  EXPECT_THAT(complaints<Claim>(R"({"spec":{"devices":{"requests":[{"name":"r"},{"name":"s"},{"name":"r"}],
                                    "constraints":[{"requests":["r","r"]}]}}})"),
              ElementsAre("spec.devices.requests[2]: Duplicate value: \"r\"",
                          "spec.devices.constraints[0].requests[1]: Duplicate value: \"r\""));
}

TEST(DeclaredRules, RulesBelowListsAndMapsAreKept) {
  EXPECT_THAT(complaints<Slice>(R"({"spec":{"devices":[{"name":"d","taints":[{"key":"k"}]}]}})"),
              ElementsAre("spec.devices[0].taints[0].effect: Required value"));
  EXPECT_THAT(complaints<Slice>(R"({"spec":{"sharedCounters":[{"name":"c","counters":{"Bad_":{"value":"1"}}}]}})"),
              ElementsAre(::testing::StartsWith(
                  "spec.sharedCounters[0].counters: Invalid value: \"Bad_\": a lowercase RFC 1123 label")));
}

TEST(DeclaredRules, DeclaredValuesAreTheOnlyOnes) {
  EXPECT_THAT(
      complaints<Claim>(R"({"spec":{"devices":{"requests":[{"name":"r","exactly":{"allocationMode":"Bad"}}]}}})"),
      ElementsAre(
          "spec.devices.requests[0].exactly.allocationMode: Unsupported value: \"Bad\": supported values: \"All\", "
          "\"ExactCount\""));
}

TEST(NamedFormat, EachNameStandsForItsRule) {
  struct Case {
    std::string_view format, text;
    size_t problems;
  };
  for (const Case& one : std::initializer_list<Case>{{"k8s-short-name", "a", 0},
                                                     {"k8s-short-name", "a.b", 1},
                                                     {"k8s-long-name", "a.b", 0},
                                                     {"k8s-long-name", "A", 1},
                                                     {"k8s-long-name-caseless", "A", 0},
                                                     {"k8s-label-key", "example.com/A", 0},
                                                     {"k8s-resource-pool-name", "a/b.c", 0},
                                                     {"k8s-resource-pool-name", "a//b", 1},
                                                     {"k8s-resource-fully-qualified-name", "example.com/model", 0},
                                                     {"k8s-resource-fully-qualified-name", "model", 1},
                                                     {"k8s-resource-fully-qualified-name", "example.com/a-b", 1},
                                                     {"k8s-extended-resource-name", "example.com/gpu", 0},
                                                     {"k8s-extended-resource-name", "cpu", 1},
                                                     {"k8s-uuid", "123e4567-e89b-12d3-a456-426614174000", 0},
                                                     {"k8s-uuid", "123E4567-e89b-12d3-a456-426614174000", 1},
                                                     {"nobody-knows", "!", 0}}) {
    EXPECT_EQ(check_named_format(one.format, one.text, FieldPath("f")).size(), one.problems)
        << one.format << " " << one.text;
  }
}

}  // namespace
}  // namespace schema
