// Keys and certificates made on the spot, for tests only.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>

namespace io {

struct TestCertificate {
  std::string certificate_pem;
  std::string key_pem;
};

// A P-256 certificate for `name`, valid for a day. `names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1".
// Signed by `authority`, or by itself (and then an authority).
inline TestCertificate make_test_certificate(const std::string& name, const std::string& names = {},
                                             const TestCertificate* authority = nullptr,
                                             const std::string& organization = {}) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  static long serial = 1;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  auto text = [](const std::string& value) { return reinterpret_cast<const unsigned char*>(value.c_str()); };
  if (!organization.empty()) X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, text(organization), -1, -1, 0);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text(name), -1, -1, 0);
  EVP_PKEY* signing_key = key;
  X509* issuer = certificate;
  if (authority != nullptr) {
    BIO* bio = BIO_new_mem_buf(authority->certificate_pem.data(), static_cast<int>(authority->certificate_pem.size()));
    issuer = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    bio = BIO_new_mem_buf(authority->key_pem.data(), static_cast<int>(authority->key_pem.size()));
    signing_key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
  }
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto extend = [&](int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  };
  extend(NID_basic_constraints, authority == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!names.empty()) extend(NID_subject_alt_name, names);
  X509_sign(certificate, signing_key, EVP_sha256());

  auto contents = [](BIO* bio) {
    char* data;
    long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<size_t>(size));
    BIO_free(bio);
    return text;
  };
  TestCertificate made;
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  made.certificate_pem = contents(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  made.key_pem = contents(bio);
  if (authority != nullptr) {
    X509_free(issuer);
    EVP_PKEY_free(signing_key);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
  return made;
}

}  // namespace io
