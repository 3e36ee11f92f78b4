#include "apiserver/registry/field_management.h"

#include <gtest/gtest.h>

#include "api/autoscaling_v1.h"
#include "api/autoscaling_v2.h"
#include "api/core_v1.h"
#include "apiserver/registry/managed_fields_rules.h"
#include "apiserver/registry/reset_fields.h"
#include "apiserver/registry/scale_fields.h"
#include "schema/defaults.h"
#include "schema/json.h"
#include "schema/status.h"

namespace apiserver {
namespace {

using api::core_v1::ConfigMap;
using api::core_v1::Pod;

template <class T>
schema::Object object(std::string_view json) {
  auto content = schema::from_json<T>(json);
  EXPECT_TRUE(content.has_value()) << json;
  return schema::Object(content ? std::move(*content) : T{});
}

FieldManagement by(std::string manager, int64_t seconds = 1) {
  return {.manager = std::move(manager), .now = {.seconds = seconds}};
}

// Each entry on a line: "manager operation version [/subresource] fields seconds".
std::string owners(const schema::Object& object) {
  std::string out;
  for (const auto& entry : object.meta().managed_fields) {
    out += entry.manager + " " + entry.operation + " " + entry.api_version +
           (entry.subresource.empty() ? "" : "/" + entry.subresource) + " " + entry.fields_v1 +
           (entry.time.is_zero() ? "" : " " + std::to_string(entry.time.seconds)) + "\n";
  }
  return out;
}

// A stored state: it has a uid.
schema::Object stored(schema::Object object) {
  object.meta().uid = "u";
  return object;
}

base::Result<schema::Object> apply(const FieldManagement& management, const schema::Type& type,
                                   const schema::Object* live, std::string_view config, bool force = false) {
  return apply_config(management, type, live, *schema::Value::parse(config), force);
}

TEST(FieldManagement, NamesWhoWritesByRequestOrUserAgent) {
  EXPECT_EQ(manager_name("m", "kubectl/v1"), "m");
  EXPECT_EQ(manager_name("", "kubectl/v1.36 (linux/amd64)"), "kubectl");
  EXPECT_EQ(manager_name("", "two words"), "two words");
  EXPECT_EQ(manager_name("",
                         "a\x01\x7f"
                         "b/c"),
            "ab");
  EXPECT_EQ(manager_name("", "/v1"), "unknown");
  EXPECT_EQ(manager_name("", ""), "unknown");
  EXPECT_EQ(manager_name("", std::string(127, 'x') + "\xc3\xa4"), std::string(127, 'x'));
}

TEST(FieldManagement, ACreateOwnsWhatIsSaidAndDefaulted) {
  auto pod = object<Pod>(
      R"({"metadata":{"name":"a","generateName":"x","labels":{"a":"b"}},"spec":{"containers":[{"name":"c"}]}})");
  track_fields(by("m"), nullptr, pod);
  EXPECT_EQ(owners(pod),
            "m Update v1 "
            "{\"f:metadata\":{\"f:generateName\":{},\"f:labels\":{\".\":{},\"f:a\":{}}},\"f:spec\":{\"f:containers\":"
            "{\"k:{\\\"name\\\":\\\"c\\\"}\":{\".\":{},\"f:name\":{},\"f:resources\":{}}}}} 1\n");
}

TEST(FieldManagement, AnUpdateMovesWhatItChangesAndNothingElse) {
  auto live = object<ConfigMap>(R"({"metadata":{"name":"a"},"data":{"a":"1","b":"1"}})");
  track_fields(by("m"), nullptr, live);
  live = stored(std::move(live));
  auto next = live;
  next.as<ConfigMap>().data["a"] = "2";
  track_fields(by("n", 2), &live, next);
  EXPECT_EQ(owners(next),
            "m Update v1 {\"f:data\":{\".\":{},\"f:b\":{}}} 1\nn Update v1 {\"f:data\":{\"f:a\":{}}} 2\n");
  auto same = next;
  track_fields(by("o", 3), &next, same);
  EXPECT_EQ(owners(same), owners(next));
}

TEST(FieldManagement, WhatAClientSaysOfManagedFieldsCountsWhenItIsReadable) {
  auto live = object<ConfigMap>(R"({"metadata":{"name":"a"},"data":{"a":"1"}})");
  track_fields(by("m"), nullptr, live);
  live = stored(std::move(live));
  std::string before = owners(live);

  auto next = live;
  next.meta().managed_fields[0].operation = "Bad";
  track_fields(by("n"), &live, next);
  EXPECT_EQ(owners(next), before);

  next = live;
  next.meta().managed_fields.clear();
  track_fields(by("n"), &live, next);
  EXPECT_EQ(owners(next), before);

  next = live;
  next.meta().managed_fields[0].manager = "other";
  track_fields(by("n"), &live, next);
  EXPECT_EQ(owners(next), "other Update v1 {\"f:data\":{\".\":{},\"f:a\":{}}} 1\n");

  next = object<ConfigMap>(R"({"metadata":{"name":"a","uid":"u"},"data":{"a":"1"}})");
  note_reset(R"({"metadata":{"managedFields":[]}})", next);
  track_fields(by("n"), &live, next);
  EXPECT_EQ(owners(next), "");
  // From then on nothing is tracked.
  auto later = next;
  later.as<ConfigMap>().data["a"] = "2";
  track_fields(by("n"), &next, later);
  EXPECT_EQ(owners(later), "");
}

TEST(FieldManagement, NobodyOwnsWhatTheServerPutsBack) {
  const schema::Resource& pods = *schema::find_resource("", "v1", "pods");
  auto live = stored(object<Pod>(R"({"spec":{"nodeName":"n"}})"));
  live.meta().managed_fields = {{.manager = "m",
                                 .operation = "Update",
                                 .api_version = "v1",
                                 .fields_type = "FieldsV1",
                                 .fields_v1 = R"({"f:spec":{"f:nodeName":{}}})"}};
  auto next = live;
  next.as<Pod>().spec.node_name = "other";
  next.as<Pod>().status.phase = "Running";
  FieldManagement status{
      .manager = "kubelet", .subresource = "status", .ownable = ownable_fields(pods, "status"), .now = {.seconds = 2}};
  track_fields(status, &live, next);
  EXPECT_EQ(
      owners(next),
      "m Update v1 {\"f:spec\":{\"f:nodeName\":{}}}\nkubelet Update v1/status {\"f:status\":{\"f:phase\":{}}} 2\n");
}

TEST(FieldManagement, TimesStayWhenNothingElseChanges) {
  auto live = object<ConfigMap>(R"({"metadata":{"name":"a"},"data":{"a":"1"}})");
  track_fields(by("m"), nullptr, live);
  auto next = live;
  next.meta().managed_fields[0].time.seconds = 9;
  keep_unchanged_times(next, live);
  EXPECT_EQ(next, live);
  next.meta().managed_fields[0].time.seconds = 9;
  next.as<ConfigMap>().data["a"] = "2";
  keep_unchanged_times(next, live);
  EXPECT_EQ(next.meta().managed_fields[0].time.seconds, 9);
}

TEST(Apply, MakesMergesAndRefuses) {
  auto made = apply(by("m1"), ConfigMap::kType, nullptr,
                    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v"}})");
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(owners(*made), "m1 Apply v1 {\"f:data\":{\"f:k\":{}}} 1\n");
  auto live = stored(std::move(*made));

  auto refused = apply(by("m2"), ConfigMap::kType, &live,
                       R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"w"}})");
  ASSERT_FALSE(refused.has_value());
  auto status = schema::status_of(refused.error());
  EXPECT_EQ(status.code, 409);
  EXPECT_EQ(status.message, "Apply failed with 1 conflict: conflict with \"m1\": .data.k");
  EXPECT_EQ(status.details->causes.at(0).reason, "FieldManagerConflict");

