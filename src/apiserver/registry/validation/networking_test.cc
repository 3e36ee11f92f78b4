#include "apiserver/registry/validation/networking.h"

#include "apiserver/registry/validation/testing.h"

namespace apiserver {
namespace {

namespace networking = api::networking_k8s_io_v1;
using testing::expect_all;

TEST(NetworkPolicyRules, PeersPortsAndBlocksAreWellFormed) {
  expect_all<networking::NetworkPolicy>(
      validate_network_policy,
      {{R"({"spec":{}})", {}},
       {R"({"spec":{"ingress":[{"from":[{}]}]}})", {"spec.ingress[0].from[0]: Required value: must specify a peer"}},
       {R"({"spec":{"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16","10.0.0.0/8"]}}]}]}})",
        {"spec.egress[0].to[0].ipBlock.except[1]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`"}},
       {R"({"spec":{"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8"},"podSelector":{}}]}]}})",
        {"spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"}},
       {R"({"spec":{"egress":[{"ports":[{"port":80,"endPort":70},{"port":"http","endPort":9},{"endPort":9},{"protocol":"X"}]}]}})",
        {"spec.egress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`",
         "spec.egress[0].ports[1].endPort: Invalid value: 9: may not be specified when `port` is non-numeric",
         "spec.egress[0].ports[2].endPort: Invalid value: 9: may not be specified when `port` is not specified",
         "spec.egress[0].ports[3].protocol: Unsupported value: \"X\": supported values: \"TCP\", \"UDP\", \"SCTP\""}},
       {R"({"spec":{"policyTypes":["Ingress","Egress","Ingress"]}})",
        {"spec.policyTypes: Invalid value: [\"Ingress\",\"Egress\",\"Ingress\"]: may not specify more than two "
         "policyTypes"}}});
}

TEST(NetworkPolicyRules, AnUpdateKeepsSelectorsThatWereLetIn) {
  const char* odd =
      R"({"spec":{"podSelector":{"matchExpressions":[{"key":"a","operator":"In","values":["bad value!"]}]}}})";
  expect_all<networking::NetworkPolicy>(
      validate_network_policy,
      {{odd, {"spec.podSelector.matchExpressions[0].values[0]: Invalid value"}}, {odd, {}, odd}});
}

TEST(IngressRules, BackendsPathsAndHostsAreWellFormed) {
  const char* good = R"({"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}})";
  expect_all<networking::Ingress>(
      validate_ingress,
      {{good, {}},
       {R"({"spec":{}})", {"spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"}},
       {R"({"spec":{"defaultBackend":{"service":{}}}})",
        {"spec.defaultBackend.service.name: Required value",
         "spec.defaultBackend: Required value: port name or number is required"}},
       {R"({"spec":{"rules":[{"host":"10.0.0.1"},{"host":"*.a.b"},{"host":"a.*"},{"http":{"paths":[]}}]}})",
        {"spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address",
         "spec.rules[2].host: Invalid value: \"a.*\": a wildcard DNS-1123 subdomain",
         "spec.rules[3].http.paths: Required value"}},
       {R"({"spec":{"rules":[{"http":{"paths":[{"path":"/a/../b/..","pathType":"Exact","backend":{"resource":{"kind":"K","name":"n"}}},
                                               {"path":"x","pathType":"ImplementationSpecific","backend":{}}]}}]}})",
        {"spec.rules[0].http.paths[0].path: Invalid value: \"/a/../b/..\": must not contain '/../'",
         "spec.rules[0].http.paths[0].path: Invalid value: \"/a/../b/..\": cannot end with '/..'",
         "spec.rules[0].http.paths[1].path: Invalid value: \"x\": must be an absolute path",
         "spec.rules[0].http.paths[1].backend: Invalid value: \"\": resource or service backend is required"}},
       {R"({"spec":{"defaultBackend":{"resource":{"kind":"","name":""}}}})",
        {"spec.defaultBackend.resource.kind: Required value: kind is required",
         "spec.defaultBackend.resource.name: Required value: name is required"}},
       {R"({"metadata":{"annotations":{"kubernetes.io/ingress.class":"a"}},
            "spec":{"ingressClassName":"b","defaultBackend":{"service":{"name":"s","port":{"number":80}}}}})",
        {"annotations.kubernetes.io/ingress.class: Invalid value: \"a\": must match `ingressClassName` when both are "
         "specified"}}});
}

TEST(IngressClassRules, TheControllerIsAPathAndStays) {
  expect_all<networking::IngressClass>(
      validate_ingress_class,
      {{R"({"spec":{"controller":"example.com/c"}})", {}},
       {R"({"spec":{"controller":"example.com/c d"}})",
        {"spec.controller: Invalid value: \"c d\": Invalid path (regex used for validation is "}},
       {R"({"spec":{"controller":"example.com/c","parameters":{"kind":"K","name":"n"}}})",
        {"spec.parameters.scope: Required value"}},
       {R"({"spec":{"controller":"example.com/d"}})",
        {"spec.controller: Invalid value: \"example.com/d\": field is immutable"},
        R"({"spec":{"controller":"example.com/c"}})"}});
}

TEST(AddressRules, AddressesAreNamedByThemselvesAndNetworksOnlyGrowByTheOtherFamily) {
  const char* parent =
      R"({"metadata":{"name":"10.0.0.1"},"spec":{"parentRef":{"resource":"services","namespace":"a","name":"b"}}})";
  expect_all<networking::IPAddress>(
      validate_ip_address,
      {{parent, {}},
       {R"({"metadata":{"name":"x"}})",
        {"metadata.name: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
         "spec.parentRef: Required value"}},
       {R"({"metadata":{"name":"FD00::1"},"spec":{"parentRef":{}}})",
        {"metadata.name: Invalid value: \"FD00::1\": must be in canonical form (\"fd00::1\")",
         "spec.parentRef.resource: Required value", "spec.parentRef.name: Required value"}},
       {R"({"metadata":{"name":"10.0.0.1"},"spec":{"parentRef":{"resource":"x","name":"b"}}})",
        {"spec.parentRef: Invalid value: {\"Group\":\"\",\"Resource\":\"x\",\"Namespace\":\"\",\"Name\":\"b\"}: field "
         "is immutable"},
        parent}});
  expect_all<networking::ServiceCIDR>(
      validate_service_cidr,
      {{R"({"spec":{"cidrs":["10.0.0.0/16","fd00::/64"]}})", {}},
       {R"({"spec":{"cidrs":["10.0.0.0/16","10.1.0.0/16"]}})",
        {"spec.cidrs: Invalid value: {\"CIDRs\":[\"10.0.0.0/16\",\"10.1.0.0/16\"]}: may specify no more than one IP "
         "for "
         "each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"}},
       {R"({"spec":{"cidrs":["10.0.0.1/16"]}})",
        {"spec.cidrs[0]: Invalid value: \"10.0.0.1/16\": must not have bits set beyond the prefix length"}},
       {R"({"spec":{"cidrs":["FD00::/64"]}})",
        {"spec.cidrs[0]: Invalid value: \"FD00::/64\": must be in canonical form (\"fd00::/64\")"}},
       {R"({"spec":{"cidrs":["10.0.0.0/16","fd00::/64"]}})", {}, R"({"spec":{"cidrs":["10.0.0.0/16"]}})"},
       {R"({"spec":{"cidrs":["10.1.0.0/16"]}})",
        {"spec.cidrs[0]: Invalid value: \"10.1.0.0/16\": field is immutable"},
        R"({"spec":{"cidrs":["10.0.0.0/16"]}})"}});
}

}  // namespace
}  // namespace apiserver
