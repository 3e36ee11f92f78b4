#include "pki/bootstrap_token.h"

#include <gtest/gtest.h>

namespace pki {
namespace {

using Data = BootstrapTokenSecret::Data;

const Data kData = {{"token-id", "abcdef"}, {"token-secret", "0123456789abcdef"}, {"usage-bootstrap-signing", "true"}};

TEST(BootstrapToken, IsSixAndSixteenSmallLettersAndDigits) {
  EXPECT_TRUE(parse_bootstrap_token("abcdef.0123456789abcdef"));
  for (const char* text :
       {"abcdef.0123456789abcde", "abcdef:0123456789abcdef", "ABCDEF.0123456789abcdef", "abcdef.0123456789abcde/", ""})
    EXPECT_FALSE(parse_bootstrap_token(text)) << text;
}

TEST(BootstrapToken, SecretIsNamedAndTypedByItsToken) {
  BootstrapTokenSecret secret("bootstrap-token-abcdef", kBootstrapTokenType, kData);
  ASSERT_TRUE(secret.token());
  EXPECT_EQ(secret.token()->secret, "0123456789abcdef");
  EXPECT_TRUE(secret.is_for("signing"));
  EXPECT_FALSE(secret.is_for("authentication"));
  EXPECT_FALSE(BootstrapTokenSecret("bootstrap-token-abcdef", "Opaque", kData).token());
  EXPECT_FALSE(BootstrapTokenSecret("bootstrap-token-ghijkl", kBootstrapTokenType, kData).token());
  Data bad = kData;
  bad["token-secret"] = "short";
  EXPECT_FALSE(BootstrapTokenSecret("bootstrap-token-abcdef", kBootstrapTokenType, bad).token());
}

TEST(BootstrapToken, EndsWhenItSays) {
  Data data = kData;
  BootstrapTokenSecret secret("bootstrap-token-abcdef", kBootstrapTokenType, data);
  EXPECT_FALSE(secret.time_left_ns(0));
  data["expiration"] = "1970-01-01T00:00:10Z";
  EXPECT_EQ(secret.time_left_ns(4'000'000'000), 6'000'000'000);
  data["expiration"] = "tomorrow";
  EXPECT_EQ(secret.time_left_ns(4'000'000'000), 0);
}

// Computed with another implementation (Python's hmac).
TEST(BootstrapToken, SignatureIsADetachedJws) {
  EXPECT_EQ(detached_signature("clusters: []\n", {"abcdef", "0123456789abcdef"}),
            "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..aiG7z8XWjjzLz3AwuhjgjACCUfWawXW2oX1uxgNWBSg");
}

}  // namespace
}  // namespace pki
