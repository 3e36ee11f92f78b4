#include "pki/jwt.h"

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"
#include "pki/openssl.h"

namespace pki {
namespace {

constexpr size_t kTokenBytesMax = 64 * 1024;

struct Row {
  JwtAlgorithm algorithm;
  std::string_view name;
  const EVP_MD* (*digest)();
  std::string_view curve;  // of ES*; "" for RSA
  bool pss;
};
constexpr Row kAlgorithms[] = {{JwtAlgorithm::RS256, "RS256", EVP_sha256, "", false},
                               {JwtAlgorithm::RS384, "RS384", EVP_sha384, "", false},
                               {JwtAlgorithm::RS512, "RS512", EVP_sha512, "", false},
                               {JwtAlgorithm::ES256, "ES256", EVP_sha256, "P-256", false},
                               {JwtAlgorithm::ES384, "ES384", EVP_sha384, "P-384", false},
                               {JwtAlgorithm::ES512, "ES512", EVP_sha512, "P-521", false},
                               {JwtAlgorithm::PS256, "PS256", EVP_sha256, "", true},
                               {JwtAlgorithm::PS384, "PS384", EVP_sha384, "", true},
                               {JwtAlgorithm::PS512, "PS512", EVP_sha512, "", true}};

const Row& row_of(JwtAlgorithm algorithm) {
  return kAlgorithms[static_cast<size_t>(algorithm)];
}

// Signatures on curves are r and s, each as wide as the curve's numbers (RFC 7518, 3.4); OpenSSL speaks DER.
std::string raw_from_der(const std::string& der, size_t width) {
  auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  if (signature == nullptr) return {};
  std::string raw(2 * width, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, static_cast<int>(width));
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + width, static_cast<int>(width));
  ECDSA_SIG_free(signature);
  return raw;
}

std::string der_from_raw(std::string_view raw, size_t width) {
  if (width == 0 || raw.size() != 2 * width) return {};
  auto* in = reinterpret_cast<const unsigned char*>(raw.data());
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(in, static_cast<int>(width), nullptr),
                 BN_bin2bn(in + width, static_cast<int>(width), nullptr));
  unsigned char* der = nullptr;
  int size = i2d_ECDSA_SIG(signature, &der);
  ECDSA_SIG_free(signature);
  std::string text(reinterpret_cast<char*>(der), size > 0 ? static_cast<size_t>(size) : 0);
  OPENSSL_free(der);
  return text;
}

// Each member once: a header that says two things about the algorithm says nothing.
bool read_header(std::string_view json, std::string& algorithm, std::string& key_id) {
  base::JsonReader reader(json);
  if (!reader.enter_object()) return false;
  std::string_view key, text;
  std::vector<std::string> seen;
  while (reader.next_key(key)) {
    if (std::ranges::find(seen, key) != seen.end()) return false;
    seen.emplace_back(key);
    if (key == "alg") {
      if (!reader.read_string(text)) return false;
      algorithm = text;
    } else if (key == "kid") {
      if (!reader.read_string(text)) return false;
      key_id = text;
    } else if (key == "crit") {
      return false;  // extensions that must be understood (RFC 7515, 4.1.11); none is
    } else {
      reader.skip_value();
    }
  }
  return reader.finish().has_value();
}

base::Error refused(std::string_view why) {
  return base::Error(base::Code::Unauthorized, base::cat({"invalid bearer token: ", why}));
}

}  // namespace

std::optional<JwtAlgorithm> jwt_algorithm(std::string_view name) {
  for (const auto& row : kAlgorithms) {
    if (row.name == name) return row.algorithm;
  }
  return std::nullopt;
}

std::string_view jwt_algorithm_name(JwtAlgorithm algorithm) {
  return row_of(algorithm).name;
}

std::optional<JwtAlgorithm> own_algorithm(const Key& key) {
  if (key.is_rsa()) return JwtAlgorithm::RS256;
  auto curve = key.curve();
  for (const auto& row : kAlgorithms) {
    if (!curve.empty() && row.curve == curve) return row.algorithm;
  }
  return std::nullopt;
}

base::Result<Jwt> parse_jwt(std::string_view token) {
  if (token.size() > kTokenBytesMax) return base::fail(refused("too long"));
  auto parts = base::split(token, '.');
  if (parts.size() != 3) return base::fail(refused("not a signed JWT"));
  auto header = base::base64url_decode(parts[0]);
  auto claims = base::base64url_decode(parts[1]);
  auto signature = base::base64url_decode(parts[2]);
  if (!header || !claims || !signature) return base::fail(refused("not base64url"));
  Jwt made;
  std::string algorithm;
  if (!read_header(*header, algorithm, made.key_id)) return base::fail(refused("its header makes no sense"));
  auto known = jwt_algorithm(algorithm);
  if (!known) return base::fail(refused(base::cat({"unexpected signature algorithm ", base::quote(algorithm)})));
  made.algorithm = *known;
  made.claims = std::move(*claims);
  made.message = token.substr(0, parts[0].size() + 1 + parts[1].size());
  made.signature = std::move(*signature);
  return made;
}

bool is_signed_by(const Jwt& token, const Key& key) {
  const Row& row = row_of(token.algorithm);
  if (row.curve.empty() ? !key.is_rsa() : key.curve() != row.curve) return false;
  std::string signature = row.curve.empty() ? token.signature : der_from_raw(token.signature, key.number_bytes());
  ContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;  // the context's
  bool holds = EVP_DigestVerifyInit(context.get(), &settings, row.digest(), nullptr, key.handle()) == 1;
  if (row.pss) {
    holds = holds && EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_AUTO) == 1;
  }
  holds = holds &&
          EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                           reinterpret_cast<const unsigned char*>(token.message.data()), token.message.size()) == 1;
  ERR_clear_error();
  return holds;
}

base::Result<std::string> sign_jwt(std::string_view claims_json, const Key& key) {
  auto algorithm = own_algorithm(key);
  if (!algorithm) return base::fail(base::Code::BadRequest, "sign a token: no algorithm for this kind of key");
  auto header = base::cat({R"({"alg":")", jwt_algorithm_name(*algorithm), R"(","kid":")", key.id(), R"("})"});
  auto message = base::cat({base::base64url_encode(header), ".", base::base64url_encode(claims_json)});
  auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  ContextPtr context(EVP_MD_CTX_new());
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, row_of(*algorithm).digest(), nullptr, key.handle()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()) != 1) {
    return base::fail(openssl_error(base::Code::Internal, "sign a token"));
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, message.size()) !=
      1) {
    return base::fail(openssl_error(base::Code::Internal, "sign a token"));
  }
  signature.resize(size);
  if (!key.is_rsa()) signature = raw_from_der(signature, key.number_bytes());
  return base::cat({message, ".", base::base64url_encode(signature)});
}

base::Result<std::string> verify_jwt(std::string_view token, const std::vector<Key>& keys) {
  TRY(auto parsed, parse_jwt(token));
  for (const Key& key : keys) {
    if (own_algorithm(key) == parsed.algorithm && is_signed_by(parsed, key)) return std::move(parsed.claims);
  }
  return base::fail(refused("no key of ours signed it"));
}

}  // namespace pki
