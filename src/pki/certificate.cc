#include "pki/certificate.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstring>
#include <ctime>

#include "base/strings.h"
#include "pki/openssl.h"

namespace pki {
namespace {

base::Error broken(std::string_view what) {
  return openssl_error(base::Code::Internal, what);
}

base::Result<X509Ptr> parse_certificate(std::string_view pem) {
  auto bio = reading(pem);
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate) return base::fail(openssl_error(base::Code::BadRequest, "read a certificate"));
  return certificate;
}

base::Result<RequestPtr> parse_request(std::string_view pem) {
  auto bio = reading(pem);
  RequestPtr request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  if (!request) return base::fail(openssl_error(base::Code::BadRequest, "read a certificate request"));
  return request;
}

std::string to_pem(X509* certificate) {
  auto bio = writing();
  PEM_write_bio_X509(bio.get(), certificate);
  return written(bio.get());
}

void add_name(X509_NAME* name, const char* field, const std::string& value) {
  X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                             static_cast<int>(value.size()), -1, 0);
}

base::Result<void> add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (extension == nullptr) return base::fail(broken("make a certificate extension"));
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return {};
}

void add_general_name(GENERAL_NAMES* names, int kind, const unsigned char* bytes, size_t size) {
  ASN1_STRING* text = kind == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
  ASN1_STRING_set(text, bytes, static_cast<int>(size));
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, kind, text);
  sk_GENERAL_NAME_push(names, name);
}

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

// Built from parts, not from text: a name with a comma in it must not become two. Null when there are none.
base::Result<NamesPtr> alternative_names(const CertificateOptions& options) {
  if (options.dns_names.empty() && options.ip_addresses.empty()) return NamesPtr();
  NamesPtr names(GENERAL_NAMES_new());
  for (const auto& name : options.dns_names) {
    add_general_name(names.get(), GEN_DNS, reinterpret_cast<const unsigned char*>(name.data()), name.size());
  }
  for (const auto& address : options.ip_addresses) {
    unsigned char bytes[16];
    if (inet_pton(AF_INET, address.c_str(), bytes) == 1) {
      add_general_name(names.get(), GEN_IPADD, bytes, 4);
    } else if (inet_pton(AF_INET6, address.c_str(), bytes) == 1) {
      add_general_name(names.get(), GEN_IPADD, bytes, 16);
    } else {
      return base::fail(base::Code::BadRequest, base::cat({"not an IP address: ", address}));
    }
  }
  return names;
}

base::Result<void> add_alternative_names(X509* certificate, const CertificateOptions& options) {
  TRY(auto names, alternative_names(options));
  if (names) X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT);
  return {};
}

// Makes and signs. `issuer` is the certificate itself for an authority that starts a chain.
base::Result<std::string> build(const CertificateOptions& options, EVP_PKEY* subject_key, X509* issuer,
                                EVP_PKEY* issuer_key) {
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  unsigned char serial[16];
  if (RAND_bytes(serial, sizeof serial) != 1) return base::fail(broken("make a serial number"));
  serial[0] &= 0x7f;
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), options.not_before.seconds);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), options.not_after.seconds);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  for (const auto& organization : options.organizations) add_name(name, "O", organization);
  add_name(name, "CN", options.common_name);
  if (issuer == nullptr) issuer = certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  X509_set_pubkey(certificate.get(), subject_key);

  TRY(add_extension(certificate.get(), issuer, NID_basic_constraints,
                    options.authority ? "critical,CA:TRUE" : "critical,CA:FALSE"));
  TRY(add_extension(certificate.get(), issuer, NID_key_usage,
                    options.authority ? "critical,digitalSignature,keyEncipherment,keyCertSign"
                                      : "critical,digitalSignature,keyEncipherment"));
  if (options.client || options.server) {
    TRY(add_extension(certificate.get(), issuer, NID_ext_key_usage,
                      options.client && options.server ? "serverAuth,clientAuth"
                      : options.client                 ? "clientAuth"
                                                       : "serverAuth"));
  }
  if (options.authority) TRY(add_extension(certificate.get(), issuer, NID_subject_key_identifier, "hash"));
  TRY(add_extension(certificate.get(), issuer, NID_authority_key_identifier, "keyid"));
  TRY(add_alternative_names(certificate.get(), options));
  if (X509_sign(certificate.get(), issuer_key, EVP_sha256()) == 0) return base::fail(broken("sign a certificate"));
  return to_pem(certificate.get());
}

base::Time to_time(const ASN1_TIME* time) {
  tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return {timegm(&parts), 0};
}

std::vector<std::string> name_entries(const X509_NAME* name, int id) {
  std::vector<std::string> values;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, id, at)) >= 0;) {
    unsigned char* text = nullptr;
    int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size >= 0) values.emplace_back(reinterpret_cast<char*>(text), static_cast<size_t>(size));
    OPENSSL_free(text);
  }
  return values;
}

void read_alternative_names(const GENERAL_NAMES* names, std::vector<std::string>& dns_names,
                            std::vector<std::string>& ip_addresses) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    int kind = 0;
    auto* text = static_cast<ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind));
    if (kind == GEN_DNS) {
      dns_names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                             static_cast<size_t>(ASN1_STRING_length(text)));
    } else if (kind == GEN_IPADD) {
      int family = ASN1_STRING_length(text) == 4 ? AF_INET : AF_INET6;
      char address[INET6_ADDRSTRLEN];
      if (inet_ntop(family, ASN1_STRING_get0_data(text), address, sizeof address)) ip_addresses.emplace_back(address);
    }
  }
}