  auto forced = apply(by("m2", 2), ConfigMap::kType, &live,
                      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"w"}})", true);
  ASSERT_TRUE(forced.has_value());
  EXPECT_EQ(owners(*forced), "m2 Apply v1 {\"f:data\":{\"f:k\":{}}} 2\n");
  EXPECT_EQ(forced->as<ConfigMap>().data.at("k"), "w");
}

TEST(Apply, SaysWhatIsWrongWithAConfiguration) {
  struct Case {
    std::string_view config;
    std::string_view message;
  };
  for (const Case& one : std::vector<Case>{
           {R"({})", "invalid object type: /, Kind="},
           {R"({"apiVersion":"apps/v1","kind":"ConfigMap"})", "invalid object type: apps/v1, Kind=ConfigMap"},
           {R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"managedFields":[]}})",
            "metadata.managedFields must be nil"},
           {R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n"},"data":1})",
            "failed to create typed patch object (n/a; /v1, Kind=ConfigMap): .data: expected map, got &{1}"},
           {R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"spec":{}})",
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .spec: field not declared in schema"},
       }) {
    auto result = apply(by("m"), ConfigMap::kType, nullptr, one.config);
    ASSERT_FALSE(result.has_value()) << one.config;
    EXPECT_EQ(result.error().message(), one.message);
  }
}

TEST(Apply, WhatWasThereBeforeTheFirstIsItsWritersOwn) {
  auto live = stored(object<ConfigMap>(R"({"metadata":{"name":"a"},"data":{"a":"1"}})"));
  auto next = apply(by("m"), ConfigMap::kType, &live,
                    R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"b":"1"}})");
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(
      owners(*next),
      "m Apply v1 {\"f:data\":{\"f:b\":{}}} 1\nbefore-first-apply Update v1 {\"f:data\":{\".\":{},\"f:a\":{}}} 1\n");
}

