#include "pki/jwt.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pki {
namespace {

Key make(Key::Algorithm algorithm) {
  return *Key::generate(algorithm);
}

class Jwt : public testing::TestWithParam<Key::Algorithm> {};

TEST_P(Jwt, WhatAKeySignedItsPublicHalfVerifies) {
  auto key = make(GetParam());
  auto token = *sign_jwt(R"({"sub":"x"})", key);
  auto verified = verify_jwt(token, {*Key::from_pem(key.public_pem())});
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(*verified, R"({"sub":"x"})");
}

TEST_P(Jwt, AnyOfSeveralKeysWillDo) {
  auto old_key = make(GetParam());
  auto new_key = make(GetParam());
  EXPECT_TRUE(verify_jwt(*sign_jwt("{}", old_key), {new_key, old_key}));
}

TEST_P(Jwt, AnotherKeysTokenIsRefused) {
  auto token = *sign_jwt("{}", make(GetParam()));
  EXPECT_EQ(verify_jwt(token, {make(GetParam())}).error().code(), base::Code::Unauthorized);
}

TEST_P(Jwt, EveryTruncationAndEveryChangedByteIsRefused) {
  auto key = make(GetParam());
  auto token = *sign_jwt(R"({"sub":"system:serviceaccount:a:b"})", key);
  for (size_t size = 0; size < token.size(); ++size) EXPECT_FALSE(verify_jwt(token.substr(0, size), {key})) << size;
  for (size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    // The last character of a part may hold bits that are not part of the bytes; a strict decoder refuses those too.
    EXPECT_FALSE(verify_jwt(changed, {key})) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Algorithms, Jwt, testing::Values(Key::Algorithm::EcdsaP256, Key::Algorithm::Rsa2048));

std::string forge(std::string_view header, std::string_view claims, std::string_view signature) {
  return base::cat(
      {base::base64url_encode(header), ".", base::base64url_encode(claims), ".", base::base64url_encode(signature)});
}

TEST(JwtAttack, UnsignedTokensAreRefused) {
  auto key = make(Key::Algorithm::Rsa2048);
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":""})", R"({})", R"({"typ":"JWT"})"}) {
    EXPECT_FALSE(verify_jwt(forge(header, "{}", ""), {key})) << header;
  }
}

TEST(JwtAttack, AHeaderCannotChooseAnotherAlgorithm) {
  auto key = make(Key::Algorithm::Rsa2048);
  auto token = *sign_jwt("{}", key);
  auto parts = base::split(token, '.');
  auto signature = *base::base64url_decode(parts[2]);
  for (const char* header : {R"({"alg":"HS256"})", R"({"alg":"ES256"})", R"({"alg":"RS256","alg":"none"})"}) {
    EXPECT_FALSE(verify_jwt(forge(header, "{}", signature), {key})) << header;
  }
}

TEST(JwtAttack, ThePublicKeyIsNoSecretForHmac) {
  // Key confusion: the token is "signed" with the public key as an HMAC secret. There is no HMAC here at all.
  auto key = make(Key::Algorithm::EcdsaP256);
  EXPECT_FALSE(verify_jwt(forge(R"({"alg":"HS256","kid":")" + key.id() + R"("})", "{}", key.public_pem()), {key}));
}

TEST(JwtAttack, AHugeTokenIsRefusedUnread) {
  EXPECT_FALSE(verify_jwt(std::string(1 << 20, 'a'), {make(Key::Algorithm::EcdsaP256)}));
}

TEST(JwtAttack, AHeaderThatWantsMoreUnderstoodIsRefused) {
  auto key = make(Key::Algorithm::EcdsaP256);
  EXPECT_FALSE(parse_jwt(forge(R"({"alg":"ES256","crit":["b64"],"b64":false})", "{}", "x")));
  EXPECT_TRUE(parse_jwt(forge(R"({"alg":"ES256","typ":"JWT"})", "{}", "x")));
}

TEST(Jwk, WhatIsWrittenIsReadAgain) {
  for (auto algorithm : {Key::Algorithm::EcdsaP256, Key::Algorithm::Rsa2048}) {
    auto key = make(algorithm);
    auto read = Key::from_jwk(key.jwk());
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->id(), key.id());
    EXPECT_TRUE(verify_jwt(*sign_jwt("{}", key), {*read}));
  }
}

TEST(Jwk, NonsenseIsRefused) {
  for (const char* text : {"", "[]", "{}", R"({"kty":"oct","k":"c2VjcmV0"})", R"({"kty":"RSA","n":"AQAB","e":"AQAB"})",
                           R"({"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"})",
                           R"({"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",)"
                           R"("y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})"}) {
    EXPECT_FALSE(Key::from_jwk(text)) << text;
  }
}

}  // namespace
}  // namespace pki
