// Tokens of every algorithm, made with another implementation.

#include <gtest/gtest.h>

#include "pki/jwt.h"

namespace pki {
namespace {

constexpr const char* kP256 =
    R"({"kty":"EC","crv":"P-256","x":"mtKDAFCunUenbuBGoBK9QlLQOF-1-k7fyaLOVkbP6PQ","y":"_od8ye-4kdEv-ou0afP)"
    R"(jaDUFkOu_S5Gq7uza2qkEKzk"})";
constexpr const char* kP384 =
    R"({"kty":"EC","crv":"P-384","x":"F2vr_LpNhJbPXtlfOTQ3aM00FflFv3Ge59PZtvJBCgKCTbSZSHTdWhCnEiuHkrng","y")"
    R"(:"NKah1Do8uvIQ66GBitFfNHYsFaQSgKWZMONeUVIdXlKJ_Xjns7ZGaxf3SIU_DTIt"})";
constexpr const char* kP521 =
    R"({"kty":"EC","crv":"P-521","x":"AUxr-S1SgNLYmzXQuqEy5fE0itniVBYHEgPEgU1S_PtcXmkzwjC9HiTIi-FdxlEX12Zd6)"
    R"(j2BFjL3m7RCypJyUzj5","y":"AGr2V2kM2psBxaRKZ_k6GOU8Qo8CXYN5ee-GLurD5zsbDSH1WtwIxJFfAgoJuj07R-PU0kOc88)"
    R"(IW1-ufxv87Pb-X"})";
constexpr const char* kRsa =
    R"({"kty":"RSA","n":"ueHRb8le3skr9G5iFzvNAA9X-F1Xt4plzX26cc1MiI7Ge12txlL7d2_e5UpTZ7GzkXkFuwjahBSf33HrlA)"
    R"(iCId1JIHL4shuvVQfJ7M-Hzzsofzxl15Mmsh7yFb5b6K42twQe3_hO1uTPKEznP-6hAFcMRzbg-52cG1e-IOwKjsP4NujViPzBho)"
    R"(ScGKAFsJaPpo7QB993pHstobjD-TwizJ_GKH9ux6GNmaDG_abE0zABgJ3z_spwSekVvuB4Ksx5h2bLQRRD3gg_lOA00TA08IJfHJ)"
    R"(__uvCn-gv8bFgXqfFr0YTSgwOAop5_7EDQNnbnapihEUjPrJhkvJreU4IjkQ","e":"AQAB"})";