CertificateInfo describe(X509* certificate) {
  CertificateInfo info;
  auto* name = X509_get_subject_name(certificate);
  auto common_names = name_entries(name, NID_commonName);
  if (!common_names.empty()) info.common_name = common_names.back();
  info.organizations = name_entries(name, NID_organizationName);
  NamesPtr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names) read_alternative_names(names.get(), info.dns_names, info.ip_addresses);
  info.not_before = to_time(X509_get0_notBefore(certificate));
  info.not_after = to_time(X509_get0_notAfter(certificate));
  unsigned char digest[SHA256_DIGEST_LENGTH];
  unsigned size = sizeof digest;
  X509_digest(certificate, EVP_sha256(), digest, &size);
  info.sha256 = base::hex_encode({reinterpret_cast<char*>(digest), size});
  return info;
}

}  // namespace

base::Result<KeyPair> make_authority(const CertificateOptions& options) {
  TRY(auto key, Key::generate(Key::Algorithm::EcdsaP256));
  TRY(auto pem, build(options, key.handle(), nullptr, key.handle()));
  return KeyPair{std::move(pem), key.private_pem()};
}

base::Result<KeyPair> issue(const KeyPair& authority, const CertificateOptions& options, Key::Algorithm algorithm) {
  TRY(auto issuer, parse_certificate(authority.certificate_pem));
  TRY(auto issuer_key, Key::from_pem(authority.key_pem));
  TRY(auto key, Key::generate(algorithm));
  TRY(auto pem, build(options, key.handle(), issuer.get(), issuer_key.handle()));
  return KeyPair{std::move(pem), key.private_pem()};
}

base::Result<std::string> make_request(const Key& key, const CertificateOptions& options) {
  RequestPtr request(X509_REQ_new());
  X509_NAME* name = X509_REQ_get_subject_name(request.get());
  for (const auto& organization : options.organizations) add_name(name, "O", organization);
  add_name(name, "CN", options.common_name);
  X509_REQ_set_pubkey(request.get(), key.handle());
  TRY(auto names, alternative_names(options));
  if (names) {
    STACK_OF(X509_EXTENSION)* extensions = nullptr;
    X509V3_add1_i2d(&extensions, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT);
    X509_REQ_add_extensions(request.get(), extensions);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  }
  if (X509_REQ_sign(request.get(), key.handle(), EVP_sha256()) == 0)
    return base::fail(broken("sign a certificate request"));
  auto bio = writing();
  PEM_write_bio_X509_REQ(bio.get(), request.get());
  return written(bio.get());
}

base::Result<std::string> sign_request(const KeyPair& authority, std::string_view request_pem,
                                       const CertificateOptions& options) {
  TRY(auto issuer, parse_certificate(authority.certificate_pem));
  TRY(auto issuer_key, Key::from_pem(authority.key_pem));
  TRY(auto request, parse_request(request_pem));
  PkeyPtr key(X509_REQ_get_pubkey(request.get()));
  if (!key) return base::fail(openssl_error(base::Code::BadRequest, "read the request's key"));
  return build(options, key.get(), issuer.get(), issuer_key.handle());
}

base::Result<CertificateOptions> read_request(std::string_view request_pem) {
  TRY(auto request, parse_request(request_pem));
  PkeyPtr key(X509_REQ_get_pubkey(request.get()));
  if (!key || X509_REQ_verify(request.get(), key.get()) != 1) {
    return base::fail(openssl_error(base::Code::BadRequest, "verify the request's signature"));
  }
  CertificateOptions asked;
  auto* name = X509_REQ_get_subject_name(request.get());
  auto common_names = name_entries(name, NID_commonName);
  if (!common_names.empty()) asked.common_name = common_names.back();
  asked.organizations = name_entries(name, NID_organizationName);
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request.get());
  NamesPtr names(static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
  if (names) read_alternative_names(names.get(), asked.dns_names, asked.ip_addresses);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  return asked;
}

base::Result<CertificateInfo> read_certificate(std::string_view pem) {
  TRY(auto certificate, parse_certificate(pem));
  return describe(certificate.get());
}

bool is_key_of(const Key& key, std::string_view certificate_pem) {
  auto certificate = parse_certificate(certificate_pem);
  return certificate && X509_check_private_key(certificate->get(), key.handle()) == 1;
}

base::Result<TrustBundle> TrustBundle::from_pem(std::string_view pem) {
  std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
  auto bio = reading(pem);
  int count = 0;
  while (X509Ptr certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(store.get(), certificate.get());
    ++count;
  }
  ERR_clear_error();  // the end of the text is an error to OpenSSL
  if (count == 0) return base::fail(base::Code::BadRequest, "no certificate in the CA bundle");
  return TrustBundle(std::move(store));
}

base::Result<CertificateInfo> TrustBundle::verify_client(const std::vector<std::string>& chain_der,
                                                         base::Time now) const {
  std::vector<X509Ptr> chain;
  std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> others(
      sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
  for (const auto& der : chain_der) {
    auto* at = reinterpret_cast<const unsigned char*>(der.data());
    X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (!certificate) return base::fail(openssl_error(base::Code::Unauthorized, "read the client's certificate"));
    if (!chain.empty()) sk_X509_push(others.get(), certificate.get());
    chain.push_back(std::move(certificate));
  }
  if (chain.empty()) return base::fail(base::Code::Unauthorized, "no client certificate");
  std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store_.get(), chain.front().get(), others.get());
  X509_STORE_CTX_set_time(context.get(), 0, now.seconds);
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT);
  if (X509_verify_cert(context.get()) != 1) {
    std::string why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
    ERR_clear_error();
    return base::fail(base::Code::Unauthorized, "client certificate: " + why);
  }
  return describe(chain.front().get());
}

}  // namespace pki
