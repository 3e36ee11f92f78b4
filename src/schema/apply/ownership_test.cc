#include "schema/apply/ownership.h"

#include <gtest/gtest.h>

#include "api/core_v1.h"

namespace schema::apply {
namespace {

class OneVersion final : public Versions {
 public:
  std::optional<TypeRef> type(std::string_view api_version) const override {
    return api_version == "v1" ? std::optional(TypeRef::of(api::core_v1::ConfigMap::kType)) : std::nullopt;
  }
  base::Result<Value> convert(const Value& object, std::string_view) const override { return object; }
};

// A ConfigMap that several write.
class OwnershipTest : public ::testing::Test {
 protected:
  // What is refused, "" when nothing is.
  std::string apply(std::string manager, std::string_view data, bool force = false) {
    Value config = object(data);
    Managed next = managed;
    auto applied = schema::apply::apply(next, {.versions = versions,
                                               .api_version = "v1",
                                               .filter = filter,
                                               .manager = ManagerId::of(manager, "Apply", "v1", ""),
                                               .now = now,
                                               .live = live,
                                               .config = config,
                                               .force = force});
    if (!applied) {
      std::string out;
      for (const auto& conflict : applied.error().conflicts)
        out += conflict.manager.manager + to_string(conflict.path) + " ";
      return out + applied.error().message;
    }
    managed = std::move(next);
    if (*applied) live = std::move(**applied);
    return "";
  }
  void update(std::string manager, std::string_view data) {
    Value next = object(data);
    TypeRef type = TypeRef::of(api::core_v1::ConfigMap::kType);
    auto done = schema::apply::update(managed, {.versions = versions,
                                                .api_version = "v1",
                                                .filter = filter,
                                                .manager = ManagerId::of(manager, "Update", "v1", ""),
                                                .now = now,
                                                .comparison = compare(type, live, next),
                                                .live_at = [&](const Path& path) { return value_at(type, live, path); },
                                                .live = [&] { return live; },
                                                .next = [&] { return next; }});
    EXPECT_TRUE(done.has_value());
    live = std::move(next);
  }
  static Value object(std::string_view data) {
    std::string tail = data.empty() ? "}" : ",\"data\":" + std::string(data) + "}";
    return *Value::parse(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"})" + tail);
  }
  std::string owners() {
    std::string out;
    for (const auto& entry : managed.encode()) {
      out += entry.manager + " " + entry.fields_v1 +
             (entry.time.is_zero() ? "" : " " + std::to_string(entry.time.seconds)) + "\n";
    }
    return out;
  }
  std::string data() { return live.find("data") == nullptr ? "" : live.find("data")->to_json(); }

