// Public keys as JSON (RFC 7517, RFC 7518), read and written.
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"
#include "pki/key.h"
#include "pki/openssl.h"

namespace pki {
namespace {

constexpr size_t kRsaBytesMin = 128, kRsaBytesMax = 2048;  // of the modulus of a JWK

struct Curve {
  std::string_view name;     // of the JWK
  const char* openssl_name;  // "prime256v1"
  size_t number_bytes;
};
constexpr Curve kCurves[] = {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}};

const Curve* curve_of(EVP_PKEY* key) {
  char name[64];
  size_t size = 0;
  if (EVP_PKEY_is_a(key, "EC") != 1 || EVP_PKEY_get_group_name(key, name, sizeof name, &size) != 1) return nullptr;
  for (const auto& curve : kCurves) {
    if (std::string_view(name, size) == curve.openssl_name) return &curve;
  }
  return nullptr;
}

// The text members of a JWK that a public key is made of.
struct Jwk {
  std::string kty, crv, n, e, x, y;
};

base::Result<Jwk> read_jwk(std::string_view json) {
  Jwk jwk;
  base::JsonReader reader(json);
  std::string_view key, text;
  if (reader.enter_object()) {
    while (reader.next_key(key)) {
      std::string* target = key == "kty"   ? &jwk.kty
                            : key == "crv" ? &jwk.crv
                            : key == "n"   ? &jwk.n
                            : key == "e"   ? &jwk.e
                            : key == "x"   ? &jwk.x
                            : key == "y"   ? &jwk.y
                                           : nullptr;
      if (target == nullptr) {
        reader.skip_value();
      } else if (reader.read_string(text)) {
        *target = text;
      }
    }
  }
  TRY(reader.finish());
  return jwk;
}

// A public key of OpenSSL from its parts; null when they make none.
EVP_PKEY* made_of(const char* kind, OSSL_PARAM_BLD* parts) {
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(parts);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr);
  EVP_PKEY* key = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context) != 1 ||
      EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    key = nullptr;
  }
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  return key;
}

BIGNUM* number_of(const std::string& bytes) {
  return BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr);
}

EVP_PKEY* rsa_key(const std::string& modulus, const std::string& exponent) {
  BIGNUM* n = number_of(modulus);
  BIGNUM* e = number_of(exponent);
  OSSL_PARAM_BLD* parts = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, n);
  OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, e);
  EVP_PKEY* key = made_of("RSA", parts);
  OSSL_PARAM_BLD_free(parts);
  BN_free(n);
  BN_free(e);
  return key;
}

EVP_PKEY* curve_key(const Curve& curve, const std::string& x, const std::string& y) {
  std::string point = base::cat({"\x04", x, y});  // uncompressed (SEC 1, 2.3.3)
  OSSL_PARAM_BLD* parts = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, curve.openssl_name, 0);
  OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  EVP_PKEY* key = made_of("EC", parts);
  OSSL_PARAM_BLD_free(parts);
  return key;
}

std::string number_part(EVP_PKEY* key, const char* name, int width) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return {};
  std::string bytes(static_cast<size_t>(width > 0 ? width : BN_num_bytes(number)), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  BN_free(number);
  return base::base64url_encode(bytes);
}

}  // namespace

base::Result<Key> Key::from_jwk(std::string_view json) {
  TRY(auto jwk, read_jwk(json));
  EVP_PKEY* handle = nullptr;
  if (jwk.kty == "RSA") {
    TRY(auto modulus, base::base64url_decode(jwk.n));
    TRY(auto exponent, base::base64url_decode(jwk.e));
    if (modulus.size() < kRsaBytesMin || modulus.size() > kRsaBytesMax || exponent.empty() || exponent.size() > 8)
      return base::fail(base::Code::BadRequest, "an RSA key of a size that is not taken");
    handle = rsa_key(modulus, exponent);
  } else if (jwk.kty == "EC") {
    const auto* curve = std::ranges::find(kCurves, std::string_view(jwk.crv), &Curve::name);
    if (curve == std::end(kCurves)) return base::fail(base::Code::BadRequest, "a curve that is not known");
    TRY(auto x, base::base64url_decode(jwk.x));
    TRY(auto y, base::base64url_decode(jwk.y));
    if (x.size() != curve->number_bytes || y.size() != curve->number_bytes)
      return base::fail(base::Code::BadRequest, "a point that is not on its curve");
    handle = curve_key(*curve, x, y);
  }
  if (handle == nullptr) return base::fail(openssl_error(base::Code::BadRequest, "read a JWK"));
  return Key(handle);
}

std::string_view Key::curve() const {
  const auto* curve = curve_of(handle());
  return curve != nullptr ? curve->name : std::string_view();
}

size_t Key::number_bytes() const {
  const auto* curve = curve_of(handle());
  return curve != nullptr ? curve->number_bytes : 0;
}

std::string Key::jwk() const {
  if (is_rsa()) {
    return base::cat({R"({"use":"sig","kty":"RSA","kid":")", id(), R"(","alg":"RS256","n":")",
                      number_part(handle(), OSSL_PKEY_PARAM_RSA_N, 0), R"(","e":")",
                      number_part(handle(), OSSL_PKEY_PARAM_RSA_E, 0), R"("})"});
  }
  std::string_view curve = this->curve();
  int width = static_cast<int>(number_bytes());
  std::string_view algorithm = curve == "P-384" ? "ES384" : curve == "P-521" ? "ES512" : "ES256";
  return base::cat({R"({"use":"sig","kty":"EC","kid":")", id(), R"(","crv":")", curve, R"(","alg":")", algorithm,
                    R"(","x":")", number_part(handle(), OSSL_PKEY_PARAM_EC_PUB_X, width), R"(","y":")",
                    number_part(handle(), OSSL_PKEY_PARAM_EC_PUB_Y, width), R"("})"});
}

}  // namespace pki
