#include "io/tls_names.h"

#include <gtest/gtest.h>

namespace io {
namespace {

TEST(TlsNames, SuitesAreNamedAsGoNamesThem) {
  EXPECT_EQ(*tls_ciphers({"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"}),
            "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305");
  EXPECT_EQ(*tls_ciphers({"TLS_AES_128_GCM_SHA256"}), "");
  EXPECT_EQ(tls_ciphers({"TLS_WITH_LUCK"}).error().message(),
            "Cipher suite TLS_WITH_LUCK not supported or doesn't exist");
}

TEST(TlsNames, VersionsBeforeTwelveAreTwelve) {
  EXPECT_EQ(*tls_version(""), 12);
  EXPECT_EQ(*tls_version("VersionTLS10"), 12);
  EXPECT_EQ(*tls_version("VersionTLS13"), 13);
  EXPECT_FALSE(tls_version("TLS13"));
}

}  // namespace
}  // namespace io
