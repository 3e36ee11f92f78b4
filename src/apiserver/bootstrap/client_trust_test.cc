#include "apiserver/bootstrap/client_trust.h"

#include <gtest/gtest.h>

#include "api/core_v1.h"
#include "apiserver/testing_server.h"
#include "pki/certificate.h"

namespace apiserver {
namespace {

std::string authority(const std::string& name, int64_t until_seconds = 4'000'000'000) {
  pki::CertificateOptions options;
  options.common_name = name;
  options.authority = true;
  options.not_before = {1'000'000'000, 0};
  options.not_after = {until_seconds, 0};
  std::string pem = pki::make_authority(options)->certificate_pem;
  return pem.ends_with('\n') ? pem : pem + "\n";
}

constexpr base::Time kNow{2'000'000'000, 0};

TEST(CombinedTrust, WhatOtherServersHavePutThereStays) {
  std::string ours = authority("ours");
  std::string theirs = authority("theirs");
  auto all = combined_trust({{"client-ca-file", theirs}, {"requestheader-allowed-names", R"(["a","b"])"}, {"x", "y"}},
                            {{"client-ca-file", ours}, {"requestheader-allowed-names", R"(["b","c"])"}}, kNow);
  EXPECT_EQ(all["client-ca-file"], theirs + ours);
  EXPECT_EQ(all["requestheader-allowed-names"], R"(["a","b","c"])");
  EXPECT_EQ(all["x"], "y");
  EXPECT_EQ(combined_trust(all, {{"client-ca-file", ours}}, kNow), all);
}

TEST(CombinedTrust, WhatHasExpiredAndWhatIsNoCertificateGoes) {
  std::string ours = authority("ours");
  std::string stale = authority("stale", 1'500'000'000);
  std::string noise = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_EQ(combined_trust({{"client-ca-file", stale + noise}}, {{"client-ca-file", ours}}, kNow)["client-ca-file"],
            ours);
}

class ClientTrustTest : public testing::Test {
 protected:
  ClientTrustTest() { server_.send("POST", "/api/v1/namespaces", R"({"metadata":{"name":"kube-system"}})"); }
  std::map<std::string, std::string> told() {
    auto map = server_.loop().run_task(server_.server().registry().reader().get<api::core_v1::ConfigMap>(
        "kube-system", "extension-apiserver-authentication"));
    return map ? std::map<std::string, std::string>(map->data.begin(), map->data.end())
               : std::map<std::string, std::string>();
  }
  template <class Condition>
  void await(Condition condition) {
    while (!condition())
      server_.loop().run_task([]() -> io::Task<void> { co_await io::sleep(std::chrono::milliseconds(1)); }());
  }

  TestServer server_;
  ClientTrust trust_{server_.server().registry(),
                     {.names = {"proxy"}, .user = {"X-User"}, .group = {"X-Group"}, .extra_prefixes = {"X-Extra-"}}};
};

TEST_F(ClientTrustTest, ItIsKeptAsItShouldBe) {
  std::string first = authority("first");
  std::string second = authority("second");
  trust_.set(first, "");
  ASSERT_TRUE(server_.loop().run_task(trust_.write()));
  EXPECT_EQ(told(), (std::map<std::string, std::string>{{"client-ca-file", first}}));
  io::Scope scope;
  scope.spawn(trust_.run());
  trust_.set(second, first);
  await([&] { return told().contains("requestheader-client-ca-file"); });
  EXPECT_EQ(told()["client-ca-file"], first + second);
  EXPECT_EQ(told()["requestheader-client-ca-file"], first);
  EXPECT_EQ(told()["requestheader-allowed-names"], R"(["proxy"])");
  EXPECT_EQ(told()["requestheader-username-headers"], R"(["X-User"])");
  EXPECT_EQ(told()["requestheader-extra-headers-prefix"], R"(["X-Extra-"])");
  server_.send("DELETE", "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication");
  await([&] { return told()["client-ca-file"] == second; });
}

}  // namespace
}  // namespace apiserver
