#include "apiserver/registry/service_fields.h"

#include <gtest/gtest.h>

#include "schema/json.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

core::Service service(std::string_view spec) {
  return schema::from_json<core::Service>("{\"metadata\":{\"name\":\"s\"},\"spec\":" + std::string(spec) + "}").value();
}

std::vector<base::IpNetwork> networks(bool dual) {
  std::vector<base::IpNetwork> all = {*base::IpNetwork::parse("10.96.0.0/16")};
  if (dual) all.push_back(*base::IpNetwork::parse("fd00::/112"));
  return all;
}

TEST(ServiceFields, FamiliesFollowFromPolicyAddressesAndCluster) {
  const struct {
    std::string_view spec;
    bool dual;
    std::string_view expected;  // policy and families, or the complaint
  } cases[] = {
      {R"({"type":"ClusterIP"})", true, "SingleStack IPv4"},
      {R"({"type":"ClusterIP","ipFamilyPolicy":"PreferDualStack"})", true, "PreferDualStack IPv4 IPv6"},
      {R"({"type":"ClusterIP","ipFamilyPolicy":"PreferDualStack"})", false, "PreferDualStack IPv4"},
      {R"({"type":"ClusterIP","ipFamilyPolicy":"RequireDualStack","ipFamilies":["IPv6"]})", true,
       "RequireDualStack IPv6 IPv4"},
      {R"({"type":"ClusterIP","clusterIP":"fd00::9","clusterIPs":["fd00::9"]})", true, "SingleStack IPv6"},
      {R"({"type":"ClusterIP","clusterIP":"None","clusterIPs":["None"]})", false, "RequireDualStack IPv4 IPv6"},
      {R"({"type":"ExternalName"})", true, ""},
      {R"({"type":"ClusterIP","clusterIP":"fd00::9","clusterIPs":["fd00::9"]})", false,
       R"(Service "s" is invalid: spec.clusterIPs[0]: Invalid value: ["fd00::9"]: IPv6 is not configured on this cluster)"},
      {R"({"type":"ClusterIP","ipFamilyPolicy":"RequireDualStack"})", false,
       R"(Service "s" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services)"},
      {R"({"type":"ClusterIP","ipFamilies":["IPv4","IPv6"]})", true,
       R"(Service "s" is invalid: spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified)"},
      {R"({"type":"ClusterIP","clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9"],"ipFamilies":["IPv6"]})", true,
       R"(Service "s" is invalid: spec.clusterIPs[0]: Invalid value: "10.96.0.9": expected an IPv6 value as indicated by `ipFamilies[0]`)"},
      {R"({"type":"ClusterIP","clusterIPs":["None"]})", true,
       R"(Service "s" is invalid: spec.clusterIPs: Invalid value: ["None"]: must be empty when `clusterIP` is not specified)"},
      {R"({"type":"ClusterIP","clusterIP":"10.096.0.9","clusterIPs":["10.096.0.9"]})", true,
       R"(Service "s" is invalid: spec.clusterIPs[0]: Invalid value: "10.096.0.9": must not have leading 0s)"},
  };
  for (const auto& one : cases) {
    auto next = service(one.spec);
    auto settled = settle_families(next, nullptr, networks(one.dual));
    std::string got = settled ? next.spec.ip_family_policy.value_or("") : settled.error().message();
    if (settled) {
      for (const auto& family : next.spec.ip_families) got += " " + family;
    }
    EXPECT_EQ(got, one.expected) << one.spec;
  }
}

TEST(ServiceFields, APolicyOfOneFamilyReleasesTheSecondAddress) {
  auto current = service(R"({"type":"ClusterIP","ipFamilyPolicy":"RequireDualStack","ipFamilies":["IPv4","IPv6"],
                             "clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9","fd00::9"]})");
  auto next = current;
  next.spec.ip_family_policy = "SingleStack";
  ASSERT_TRUE(settle_families(next, &current, networks(true)));
  EXPECT_EQ(next.spec.cluster_ips, std::vector<std::string>{"10.96.0.9"});
  EXPECT_EQ(next.spec.ip_families, std::vector<std::string>{"IPv4"});

  next = current;
  next.spec.cluster_ips.resize(1);
  EXPECT_FALSE(settle_families(next, &current, networks(true)));
}

TEST(ServiceFields, NodePortsAreKeptByTheNameOfTheirPort) {
  auto current = service(
      R"({"type":"NodePort","ports":[{"name":"a","port":80,"nodePort":30001},{"name":"b","port":81,"nodePort":30002}]})");
  auto next = service(R"({"type":"NodePort","ports":[{"name":"b","port":8081},{"name":"c","port":80}]})");
  keep_allocated(next, current);
  EXPECT_EQ(next.spec.ports[0].node_port, 30002);
  EXPECT_EQ(next.spec.ports[1].node_port, 0);
}

}  // namespace
}  // namespace apiserver
