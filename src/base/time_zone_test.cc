#include "base/time_zone.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string in(std::string_view zone, std::string_view time) {
  auto found = TimeZone::find(zone);
  return found ? found->format_rfc3339(*parse_rfc3339(time)) : found.error().message();
}

TEST(TimeZone, ShowsTheOffsetOfTheMoment) {
  EXPECT_EQ(in("UTC", "2026-07-01T07:30:00Z"), "2026-07-01T07:30:00Z");
  EXPECT_EQ(in("Europe/Berlin", "2026-07-01T07:30:00Z"), "2026-07-01T09:30:00+02:00");
  EXPECT_EQ(in("Europe/Berlin", "2026-01-01T07:30:00Z"), "2026-01-01T08:30:00+01:00");
  EXPECT_EQ(in("America/St_Johns", "2026-01-01T01:00:00Z"), "2025-12-31T21:30:00-03:30");
}

TEST(TimeZone, OneThatNobodyKnowsIsRefused) {
  EXPECT_EQ(in("Europe/Atlantis", "2026-07-01T07:30:00Z"), "unknown time zone Europe/Atlantis");
  EXPECT_EQ(in("../../etc/passwd", "2026-07-01T07:30:00Z"), "unknown time zone ../../etc/passwd");
}

}  // namespace
}  // namespace base
