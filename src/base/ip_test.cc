#include "base/ip.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string canonical(std::string_view text) {
  auto address = IpAddress::parse(text);
  return address ? address->to_string() : "none";
}

TEST(Ip, PrintsInCanonicalForm) {
  struct Case {
    const char *in, *out;
  } cases[] = {{"10.0.0.1", "10.0.0.1"},
               {"010.0.0.01", "10.0.0.1"},
               {"::", "::"},
               {"::1", "::1"},
               {"FD00:0:0::1", "fd00::1"},
               {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
               {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
               {"::ffff:1.2.3.4", "1.2.3.4"},
               {"::1.2.3.4", "::102:304"},
               {"1::", "1::"}};
  for (auto& c : cases) EXPECT_EQ(canonical(c.in), c.out) << c.in;
  for (const char* bad :
       {"", "1.2.3", "1.2.3.256", "1.2.3.4.5", "a.b.c.d", "fe80::1%eth0", "1::2::3", "1.2.3.+4", " 1.2.3.4"}) {
    EXPECT_EQ(canonical(bad), "none") << bad;
  }
}

TEST(Ip, NetworksHoldTheirAddresses) {
  IpNetwork network = IpNetwork::parse("10.96.7.9/16").value();
  EXPECT_EQ(network.to_string(), "10.96.0.0/16");
  EXPECT_TRUE(network.contains(IpAddress::parse("10.96.255.255").value()));
  EXPECT_FALSE(network.contains(IpAddress::parse("10.97.0.0").value()));
  EXPECT_FALSE(IpNetwork::parse("::/0")->contains(IpAddress::v4(1)));
  EXPECT_TRUE(network.overlaps(IpNetwork::parse("10.0.0.0/8").value()));
  EXPECT_EQ(IpNetwork::parse("fd00::ff/120")->to_string(), "fd00::/120");
  for (const char* bad : {"10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "x/8"}) {
    EXPECT_FALSE(IpNetwork::parse(bad)) << bad;
  }
}

TEST(Ip, AdditionCarries) {
  EXPECT_EQ(IpAddress::parse("10.0.0.255")->plus(1).to_string(), "10.0.1.0");
  EXPECT_EQ(IpAddress::parse("255.255.255.255")->plus(1).to_string(), "0.0.0.0");
  EXPECT_EQ(IpAddress::parse("fd00::ffff")->plus(2).to_string(), "fd00::1:1");
}

TEST(Ip, KindsOfAddresses) {
  EXPECT_TRUE(IpAddress::parse("127.0.0.1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("169.254.1.1")->is_link_local_unicast());
  EXPECT_TRUE(IpAddress::parse("fe80::1")->is_link_local_unicast());
  EXPECT_TRUE(IpAddress::parse("224.0.0.5")->is_link_local_multicast());
  EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_unspecified());
}

}  // namespace
}  // namespace base
