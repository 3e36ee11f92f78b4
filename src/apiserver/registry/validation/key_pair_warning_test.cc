#include "apiserver/registry/validation/key_pair_warning.h"

#include <gtest/gtest.h>

#include "pki/certificate.h"

namespace apiserver {
namespace {

pki::KeyPair pair() {
  pki::CertificateOptions options;
  options.common_name = "a";
  options.not_before = base::Time{1000000000, 0};
  options.not_after = base::Time{4000000000, 0};
  return *pki::make_authority(options);
}

TEST(KeyPair, WhatDoesNotBelongTogetherIsNamed) {
  auto one = pair();
  auto other = pair();
  EXPECT_EQ(key_pair_problem(one.certificate_pem, one.key_pem), "");
  EXPECT_EQ(key_pair_problem(one.certificate_pem, other.key_pem), "tls: private key does not match public key");
  EXPECT_EQ(key_pair_problem("x", one.key_pem), "tls: failed to find any PEM data in certificate input");
  EXPECT_EQ(key_pair_problem(one.certificate_pem, "x"), "tls: failed to find any PEM data in key input");
  EXPECT_EQ(key_pair_problem(one.key_pem, one.certificate_pem),
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may "
            "have been "
            "switched");
  EXPECT_EQ(key_pair_problem(one.certificate_pem, one.certificate_pem),
            "tls: found a certificate rather than a key in the PEM for the private key");
}

}  // namespace
}  // namespace apiserver