TEST(Apply, KubectlTakesOverWhatItAppliedOnItsOwnSide) {
  auto live = object<ConfigMap>(
      R"({"metadata":{"name":"a","annotations":{"kubectl.kubernetes.io/last-applied-configuration":
          "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}"}},"data":{"k":"v"}})");
  track_fields(by("kubectl-client-side-apply"), nullptr, live);
  live = stored(std::move(live));
  constexpr std::string_view config =
      R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"k":"w"}})";
  EXPECT_FALSE(apply(by("helm"), ConfigMap::kType, &live, config).has_value());
  auto next = apply(by("kubectl", 2), ConfigMap::kType, &live, config);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->as<ConfigMap>().data.at("k"), "w");
  EXPECT_EQ(next->meta().annotations.at("kubectl.kubernetes.io/last-applied-configuration"),
            "{\"apiVersion\":\"v1\",\"data\":{\"k\":\"w\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}\n");
  // What somebody changed since is a conflict still.
  live.as<ConfigMap>().data["k"] = "changed";
  EXPECT_FALSE(apply(by("kubectl", 2), ConfigMap::kType, &live, config).has_value());
}

TEST(Apply, OfOneVersionPrunesWhatWasAppliedInAnother) {
  namespace v2 = api::autoscaling_v2;
  namespace v1 = api::autoscaling_v1;
  auto made = apply(
      by("m"), v2::HorizontalPodAutoscaler::kType, nullptr,
      R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"a","labels":{"x":"y"}},
                        "spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d"}}})");
  ASSERT_TRUE(made.has_value());
  v1::HorizontalPodAutoscaler older;
  older.metadata = made->meta();
  older.metadata.uid = "u";
  older.spec.max_replicas = 3;
  older.spec.scale_target_ref.kind = "Deployment";
  older.spec.scale_target_ref.name = "d";
  schema::Object live(older);
  auto next = apply(by("m"), v1::HorizontalPodAutoscaler::kType, &live,
                    R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"a"},
                        "spec":{"maxReplicas":4,"scaleTargetRef":{"kind":"Deployment","name":"d"}}})");
  ASSERT_TRUE(next.has_value());
  EXPECT_TRUE(next->meta().labels.empty());
  EXPECT_EQ(owners(*next), "m Apply autoscaling/v1 {\"f:spec\":{\"f:maxReplicas\":{},\"f:scaleTargetRef\":{}}} 1\n");
}

TEST(ScaleFields, GoToTheScaleAndBack) {
  using schema::apply::PathElement;
  const schema::apply::Path replicas = {PathElement::field("spec"), PathElement::field("replicas")};
  Entries owner(2);
  owner[0] = {.manager = "m1",
              .operation = "Apply",
              .api_version = "apps/v1",
              .time = {.seconds = 1},
              .fields_type = "FieldsV1",
              .fields_v1 = R"({"f:spec":{"f:paused":{},"f:replicas":{}}})"};
  owner[1] = {.manager = "m2",
              .operation = "Update",
              .api_version = "apps/v1",
              .fields_type = "FieldsV1",
              .fields_v1 = R"({"f:spec":{"f:paused":{}}})"};
  auto scale = scale_entries(owner, "apps/v1", replicas);
  ASSERT_EQ(scale.size(), 1u);
  EXPECT_EQ(scale[0].api_version, "autoscaling/v1");
  EXPECT_EQ(owner_entries(owner, scale, "apps/v1", replicas), owner);

  scale[0] = {.manager = "hpa",
              .operation = "Update",
              .api_version = "autoscaling/v1",
              .time = {.seconds = 2},
              .fields_type = "FieldsV1",
              .fields_v1 = R"({"f:spec":{"f:replicas":{}}})",
              .subresource = "scale"};
  auto taken = owner_entries(owner, scale, "apps/v1", replicas);
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].fields_v1, R"({"f:spec":{"f:paused":{}}})");
  EXPECT_EQ(taken[1].manager, "hpa");
  EXPECT_EQ(taken[1].api_version, "apps/v1");
  EXPECT_EQ(taken[1].fields_v1, R"({"f:spec":{"f:replicas":{}}})");
}

TEST(ManagedFieldsRules, NamesAreShortAndPrintable) {
  schema::FieldErrors errors;
  Entries entries(1);
  entries[0] = {.manager = std::string(129, 'x'),
                .operation = "Update",
                .fields_type = "FieldsV1",
                .subresource = std::string(257, 's')};
  validate_managed_fields(errors, entries, schema::FieldPath("metadata").child("managedFields"));
  ASSERT_EQ(errors.size(), 2u);
  errors.clear();
  entries[0] = {.manager = "a\nb", .operation = "X", .fields_type = "Y"};
  validate_managed_fields(errors, entries, schema::FieldPath("metadata").child("managedFields"));
  EXPECT_EQ(errors.size(), 3u);
}

}  // namespace
}  // namespace apiserver
