// X.509: certificates issued by our authorities, and the check of those that clients show.
// Rules: RFC 5280; names and groups as the Kubernetes documentation, "Authenticating", "X.509 client certificates".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "pki/key.h"

using X509 = struct x509_st;
using X509_STORE = struct x509_store_st;

namespace pki {

struct CertificateOptions {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;  // text form
  bool authority = false;
  bool client = false;  // extended key usage: client authentication
  bool server = false;  // and server authentication
  base::Time not_before;
  base::Time not_after;
};

// A certificate with the private key that belongs to it, as PEM.
struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};

// A certificate that signs itself.
base::Result<KeyPair> make_authority(const CertificateOptions& options);
// A certificate for a new key, signed by `authority`.
base::Result<KeyPair> issue(const KeyPair& authority, const CertificateOptions& options,
                            Key::Algorithm algorithm = Key::Algorithm::EcdsaP256);
// A certificate request (PEM) for a key of ours; what it asks for is subject and alternative names of `options`.
base::Result<std::string> make_request(const Key& key, const CertificateOptions& options);
// Signs the public key of a certificate request (PEM); subject and alternative names are the options'.
base::Result<std::string> sign_request(const KeyPair& authority, std::string_view request_pem,
                                       const CertificateOptions& options);

// What a certificate request asks for. Fails if its signature is not that of its own key.
base::Result<CertificateOptions> read_request(std::string_view request_pem);

// What a certificate says of itself; nothing is verified.
struct CertificateInfo {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  base::Time not_before;
  base::Time not_after;
  std::string sha256;  // of the DER, hex
};
base::Result<CertificateInfo> read_certificate(std::string_view pem);
// Whether `key` is the private half of the key in a certificate.
bool is_key_of(const Key& key, std::string_view certificate_pem);

// The authorities that we believe. Immutable; safe from any thread.
class TrustBundle {
 public:
  // One or more certificates as PEM.
  static base::Result<TrustBundle> from_pem(std::string_view pem);

  // The subject of a client's certificate chain (DER, leaf first), if it leads to one of the bundle's authorities, is
  // valid at `now`, and may be used by clients. Unauthorized otherwise.
  base::Result<CertificateInfo> verify_client(const std::vector<std::string>& chain_der, base::Time now) const;

 private:
  explicit TrustBundle(std::shared_ptr<X509_STORE> store) : store_(std::move(store)) {}
  std::shared_ptr<X509_STORE> store_;
};

}  // namespace pki
