#include "controller/csr/csr.h"

#include <gtest/gtest.h>

#include <limits>

#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::certificates_k8s_io_v1::CertificateSigningRequest;

struct Asked {
  const char* what;
  std::string_view signer;
  pki::CertificateOptions options;
  std::vector<std::string> usages;
  std::string_view user;
  bool signed_;
};

pki::CertificateOptions node(std::vector<std::string> dns_names = {}) {
  return {.common_name = "system:node:a", .organizations = {"system:nodes"}, .dns_names = std::move(dns_names)};
}

TEST(CertificateRequests, ASignerRefusesWhatIsNotItsOwn) {
  const std::vector<std::string> client = {"digital signature", "client auth"};
  const std::vector<std::string> server = {"digital signature", "key encipherment", "server auth"};
  const Asked all[] = {
      {"a kubelet's client certificate", csr::kKubeletClient, node(), client, "system:bootstrap:x", true},
      {"for serving too", csr::kKubeletClient, node(), {"digital signature", "client auth", "server auth"}, "x", false},
      {"with a name", csr::kKubeletClient, node({"a"}), client, "x", false},
      {"of another group",
       csr::kKubeletClient,
       {.common_name = "system:node:a", .organizations = {"system:masters"}},
       client,
       "x",
       false},
      {"of one group more",
       csr::kKubeletClient,
       {.common_name = "system:node:a", .organizations = {"system:nodes", "g"}},
       client,
       "x",
       false},
      {"of no node",
       csr::kKubeletClient,
       {.common_name = "admin", .organizations = {"system:nodes"}},
       client,
       "x",
       false},
      {"a kubelet's serving certificate", csr::kKubeletServing, node({"a"}), server, "system:node:a", true},
      {"without a name", csr::kKubeletServing, node(), server, "system:node:a", false},
      {"of another node", csr::kKubeletServing, node({"a"}), server, "system:node:b", false},
      {"anybody's client certificate",
       csr::kClient,
       {.common_name = "jane", .organizations = {"devs"}},
       {"client auth"},
       "x",
       true},
      {"anybody's that serves", csr::kClient, {.common_name = "jane"}, {"server auth"}, "x", false},
      {"of another signer", "example.com/mine", node(), client, "x", false},
  };
  for (const auto& asked : all) {
    api::certificates_k8s_io_v1::CertificateSigningRequestSpec spec;
    spec.signer_name = asked.signer;
    spec.usages = asked.usages;
    spec.username = asked.user;
    EXPECT_EQ(csr::refusal(spec, asked.options).empty(), asked.signed_) << asked.what;
  }
}

TEST(CertificateRequests, AnApprovedRequestIsSignedAndOneThatMayNotBeFails) {
  Options options;
  options.signing_authority = *pki::make_authority(
      {.common_name = "ca", .authority = true, .not_before = {1'600'000'000, 0}, .not_after = {4'000'000'000, 0}});
  testing::Cluster cluster;
  cluster.run({"certificatesigningrequest-signing-controller"}, options);
  auto key = *pki::Key::generate(pki::Key::Algorithm::EcdsaP256);
  auto put = [&](std::string name, pki::CertificateOptions asked) {
    CertificateSigningRequest request;
    request.metadata.name = std::move(name);
    request.spec.signer_name = csr::kKubeletClient;
    request.spec.request = *pki::make_request(key, asked);
    request.spec.usages = {"digital signature", "client auth"};
    auto& approved = request.status.conditions.emplace_back();
    approved.type = "Approved";
    approved.status = "True";
    cluster.put(std::move(request));
  };
  put("good", node());
  put("bad", {.common_name = "admin", .organizations = {"system:masters"}});
  cluster.advance(std::chrono::seconds(1));

  auto good = cluster.server.get<CertificateSigningRequest>("", "good");
  ASSERT_TRUE(good);
  auto made = pki::read_certificate(good->status.certificate);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->common_name, "system:node:a");
  EXPECT_EQ(made->organizations, std::vector<std::string>{"system:nodes"});

  auto bad = cluster.server.get<CertificateSigningRequest>("", "bad");
  ASSERT_TRUE(bad);
  EXPECT_TRUE(bad->status.certificate.empty());
  EXPECT_EQ(bad->status.conditions.back().type, "Failed");
  EXPECT_EQ(bad->status.conditions.back().reason, "SignerValidationFailure");
}

TEST(CertificateRequests, GoOnceTheyAreSettledOrForgotten) {
  CertificateSigningRequest request;
  request.metadata.creation_timestamp = {1000, 0};
  EXPECT_EQ(csr::goes_at(request), 1000 + 24 * 3600);
  auto& condition = request.status.conditions.emplace_back();
  condition.last_update_time = {2000, 0};
  condition.type = "Denied";
  EXPECT_EQ(csr::goes_at(request), 2000 + 3600);
  condition.type = "Approved";  // waits for whoever signs
  EXPECT_EQ(csr::goes_at(request), std::numeric_limits<int64_t>::max());
  request.status.certificate = "signed";
  EXPECT_EQ(csr::goes_at(request), 2000 + 3600);
}

}  // namespace
}  // namespace controller
