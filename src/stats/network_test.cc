#include "stats/network.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace stats {
namespace {

TEST(Network, InterfacesAreReadAndLoopbackIsNot) {
  auto interfaces = parse_interfaces(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
      "compressed\n"
      "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0 "
      "         0\n"
      "  eth0:    1000      10    1    2    0     0          0         0     2000      20    3    4    0     0       0 "
      "         0\n");
  ASSERT_EQ(interfaces.size(), 1U);
  EXPECT_EQ(interfaces[0].name, "eth0");
  EXPECT_EQ(interfaces[0].received_bytes, 1000U);
  EXPECT_EQ(interfaces[0].received_dropped, 2U);
  EXPECT_EQ(interfaces[0].sent_packets, 20U);
  EXPECT_EQ(interfaces[0].sent_errors, 3U);
}

TEST(Network, OfAProcessThatHasEndedIsNotFound) {
  EXPECT_TRUE(read_interfaces(getpid()));
  EXPECT_EQ(read_interfaces(0x7fffffff).error().code(), base::Code::NotFound);
}

}  // namespace
}  // namespace stats
