#include "apiserver/registry/validation/addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Addresses, AmbiguousOnesAreRefusedUnlessTheyWereThere) {
  auto count = [](std::string_view text, std::vector<std::string> kept = {}) {
    Report report;
    check_ip(report, text, Place("ip"), kept);
    return report.size();
  };
  EXPECT_EQ(count("1.2.3.4"), 0u);
  EXPECT_EQ(count("2001:db8::1"), 0u);
  EXPECT_EQ(count("001.2.3.4"), 1u);
  EXPECT_EQ(count("::ffff:1.2.3.4"), 1u);
  EXPECT_EQ(count("x"), 1u);
  EXPECT_EQ(count("001.2.3.4", {"001.2.3.4"}), 0u);
}

TEST(Addresses, WarningsSayHowToWriteThem) {
  std::vector<std::string> warnings;
  warn_about_ip(warnings, "2001:DB8::1", Place("ip"));
  warn_about_ip(warnings, "1.2.3.4", Place("ip"));
  EXPECT_THAT(warnings,
              ElementsAre("ip: IPv6 address \"2001:DB8::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")"));
  warnings.clear();
  warn_about_cidr(warnings, "10.0.0.1/8", Place("range"));
  EXPECT_THAT(warnings,
              ElementsAre("range: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or "
                          "\"10.0.0.1/32\"?)"));
}

}  // namespace
}  // namespace apiserver
