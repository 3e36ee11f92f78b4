#include "cli/flags.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/strings.h"
#include "cli/upstream_flags.h"

namespace cli {
namespace {

struct FlagsTest : testing::Test {
  FlagsTest() {
    flags.add("data-dir", &data, "where state lives");
    flags.add("purge", &purge, "remove everything");
    flags.add("v", &verbosity, "log level");
    flags.add_short('v', "v");
    flags.add("names", &names, "a list");
    flags.add_duration("period", &period, "how often");
    flags.add_ignored("cloud-provider");
    flags.add("labels", &labels, "a map");
    flags.ignore_others("v cloud-config profiling?");
  }
  std::string error_of(std::vector<std::string> arguments) {
    auto parsed = flags.parse(arguments);
    return parsed ? "none" : parsed.error().message();
  }

  Flags flags;
  std::string data = "/var/lib/x";
  bool purge = false;
  int64_t verbosity = 0;
  std::vector<std::string> names = {"default"};
  int64_t period = 0;
  std::map<std::string, std::string, std::less<>> labels;
};

TEST_F(FlagsTest, ValuesComeAfterEqualsOrAsTheNextArgument) {
  ASSERT_EQ(error_of({"--data-dir=/a", "--v", "4", "--period=1m30s"}), "none");
  EXPECT_EQ(data, "/a");
  EXPECT_EQ(verbosity, 4);
  EXPECT_EQ(period, 90'000'000'000);
}

TEST_F(FlagsTest, UnderscoresCountAsDashes) {
  ASSERT_EQ(error_of({"--data_dir=/b"}), "none");
  EXPECT_EQ(data, "/b");
}

TEST_F(FlagsTest, ASwitchNeedsNoValueButTakesOne) {
  ASSERT_EQ(error_of({"--purge"}), "none");
  EXPECT_TRUE(purge);
  ASSERT_EQ(error_of({"--purge=false"}), "none");
  EXPECT_FALSE(purge);
}

TEST_F(FlagsTest, AListReplacesItsDefaultAndGrows) {
  ASSERT_EQ(error_of({"--names=a,b", "--names", "c"}), "none");
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(FlagsTest, AMapIsPairs) {
  ASSERT_EQ(error_of({"--labels=a=1,b=2", "--labels=c="}), "none");
  EXPECT_EQ(labels, (std::map<std::string, std::string, std::less<>>{{"a", "1"}, {"b", "2"}, {"c", ""}}));
  EXPECT_EQ(error_of({"--labels=a"}),
            "invalid argument \"a\" for \"--labels\" flag: malformed pair, expect string=string");
}

TEST_F(FlagsTest, WhatWasOnTheCommandLineIsKnown) {
  ASSERT_EQ(error_of({"--data-dir=/a"}), "none");
  EXPECT_TRUE(flags.given("data-dir"));
  EXPECT_FALSE(flags.given("purge"));
}

TEST_F(FlagsTest, ShortFormsTakeTheirValueAttachedOrApart) {
  ASSERT_EQ(error_of({"-v2"}), "none");
  EXPECT_EQ(verbosity, 2);
  ASSERT_EQ(error_of({"-v", "5"}), "none");
  EXPECT_EQ(verbosity, 5);
}

TEST_F(FlagsTest, WhatIsNotAFlagComesBackInOrder) {
  auto rest = flags.parse({"one", "--purge", "two", "--", "--v"});
  ASSERT_TRUE(rest);
  EXPECT_EQ(*rest, (std::vector<std::string>{"one", "two", "--v"}));
}

TEST_F(FlagsTest, NonsenseIsRefusedInUpstreamsWords) {
  EXPECT_EQ(error_of({"--nonsense"}), "unknown flag: --nonsense");
  EXPECT_EQ(error_of({"--data-dir"}), "flag needs an argument: --data-dir");
  EXPECT_EQ(error_of({"--v=x"}),
            "invalid argument \"x\" for \"--v\" flag: strconv.ParseInt: parsing \"x\": invalid syntax");
  EXPECT_EQ(error_of({"--purge=maybe"}),
            "invalid argument \"maybe\" for \"--purge\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax");
}

TEST_F(FlagsTest, IgnoredFlagsAreAcceptedAndNotShown) {
  EXPECT_EQ(error_of({"--cloud-provider=external", "--profiling", "--cloud-config", "file", "--profiling=false"}),
            "none");
  EXPECT_EQ(flags.parse({"--profiling", "x"}), (std::vector<std::string>{"x"}));
  EXPECT_EQ(
      error_of({"--profiling=perhaps"}),
      "invalid argument \"perhaps\" for \"--profiling\" flag: strconv.ParseBool: parsing \"perhaps\": invalid syntax");
  EXPECT_EQ(error_of({"--cloud-config"}), "flag needs an argument: --cloud-config");
  EXPECT_EQ(flags.help().find("cloud-provider"), std::string::npos);
  EXPECT_NE(flags.help().find("--data-dir string"), std::string::npos);
}

TEST(UpstreamFlags, AreWholeNames) {
  for (auto component : {Component::ApiServer, Component::ControllerManager, Component::Scheduler, Component::Kubelet,
                         Component::Proxy}) {
    for (auto name : base::split(upstream_flags(component), ' ')) {
      EXPECT_FALSE(name.empty() || name.starts_with('-') || name.ends_with('-')) << name;
    }
  }
  auto kubelet = base::split(upstream_flags(Component::Kubelet), ' ');
  EXPECT_NE(std::ranges::find(kubelet, "image-gc-high-threshold"), kubelet.end());
}

}  // namespace
}  // namespace cli
