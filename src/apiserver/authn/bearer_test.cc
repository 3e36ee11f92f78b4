#include "apiserver/authn/bearer.h"

#include <gtest/gtest.h>

#include "apiserver/authn/token_issuer.h"
#include "base/random.h"
#include "base/strings.h"
#include "io/loop.h"
#include "pki/jwt.h"

namespace apiserver {
namespace {

constexpr const char* kIssuer = "https://kubernetes.default.svc";

struct Tokens : testing::Test {
  pki::Key key = *pki::Key::generate(pki::Key::Algorithm::EcdsaP256);
  base::FakeClock clock;
  base::SeededRandom random{1};
  std::unique_ptr<io::Loop> loop = io::Loop::create_simulated(clock);
  std::map<std::string, std::string> uids = {{"serviceaccounts/team/robot", "sa-uid"}, {"pods/team/web", "pod-uid"}};
  std::shared_ptr<KeyRing> ring = std::make_shared<KeyRing>(std::vector{key});
  TokenIssuer issuer{kIssuer, {kIssuer}, ring, clock, random};
  TokenVerifier verifier{{{kIssuer}, {kIssuer}, ring},
                         [this](std::string resource, std::string namespace_, std::string name) {
                           return find(base::cat({resource, "/", namespace_, "/", name}));
                         },
                         clock};

