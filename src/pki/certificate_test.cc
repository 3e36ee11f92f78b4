#include "pki/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strings.h"
#include "pki/cluster.h"
#include "pki/openssl.h"

namespace pki {
namespace {

constexpr base::Time kNow{1'800'000'000, 0};
constexpr int64_t kHour = 3600;

CertificateOptions options(std::string name, int64_t from = -kHour, int64_t to = 24 * kHour) {
  CertificateOptions made{.common_name = std::move(name)};
  made.not_before = {kNow.seconds + from, 0};
  made.not_after = {kNow.seconds + to, 0};
  return made;
}

KeyPair authority(std::string name = "test-ca") {
  auto asked = options(std::move(name));
  asked.authority = true;
  return *make_authority(asked);
}

std::vector<std::string> chain(const std::string& pem) {
  auto bio = reading(pem);
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  unsigned char* der = nullptr;
  int size = i2d_X509(certificate.get(), &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return {bytes};
}

struct Certificates : testing::Test {
  KeyPair ca = authority();
  TrustBundle bundle = *TrustBundle::from_pem(ca.certificate_pem);
  KeyPair client(CertificateOptions asked) {
    asked.client = true;
    return *issue(ca, asked);
  }
};

TEST_F(Certificates, AClientIsItsNameAndItsOrganizations) {
  auto asked = options("jane");
  asked.organizations = {"dev", "ops,with comma"};
  auto verified = bundle.verify_client(chain(client(asked).certificate_pem), kNow);
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->common_name, "jane");
  EXPECT_EQ(verified->organizations, (std::vector<std::string>{"dev", "ops,with comma"}));
}

TEST_F(Certificates, AnotherAuthoritysClientIsRefused) {
  auto stranger = authority();  // the same name, another key
  auto asked = options("jane");
  asked.client = true;
  auto pair = *issue(stranger, asked);
  EXPECT_EQ(bundle.verify_client(chain(pair.certificate_pem), kNow).error().code(), base::Code::Unauthorized);
}

TEST_F(Certificates, OutsideItsTimeItIsRefused) {
  EXPECT_FALSE(bundle.verify_client(chain(client(options("late", -2 * kHour, -kHour)).certificate_pem), kNow));
  EXPECT_FALSE(bundle.verify_client(chain(client(options("early", kHour, 2 * kHour)).certificate_pem), kNow));
}

TEST_F(Certificates, AServersCertificateIsNoClients) {
  auto asked = options("server");
  asked.server = true;
  auto pair = *issue(ca, asked);
  EXPECT_FALSE(bundle.verify_client(chain(pair.certificate_pem), kNow));
}

TEST_F(Certificates, NonsenseIsRefused) {
  EXPECT_FALSE(bundle.verify_client({"not a certificate"}, kNow));
  EXPECT_FALSE(bundle.verify_client({}, kNow));
  EXPECT_FALSE(TrustBundle::from_pem("nothing here"));
  EXPECT_FALSE(read_request("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"));
}

TEST_F(Certificates, ARequestSaysWhatItWasMadeFor) {
  auto key = *Key::generate(Key::Algorithm::EcdsaP256);
  auto asked = options("system:node:a, really");
  asked.organizations = {"system:nodes"};
  asked.dns_names = {"a"};
  asked.ip_addresses = {"10.0.0.1"};
  auto read = read_request(*make_request(key, asked));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->common_name, asked.common_name);
  EXPECT_EQ(read->organizations, asked.organizations);
  EXPECT_EQ(read->dns_names, asked.dns_names);
  EXPECT_EQ(read->ip_addresses, asked.ip_addresses);
}

TEST_F(Certificates, AlternativeNamesAreKept) {
  auto asked = options("server");
  asked.server = true;
  asked.dns_names = {"kubernetes", "kubernetes.default"};
  asked.ip_addresses = {"10.96.0.1", "fd00::1"};
  auto info = *read_certificate(issue(ca, asked)->certificate_pem);
  EXPECT_EQ(info.dns_names, asked.dns_names);
  EXPECT_EQ(info.ip_addresses, asked.ip_addresses);
}

struct ClusterFiles : testing::Test {
  std::string folder = testing::TempDir() + "/pki-" + std::to_string(getpid());
  base::FakeClock clock{kNow.to_ns()};
  ~ClusterFiles() override { (void)base::remove_tree(folder); }
  ClusterOptions cluster_options() {
    return {.directory = folder,
            .node_name = "n1",
            .server_names = {},
            .server_addresses = {"10.0.0.1"},
            .node_addresses = {"10.0.0.1"}};
  }
};

TEST_F(ClusterFiles, ASecondStartFindsTheSameAuthorityAndCertificates) {
  auto first = *ensure_cluster(cluster_options(), clock);
  auto second = *ensure_cluster(cluster_options(), clock);
  EXPECT_EQ(first.authority.certificate_pem, second.authority.certificate_pem);
  EXPECT_EQ(first.api_server.certificate_pem, second.api_server.certificate_pem);
  EXPECT_EQ(first.service_account_key_pem, second.service_account_key_pem);
}

TEST_F(ClusterFiles, ANewAddressMakesANewServerCertificateUnderTheSameAuthority) {
  auto first = *ensure_cluster(cluster_options(), clock);
  auto moved = cluster_options();
  moved.server_addresses = {"10.0.0.9"};
  auto second = *ensure_cluster(moved, clock);
  EXPECT_EQ(first.authority.certificate_pem, second.authority.certificate_pem);
  EXPECT_NE(first.api_server.certificate_pem, second.api_server.certificate_pem);
}

TEST_F(ClusterFiles, CertificatesAreRenewedBeforeTheyExpire) {
  auto first = *ensure_cluster(cluster_options(), clock);
  clock.advance_ns(300LL * 24 * kHour * 1'000'000'000);
  auto second = *ensure_cluster(cluster_options(), clock);
  EXPECT_NE(first.api_server.certificate_pem, second.api_server.certificate_pem);
  EXPECT_GT(read_certificate(second.api_server.certificate_pem)->not_after,
            read_certificate(first.api_server.certificate_pem)->not_after);
}

TEST_F(ClusterFiles, PrivateKeysAreForTheirOwnerOnly) {
  ASSERT_TRUE(ensure_cluster(cluster_options(), clock));
  int keys = 0;
  for (const auto& name : *base::list_directory(folder)) {
    if (!name.ends_with(".key")) continue;
    struct stat status;
    ASSERT_EQ(stat((folder + "/" + name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
    ++keys;
  }
  EXPECT_EQ(keys, 7);
}

}  // namespace
}  // namespace pki
