#include "apiserver/authn/front_proxy.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "io/loop.h"

namespace apiserver {
namespace {

// The certificate's bytes out of its PEM.
std::string der(const std::string& pem) {
  auto begin = pem.find('\n') + 1;
  return *base::base64_decode(std::string_view(pem).substr(begin, pem.find("-----END") - begin));
}

struct FrontProxies : testing::Test {
  pki::CertificateOptions options(std::string name) {
    pki::CertificateOptions made;
    made.common_name = std::move(name);
    made.client = true;
    made.not_before = base::Time::from_ns(clock.wall_ns() - 1'000'000'000);
    made.not_after = base::Time::from_ns(clock.wall_ns() + 3600'000'000'000);
    return made;
  }
  pki::KeyPair authority(std::string name) {
    auto made = options(std::move(name));
    made.authority = true;
    return *pki::make_authority(made);
  }
  // Who is behind a request that a holder of `certificate` sends: "name uid groups", "nobody" or "refused".
  std::string who(const pki::KeyPair* certificate) {
    FrontProxyAuthenticator authenticator(
        {.authorities = *Authorities::from_pem(proxies.certificate_pem), .allowed_names = {"front"}}, clock);
    io::Peer peer;
    if (certificate != nullptr) peer.certificates_der = {der(certificate->certificate_pem)};
    auto user = loop->run_task(authenticator.authenticate(request, peer));
    if (!user) return "refused";
    if (!*user) return "nobody";
    return base::cat({(*user)->name, " ", (*user)->uid, " ", base::join((*user)->groups, ",")});
  }

  base::FakeClock clock;
  std::unique_ptr<io::Loop> loop = io::Loop::create_simulated(clock);
  pki::KeyPair proxies = authority("proxies");
  pki::KeyPair clients = authority("clients");
  io::Request request;
};

TEST_F(FrontProxies, AProxySaysWhoTheUserIs) {
  auto front = *pki::issue(proxies, options("front"));
  request.headers.add("x-remote-user", "ann");
  request.headers.add("x-remote-uid", "7");
  request.headers.add("x-remote-group", "dev");
  request.headers.add("x-remote-group", "ops");
  EXPECT_EQ(who(&front), "ann 7 dev,ops");
}

TEST_F(FrontProxies, HeadersOfAnybodyElseSayNothing) {
  request.headers.add("x-remote-user", "admin");
  request.headers.add("x-remote-group", "system:masters");
  EXPECT_EQ(who(nullptr), "nobody");
  auto client = *pki::issue(clients, options("front"));
  EXPECT_EQ(who(&client), "nobody");
  auto other = *pki::issue(proxies, options("other"));
  EXPECT_EQ(who(&other), "refused");
}

TEST_F(FrontProxies, AProxyThatNamesNobodyIsNobody) {
  auto front = *pki::issue(proxies, options("front"));
  request.headers.add("x-remote-group", "system:masters");
  EXPECT_EQ(who(&front), "nobody");
}

}  // namespace
}  // namespace apiserver