  io::Task<base::Result<std::optional<std::string>>> find(std::string path) {
    auto found = uids.find(path);
    if (found == uids.end()) co_return std::nullopt;
    co_return found->second;
  }
  TokenClaims claims() {
    TokenClaims made;
    made.namespace_ = "team";
    made.service_account = {"robot", "sa-uid"};
    return made;
  }
  std::string issue(TokenClaims of, int64_t seconds = 3600) { return issuer.issue(std::move(of), seconds)->token; }
  // The user, or "refused", or "unknown".
  std::string judge(std::string token, std::vector<std::string> audiences = {}) {
    auto verdict = loop->run_task(verifier.verify(std::move(token), std::move(audiences)));
    if (!verdict) return verdict.error().code() == base::Code::Unauthorized ? "refused" : verdict.error().message();
    return *verdict ? (*verdict)->user.name : "unknown";
  }
};

TEST_F(Tokens, AnIssuedTokenIsItsServiceAccount) {
  EXPECT_EQ(judge(issue(claims())), "system:serviceaccount:team:robot");
}

TEST_F(Tokens, GroupsAndPodAreTold) {
  auto bound = claims();
  bound.pod = {"web", "pod-uid"};
  auto verdict = *loop->run_task(verifier.verify(issue(bound), {}));
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->user.uid, "sa-uid");
  EXPECT_EQ(verdict->user.groups, (std::vector<std::string>{"system:serviceaccounts", "system:serviceaccounts:team"}));
  EXPECT_EQ(verdict->user.extra.at("authentication.kubernetes.io/pod-name"), std::vector<std::string>{"web"});
}

TEST_F(Tokens, AnExpiredTokenIsRefused) {
  auto token = issue(claims(), 600);
  clock.advance_ns(601LL * 1'000'000'000);
  EXPECT_EQ(judge(token), "refused");
}

TEST_F(Tokens, ATokenFromTheFutureIsRefused) {
  auto token = issue(claims());
  clock.step_wall_ns(-60LL * 1'000'000'000);
  EXPECT_EQ(judge(token), "refused");
}

TEST_F(Tokens, ATokenForOthersIsRefusedHereAndGoodThere) {
  auto other = claims();
  other.audiences = {"vault"};
  auto token = issue(other);
  EXPECT_EQ(judge(token), "refused");
  EXPECT_EQ(judge(token, {"vault"}), "system:serviceaccount:team:robot");
}

TEST_F(Tokens, ADeletedOrRemadeAccountTakesItsTokensAlong) {
  auto token = issue(claims());
  uids["serviceaccounts/team/robot"] = "another-uid";
  EXPECT_EQ(judge(token), "refused");
  uids.erase("serviceaccounts/team/robot");
  EXPECT_EQ(judge(token), "refused");
}

TEST_F(Tokens, ADeletedPodTakesItsTokensAlong) {
  auto bound = claims();
  bound.pod = {"web", "pod-uid"};
  auto token = issue(bound);
  uids.erase("pods/team/web");
  EXPECT_EQ(judge(token), "refused");
}

TEST_F(Tokens, AnotherKeysTokenIsRefused) {
  auto other = std::make_shared<KeyRing>(std::vector{*pki::Key::generate(pki::Key::Algorithm::EcdsaP256)});
  TokenIssuer stranger{kIssuer, {kIssuer}, other, clock, random};
  EXPECT_EQ(judge(stranger.issue(claims(), 3600)->token), "refused");
}

TEST_F(Tokens, ASubjectThatIsNotTheAccountIsRefused) {
  auto forged = claims();
  forged.issuer = kIssuer;
  forged.audiences = {kIssuer};
  forged.expires_at = clock.wall_ns() / 1'000'000'000 + 3600;
  forged.subject = "system:serviceaccount:kube-system:admin";
  EXPECT_EQ(judge(*pki::sign_jwt(encode_claims(forged), key)), "refused");
}

TEST_F(Tokens, WithoutAnExpiryItIsRefused) {
  auto eternal = claims();
  eternal.issuer = kIssuer;
  eternal.audiences = {kIssuer};
  eternal.subject = "system:serviceaccount:team:robot";
  EXPECT_EQ(judge(*pki::sign_jwt(encode_claims(eternal), key)), "refused");
}

TEST_F(Tokens, WhatIsNoTokenOfOursIsLeftToOthers) {
  EXPECT_EQ(judge("opaque"), "unknown");
}

TEST_F(Tokens, BrokenClaimsAreRefused) {
  for (const char* text : {R"("aud":7)", R"("exp":"soon")", R"("exp":-1)", R"("kubernetes.io":[])"}) {
    EXPECT_EQ(judge(*pki::sign_jwt(base::cat({R"({"iss":")", kIssuer, "\",", text, "}"}), key)), "refused") << text;
  }
  for (const char* text : {"", "[]", "{}", R"({"iss":7})"})
    EXPECT_EQ(judge(*pki::sign_jwt(text, key)), "unknown") << text;
}

TEST(StaticTokens, ALineIsAUser) {
  base::FakeClock clock;
  auto loop = io::Loop::create_simulated(clock);
  auto list = StaticTokenAuthenticator::from_csv("s3cret,ann,1,\"dev,ops\"\n# a comment\n");
  ASSERT_TRUE(list);
  io::Request request;
  request.headers.add("authorization", "Bearer s3cret");
  auto user = loop->run_task((*list)->authenticate(request, {}));
  ASSERT_TRUE(user && *user);
  EXPECT_EQ((*user)->name, "ann");
  EXPECT_EQ((*user)->groups, (std::vector<std::string>{"dev", "ops"}));
  request.headers.set("authorization", "Bearer s3cre");
  user = loop->run_task((*list)->authenticate(request, {}));
  EXPECT_FALSE(*user);
  EXPECT_FALSE(StaticTokenAuthenticator::from_csv("only-a-token"));
}

TEST_F(Tokens, KeysAreReplacedWithoutLosingWhatTheOldOneSigned) {
  auto before = issue(claims());
  auto next = *pki::Key::generate(pki::Key::Algorithm::Rsa2048);
  ring->replace({next, key});
  auto after = issue(claims());
  EXPECT_EQ(judge(before), "system:serviceaccount:team:robot");
  EXPECT_EQ(judge(after), "system:serviceaccount:team:robot");
  EXPECT_NE(issuer.key_set().find(key.id()), std::string::npos);
  EXPECT_NE(issuer.key_set().find(next.id()), std::string::npos);
  EXPECT_NE(issuer.discovery_document("https://a/keys").find(R"(["ES256","RS256"])"), std::string::npos);
  ring->replace({next});
  EXPECT_EQ(judge(before), "refused");
  EXPECT_EQ(judge(after), "system:serviceaccount:team:robot");
}

TEST(TokenKeys, TheFirstMustSignAndEachCountsOnce) {
  auto key = *pki::Key::generate(pki::Key::Algorithm::EcdsaP256);
  EXPECT_EQ(read_token_keys({key.private_pem(), key.public_pem()})->size(), 1U);
  EXPECT_FALSE(read_token_keys({key.public_pem()}));
  EXPECT_FALSE(read_token_keys({"nonsense"}));
}

}  // namespace
}  // namespace apiserver