  OneVersion versions;
  FieldFilter filter;
  Managed managed;
  Value live = *Value::parse(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})");
  base::Time now{.seconds = 1};
};

TEST_F(OwnershipTest, WhatIsNotAppliedAnyMoreGoesUnlessSomebodyElseHasIt) {
  EXPECT_EQ(apply("m1", R"({"a":"1","b":"2"})"), "");
  EXPECT_EQ(apply("m2", R"({"b":"2"})"), "");
  EXPECT_EQ(apply("m1", ""), "");
  EXPECT_EQ(data(), R"({"b":"2"})");
  EXPECT_EQ(owners(), "m2 {\"f:data\":{\"f:b\":{}}}\n");  // who changes nothing has no time
  EXPECT_EQ(apply("m2", ""), "");
  EXPECT_EQ(data(), "");
  EXPECT_TRUE(managed.empty());
}

TEST_F(OwnershipTest, AnotherValueIsAConflictUntilItIsForced) {
  apply("m1", R"({"a":"1","b":"1"})");
  EXPECT_EQ(apply("m2", R"({"a":"2","b":"2","c":"3"})"), "m1.data.a m1.data.b ");
  EXPECT_EQ(data(), R"({"a":"1","b":"1"})");
  EXPECT_EQ(apply("m2", R"({"a":"2","b":"2","c":"3"})", true), "");
  EXPECT_EQ(owners(), "m2 {\"f:data\":{\"f:a\":{},\"f:b\":{},\"f:c\":{}}} 1\n");
}

TEST_F(OwnershipTest, AnUpdateTakesWhatItChangesAndKeepsItsTimeOtherwise) {
  apply("m1", R"({"a":"1","b":"1"})");
  now.seconds = 2;
  update("u", R"({"a":"2","b":"1"})");
  EXPECT_EQ(owners(), "m1 {\"f:data\":{\"f:b\":{}}} 1\nu {\"f:data\":{\"f:a\":{}}} 2\n");
  now.seconds = 3;
  update("u", R"({"a":"2","b":"1"})");
  update("v", R"({"b":"1"})");
  EXPECT_EQ(owners(), "m1 {\"f:data\":{\"f:b\":{}}} 1\n");
}

TEST_F(OwnershipTest, WhatAnUpdaterHasStaysWhenAnApplierLetsGoOfIt) {
  apply("m1", R"({"a":"1"})");
  update("u", R"({"a":"2"})");
  apply("m1", R"({"a":"2"})");
  EXPECT_EQ(apply("m1", ""), "");
  EXPECT_EQ(data(), R"({"a":"2"})");
}

TEST_F(OwnershipTest, FieldsOfVersionsThatAreNoMoreAreForgotten) {
  apply("m1", R"({"a":"1"})");
  managed.ensure(ManagerId::of("old", "Update", "v1alpha1", ""), "v1alpha1").set_fields(FieldSet::of({{"data"}}));
  update("u", R"({"a":"1","b":"2"})");
  EXPECT_EQ(owners(), "m1 {\"f:data\":{\"f:a\":{}}} 1\nu {\"f:data\":{\"f:b\":{}}} 1\n");
}

TEST_F(OwnershipTest, TheOldestOfTooManyUpdatersAreUnited) {
  std::string all = "{";
  for (int i = 0; i < 12; ++i) {
    now.seconds = i + 1;
    all += (i == 0 ? "\"k" : ",\"k") + std::to_string(10 + i) + "\":\"v\"";
    update("u" + std::to_string(10 + i), all + "}");
  }
  auto entries = managed.encode();
  ASSERT_EQ(entries.size(), 10u);
  EXPECT_EQ(entries[0].manager, "ancient-changes");
  EXPECT_EQ(entries[0].fields_v1, R"({"f:data":{".":{},"f:k10":{},"f:k11":{},"f:k12":{}}})");
  EXPECT_EQ(entries[0].time.seconds, 3);
  EXPECT_EQ(entries[1].manager, "u13");
}

TEST(Managed, RefusesEntriesThatAreNoGood) {
  auto complaint = [](auto change) {
    Managed::Entries entries(1);
    entries[0] = {
        .manager = "m", .operation = "Update", .api_version = "v1", .fields_type = "FieldsV1", .fields_v1 = "{}"};
    change(entries[0]);
    auto managed = Managed::decode(entries, {});
    return managed ? "" : managed.error().message();
  };
  EXPECT_EQ(complaint([](auto&) {}), "");
  EXPECT_EQ(complaint([](auto& entry) { entry.operation = "Bad"; }), "operation must be `Apply` or `Update`");
  EXPECT_EQ(complaint([](auto& entry) { entry.api_version = ""; }), "apiVersion must not be empty");
  EXPECT_EQ(complaint([](auto& entry) { entry.fields_type = ""; }), "missing fieldsType in managed fields entry 0");
  EXPECT_EQ(complaint([](auto& entry) { entry.fields_type = "X"; }),
            "invalid fieldsType \"X\" in managed fields entry 0");
  EXPECT_NE(complaint([](auto& entry) { entry.fields_v1 = "[]"; }), "");
}

}  // namespace
}  // namespace schema::apply
