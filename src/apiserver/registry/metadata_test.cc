#include "apiserver/registry/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> texts(const schema::FieldErrors& errors) {
  std::vector<std::string> out;
  for (const auto& error : errors) out.push_back(error.to_string());
  return out;
}

api::meta_v1::ObjectMeta named(std::string name) {
  api::meta_v1::ObjectMeta meta;
  meta.name = std::move(name);
  return meta;
}

TEST(Metadata, ComplaintsAboutOwnersAreAboutTheListAndThoseAboutDomainsOfFinalizersComeLast) {
  auto meta = named("a");
  meta.owner_references.push_back({.api_version = "a/b/c", .kind = "", .name = "x", .uid = "1"});
  meta.owner_references.push_back({.api_version = "v1", .kind = "Event", .name = "x", .uid = "1"});
  meta.finalizers = {"nodomain", "bad domain/x", "orphan"};
  EXPECT_THAT(
      texts(validate_metadata(meta, nullptr, false, {})),
      ElementsAre(
          "metadata.ownerReferences.apiVersion: Invalid value: \"a/b/c\": version must not be empty",
          "metadata.ownerReferences.kind: Invalid value: \"\": must not be empty",
          "metadata.ownerReferences: Invalid value: "
          "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"x\",\"uid\":\"1\"}: "
          "/v1, Kind=Event is disallowed from being an owner",
          ::testing::StartsWith("metadata.finalizers: Invalid value: \"bad domain/x\": prefix part "),
          "metadata.finalizers[0]: Invalid value: \"nodomain\": name is neither a standard finalizer name nor is it "
          "fully qualified"));
  meta.owner_references.clear();
  meta.finalizers = {"nodomain"};
  EXPECT_THAT(validate_metadata(meta, nullptr, false, {.metadata_rule = MetadataRule::Generic}), IsEmpty());
}

TEST(Metadata, OneOwnerAtMostIsTheController) {
  auto meta = named("a");
  meta.owner_references.push_back({.api_version = "v1", .kind = "Pod", .name = "x", .uid = "1", .controller = true});
  meta.owner_references.push_back({.api_version = "v1", .kind = "Pod", .name = "y", .uid = "2", .controller = true});
  auto errors = validate_common_metadata(meta, nullptr, false);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].detail,
            "Only one reference can have Controller set to true. Found \"true\" in references for Pod/x and Pod/y");
}

TEST(Metadata, AnUpdateIsCheckedForAllKindsAndThenAsTheKindAsks) {
  auto current = named("a");
  auto next = current;
  next.uid = "2";
  std::string changed = "metadata.uid: Invalid value: \"2\": field is immutable";
  EXPECT_THAT(texts(validate_common_metadata(next, &current, false)), ElementsAre(changed));
  EXPECT_THAT(texts(validate_metadata(next, &current, false, {})), ElementsAre(changed));
  EXPECT_THAT(validate_metadata(next, &current, false, {.metadata_rule = MetadataRule::None}), IsEmpty());
  next = current;
  next.labels["k"] = "bad value!";
  EXPECT_EQ(validate_metadata(next, &current, false, {}).size(), 1u);
  EXPECT_EQ(validate_metadata(next, &current, false, {.update_checks_whole_metadata = true}).size(), 2u);
}

TEST(Metadata, NamesKeepTheRuleOfTheirKind) {
  struct Case {
    NameRule rule;
    std::string_view name;
    bool prefix;
    size_t problems;
  };
  for (const Case& one : std::initializer_list<Case>{{NameRule::Subdomain, "a.b", false, 0},
                                                     {NameRule::Subdomain, "A_b", false, 1},
                                                     {NameRule::Subdomain, "a-", false, 1},
                                                     {NameRule::Subdomain, "a-", true, 0},
                                                     {NameRule::Label, "a.b", false, 1},
                                                     {NameRule::Label1035, "1a", false, 1},
                                                     {NameRule::PathSegment, "A_b", false, 0},
                                                     {NameRule::PathSegment, "..", false, 1},
                                                     {NameRule::PathSegment, "..", true, 0},
                                                     {NameRule::PathSegment, "a/b%", false, 2}}) {
    EXPECT_EQ(check_name(one.rule, one.name, one.prefix).size(), one.problems) << one.name;
  }
  EXPECT_THAT(check_name(NameRule::LongName, std::string(254, 'a'), false),
              ElementsAre("must be no more than 253 bytes"));
  EXPECT_THAT(check_name(NameRule::Subdomain, std::string(254, 'a'), false),
              ElementsAre("must be no more than 253 characters"));
}

}  // namespace
}  // namespace apiserver
