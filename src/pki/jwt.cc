#include "pki/jwt.h"

#include <openssl/ecdsa.h>

#include "base/strings.h"
#include "pki/openssl.h"

namespace pki {
namespace {

constexpr size_t kTokenBytesMax = 64 * 1024;
constexpr int kP256Bytes = 32;

// ES256 signatures are r and s, 32 bytes each (RFC 7518, 3.4); OpenSSL speaks DER.
std::string raw_from_der(const std::string& der) {
  auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  if (signature == nullptr) return {};
  std::string raw(2 * kP256Bytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, kP256Bytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + kP256Bytes, kP256Bytes);
  ECDSA_SIG_free(signature);
  return raw;
}

std::string der_from_raw(std::string_view raw) {
  if (raw.size() != 2 * kP256Bytes) return {};
  auto* in = reinterpret_cast<const unsigned char*>(raw.data());
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(in, kP256Bytes, nullptr), BN_bin2bn(in + kP256Bytes, kP256Bytes, nullptr));
  unsigned char* der = nullptr;
  int size = i2d_ECDSA_SIG(signature, &der);
  ECDSA_SIG_free(signature);
  std::string text(reinterpret_cast<char*>(der), size > 0 ? static_cast<size_t>(size) : 0);
  OPENSSL_free(der);
  return text;
}

bool signature_holds(std::string_view message, std::string_view signature, const Key& key) {
  std::string der = key.is_rsa() ? std::string(signature) : der_from_raw(signature);
  ContextPtr context(EVP_MD_CTX_new());
  bool holds = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.handle()) == 1 &&
               EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                                reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  ERR_clear_error();
  return holds;
}

// The value of "alg" in a header, read with no more trust than it deserves: both headers that fit are compared whole
// in meaning, so a header that says anything else about the algorithm finds no key.
bool header_names(std::string_view header, std::string_view algorithm) {
  auto at = header.find("\"alg\"");
  if (at == std::string_view::npos || header.find("\"alg\"", at + 1) != std::string_view::npos) return false;
  auto rest = base::trim(header.substr(at + 5));
  if (rest.empty() || rest.front() != ':') return false;
  rest = base::trim(rest.substr(1));
  return rest.size() > algorithm.size() + 1 && rest.front() == '"' && rest.substr(1, algorithm.size()) == algorithm &&
         rest[algorithm.size() + 1] == '"';
}

base::Error refused(std::string_view why) {
  return base::Error(base::Code::Unauthorized, base::cat({"invalid bearer token: ", why}));
}

}  // namespace

base::Result<std::string> sign_jwt(std::string_view claims_json, const Key& key) {
  auto header = base::cat({R"({"alg":")", key.is_rsa() ? "RS256" : "ES256", R"(","kid":")", key.id(), R"("})"});
  auto message = base::cat({base::base64url_encode(header), ".", base::base64url_encode(claims_json)});
  auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  ContextPtr context(EVP_MD_CTX_new());
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.handle()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()) != 1) {
    return base::fail(openssl_error(base::Code::Internal, "sign a token"));
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, message.size()) !=
      1) {
    return base::fail(openssl_error(base::Code::Internal, "sign a token"));
  }
  signature.resize(size);
  if (!key.is_rsa()) signature = raw_from_der(signature);
  return base::cat({message, ".", base::base64url_encode(signature)});
}

base::Result<std::string> verify_jwt(std::string_view token, const std::vector<Key>& keys) {
  if (token.size() > kTokenBytesMax) return base::fail(refused("too long"));
  auto parts = base::split(token, '.');
  if (parts.size() != 3) return base::fail(refused("not a signed JWT"));
  auto header = base::base64url_decode(parts[0]);
  auto claims = base::base64url_decode(parts[1]);
  auto signature = base::base64url_decode(parts[2]);
  if (!header || !claims || !signature) return base::fail(refused("not base64url"));
  std::string_view message = token.substr(0, parts[0].size() + 1 + parts[1].size());
  for (const Key& key : keys) {
    if (!header_names(*header, key.is_rsa() ? "RS256" : "ES256")) continue;
    if (signature_holds(message, *signature, key)) return *std::move(claims);
  }
  return base::fail(refused("no key of ours signed it"));
}

}  // namespace pki