struct Vector {
  JwtAlgorithm algorithm;
  const char* key;
  const char* token;
};
const Vector kVectors[] = {
    {JwtAlgorithm::RS256, kRsa,
     "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.fLGYNKJzSDP7CieAUKax_oaylqaJZGjktbhvVBVDYxH1YQ3QB3FetaQM22kdnH_"
     "3n7FZXCtyM-nmgI97ASb2v1Uf40OnvXjpix0d8lSHikj_3XD2LU-i1vLhUDDgBAXx34v6n4K_Xz61ZkWfjLTskL2iq4gFNoRnc9g"
     "O4pHwDzoPtWaUH4MxnsGeDzf2kKfGdIY0wHlZyqj64PBh61Ayufs43N5_sqkYoygVJXjCSP1dMke47qeQibzoPZcqOUSifuxubrN"
     "iAWIpndIh8ELU2Xu0E7bzXMQtbDhl4jvf4NsTdeZorRSD8DMyHIgfmNq41t2M33_ap3vAQVvUaLoN5g"},
    {JwtAlgorithm::RS384, kRsa,
     "eyJhbGciOiJSUzM4NCJ9.eyJzdWIiOiJ4In0.TxSVmc7jS0NrneUzbvHs9xUnDeuY22izZ03OPUna52QeXP5egBBP1LCHajirNwx"
     "BIubQ7657UCWGH46k0csTNa8glGfmFj8koPcm_dSl_kP2X_XNAQic09LJj25R0eiy4fnES8DkADOrOMWOTPMkgsSqxP_ltWc9I4z"
     "dBzK0Sp4mb8kTTud4wkMnVgExsQd2n5AXm1MDcQsMcDoMnP4M6UAPbttEqFL4DgSTYgamCiEqD9951evDF2ipwu4q-8yxvxcKzSA"
     "9hTKqDMSq09nJ0rEMyA7l4Ayxe4wgUkS2zyGgT5tQZ7CmlCToFvQg2PHKLe5JOLT_GmnuYxuh9d-j7g"},
    {JwtAlgorithm::RS512, kRsa,
     "eyJhbGciOiJSUzUxMiJ9.eyJzdWIiOiJ4In0.mGP5jUFnQaYKn3AsV6wwOmggySv3ZMAqIcmNjTzkBrtQ36iQp6ZJaLA8Jus4jxb"
     "bY-ISsYG2jLxvQPMUKHYaX47fu5ge2bTBz92DMTTiD_CBNLx5z9ZoWuvPcIx4IFP4zCUcj9uF_NjSWZgSrs5lSfr_-9YNdXYSy0G"
     "yKGTSYvme2hyOfLx0gBi9bDPs7h3M4HuXhq12wTmegfQtLVwp21k4NwAxn_Cqgf9khOFuilAIGi48fIoyYDFT7Uk66frTmXeR3-C"
     "HKT8-ZzwrY74G4E5MUPavZ-evDPMKFlkHfndNnBR28y86b6U2SJylEI19ciRPfu4JDvqGEu1cQkzIDg"},
    {JwtAlgorithm::PS256, kRsa,
     "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJ4In0.nZyRgmLtlicpA2cXkXZC8M1FJf5L9Ka1GusW7CV34a9z1petJFPXk_SfEMNDMc1"
     "PflAZIfeto8-VimPmMkVJlNukcvdgpwCaZd9SlvJYEYCk-Q5n8mptfRLuV74zh62i6ejTSrDdl_v9MYV-gtxGiwypd9agiJ0EKhi"
     "wiA6uDq2ymP42aLL7eS2xnfwctgnIi9cfYlY9JO_FctjNcW0qSZf7A1SyiXMixTrr6FC3jSwGaaqP7g-7kFM72soZOi43BsP10_O"
     "c9olr5uBD0S-DYVFqgCYdKJPZxn3bcROn9mZjvxrN-7apwaCwzJW6ALNTPOtPyFbf9M4OGc-QQoZMaQ"},
    {JwtAlgorithm::PS384, kRsa,
     "eyJhbGciOiJQUzM4NCJ9.eyJzdWIiOiJ4In0.Y_rYCw7hsBO9S8IPSXCYUh0AKw2yQ_nCrT4W1FF_pKPxsI2Z6HYW2rZ1bi3_bJ6"
     "mRbFR5sZXRehqxGSjkHmSux-WSNOh_8ZrVm1EM2CyPU-ZsCYQAnz01-49ObqQMW3e_Ay3kt4LyIXz0-mqkHT4tRLR1NeYZM82BYm"
     "6L-i3wH4eJUN1hX4V0VtDaNZVzYXFZXlWHPRJhe7K2heCrZr9jBnUL_7PLG3afbj1W8Q3G0wbBFMqV91ahvmb89K1mMqXL6IP3ty"
     "S830k48eWaxOlKuta0Ii-TVU11lpQPQ5MoEcAZ-A-K0xWrgQdj91oLmAuTSqhwraaWDNd7oJZFWAZrw"},
    {JwtAlgorithm::PS512, kRsa,
     "eyJhbGciOiJQUzUxMiJ9.eyJzdWIiOiJ4In0.QnFpOopvLBUX4OR_azBRnua4VV7Q8zVWBelBD2j3JOF_kc-Ot6PRxcw8NsV7Sfo"
     "9jLbAZBggrODOWKMS3NHNqzSx2wpcgXGGjbrsGz-QrRvXkD5JtZ2oFTOnqzlxKlBrrHY3RWn-NWH3eM2EvDSR0hIByFaYR3x2Vc7"
     "k6JBlaG7ZNP0ch9o2JrfYQQ14l7XQz1rGwem3zrmEgmE2MmIfxtCcdNuDOKy9Mibxq3FJy3QpDAbvMVEXyJ3iYemf7dgdI0_3Efs"
     "8VW-cfJlidV4cJQtcevwQT1Q6PYczC2jX1xtlEO9pT_xBUtWxzmtVzICeyYHyhUgBCZuPnmd6M9Ao3w"},
    {JwtAlgorithm::ES256, kP256,
     "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.lDKV8Xi-TsFyVd67HuZAHhVrkNFtKSopD9Xvi0Zm1Hwsb1zUSPsb_0bp-yZUoWA"
     "2GKQOAjQA1tp1HK1Fn4VM_Q"},
    {JwtAlgorithm::ES384, kP384,
     "eyJhbGciOiJFUzM4NCJ9.eyJzdWIiOiJ4In0.9CMAse2OcD59LsHa1x9UcfohghsZ8Xh0x8UBN9ZgYmSFoLs8qerUKQwLQwDmJ0e"
     "e-fSrRzti9-NeGeZoPIn3YG35cT8yX2PL17jxOg_OQht-frBWU1G4-Owpj2xXQtBd"},
    {JwtAlgorithm::ES512, kP521,
     "eyJhbGciOiJFUzUxMiJ9.eyJzdWIiOiJ4In0.AWHh75fqKAE991Tl7Tc6wdnZBEoyhG72rFBBE0o1s7ca0yxgvEYKyt18iAnl0bg"
     "2PYCW4yzYFaeIZ14zuW-Jf1QRAVePLn4wSbArhR5kIjGRbXPfbW4ALgWwiKMjEJlgjr9nsqM8LvAqp-guHa3ug_PysgFJ9T5jCr8"
     "Jk-tEJ7f8nx0G"},
};

TEST(JwtVectors, EveryAlgorithmIsVerified) {
  for (const auto& [algorithm, key, token] : kVectors) {
    auto parsed = parse_jwt(token);
    ASSERT_TRUE(parsed) << token;
    EXPECT_EQ(parsed->algorithm, algorithm);
    EXPECT_EQ(parsed->claims, R"({"sub":"x"})");
    EXPECT_TRUE(is_signed_by(*parsed, *Key::from_jwk(key))) << jwt_algorithm_name(algorithm);
  }
}

TEST(JwtVectors, ASignatureHoldsUnderItsAlgorithmAndKeyOnly) {
  for (const auto& [algorithm, key, token] : kVectors) {
    for (const auto& [other, other_key, other_token] : kVectors) {
      if (other == algorithm) continue;
      auto parsed = *parse_jwt(token);
      parsed.algorithm = other;
      EXPECT_FALSE(is_signed_by(parsed, *Key::from_jwk(other_key)));
      EXPECT_FALSE(is_signed_by(parsed, *Key::from_jwk(key)));
    }
    auto changed = *parse_jwt(token);
    changed.message.back() ^= 1;
    EXPECT_FALSE(is_signed_by(changed, *Key::from_jwk(key)));
  }
}

}  // namespace
}  // namespace pki
