// Any text may come as a token, as a key set's key, or as a PEM file.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/strings.h"
#include "pki/jwt.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto key = pki::Key::generate(pki::Key::Algorithm::EcdsaP256).value();
  static const auto rsa = pki::Key::generate(pki::Key::Algorithm::Rsa2048).value();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  // Nothing that a fuzzer comes upon is signed by a key that it does not have.
  if (pki::verify_jwt(text, {key, rsa})) abort();
  if (auto read = pki::Key::from_jwk(text)) {
    if (!pki::Key::from_jwk(read->jwk())) abort();
    (void)pki::verify_jwt(text, {*read});
  }
  (void)pki::Key::from_pem(text);
  // The parts of a token, past their encoding.
  auto header = text.substr(0, size / 2);
  auto signature = text.substr(size / 2);
  auto token = base::cat({base::base64url_encode(header), ".e30.", base::base64url_encode(signature)});
  if (auto parsed = pki::parse_jwt(token)) {
    if (pki::is_signed_by(*parsed, key) || pki::is_signed_by(*parsed, rsa)) abort();
  }
  return 0;
}
