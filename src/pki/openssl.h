// Owners for OpenSSL's objects. Private to this folder.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pki {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using ContextPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

inline BioPtr reading(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}
inline BioPtr writing() {
  return BioPtr(BIO_new(BIO_s_mem()));
}
inline std::string written(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

// What OpenSSL last complained about, and its queue emptied.
inline base::Error openssl_error(base::Code code, std::string_view what) {
  char text[160] = "unknown error";
  if (unsigned long number = ERR_peek_last_error()) ERR_error_string_n(number, text, sizeof text);
  ERR_clear_error();
  return base::Error(code, std::string(what) + ": " + text);
}

}  // namespace pki
