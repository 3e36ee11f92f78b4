// Any bytes may come as a client's certificate, as a certificate request, or as a bundle of authorities.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/strings.h"
#include "pki/certificate.h"

namespace {

pki::CertificateOptions lasting(std::string name, bool authority) {
  pki::CertificateOptions options;
  options.common_name = std::move(name);
  options.authority = authority;
  options.client = !authority;
  options.not_before = {.seconds = 1'600'000'000};
  options.not_after = {.seconds = 1'900'000'000};
  return options;
}

std::string pem(std::string_view kind, std::string_view bytes) {
  return base::cat({"-----BEGIN ", kind, "-----\n", base::base64_encode(bytes), "\n-----END ", kind, "-----\n"});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto authority = pki::make_authority(lasting("authority", true)).value();
  static const auto bundle = pki::TrustBundle::from_pem(authority.certificate_pem).value();
  const base::Time now{.seconds = 1'700'000'000};
  std::string bytes(reinterpret_cast<const char*>(data), size);
  // Nothing that a fuzzer comes upon is signed by an authority whose key it does not have.
  if (bundle.verify_client({bytes}, now)) abort();
  if (bundle.verify_client({bytes.substr(0, size / 2), bytes.substr(size / 2)}, now)) abort();
  (void)pki::read_certificate(pem("CERTIFICATE", bytes));
  (void)pki::read_certificate(bytes);
  (void)pki::TrustBundle::from_pem(bytes);
  (void)pki::TrustBundle::from_pem(pem("CERTIFICATE", bytes));
  auto request = pem("CERTIFICATE REQUEST", bytes);
  if (pki::read_request(request)) (void)pki::sign_request(authority, request, lasting("x", false));
  return 0;
}
