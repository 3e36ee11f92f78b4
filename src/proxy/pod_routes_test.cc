#include "proxy/pod_routes.h"

#include <gtest/gtest.h>

namespace proxy {
namespace {

std::shared_ptr<const api::core_v1::Node> node(std::string name, std::vector<std::string> ranges,
                                               std::vector<std::string> addresses) {
  api::core_v1::Node made;
  made.metadata.name = std::move(name);
  made.spec.pod_cidrs = std::move(ranges);
  for (auto& address : addresses) {
    auto& one = made.status.addresses.emplace_back();
    one.type = address.starts_with("host") ? "Hostname" : "InternalIP";
    one.address = std::move(address);
  }
  return std::make_shared<const api::core_v1::Node>(std::move(made));
}

TEST(PodRoutes, LeadToTheRangesOfOtherNodesByTheirAddressesOfThatFamily) {
  auto routes = pod_routes({node("here", {"10.244.0.0/24"}, {"192.0.2.1"}),
                            node("both", {"10.244.2.0/24", "fd00:2::/64"}, {"host", "192.0.2.3", "2001:db8::3"}),
                            node("four", {"10.244.1.0/24", "fd00:1::/64"}, {"192.0.2.2"}),
                            node("fresh", {}, {"192.0.2.4"}), node("odd", {"none"}, {"192.0.2.5"})},
                           "here");
  EXPECT_EQ(routes,
            (std::vector<PodRoute>{
                {"10.244.1.0/24", "192.0.2.2"}, {"10.244.2.0/24", "192.0.2.3"}, {"fd00:2::/64", "2001:db8::3"}}));
}

}  // namespace
}  // namespace proxy
