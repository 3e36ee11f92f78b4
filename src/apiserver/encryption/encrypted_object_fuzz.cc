// Any bytes may stand in the store after the prefix of a provider.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "apiserver/encryption/cipher.h"
#include "apiserver/encryption/encrypted_object.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace apiserver::encryption;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto object = EncryptedObject::from_protobuf(text)) {
    auto again = EncryptedObject::from_protobuf(object->to_protobuf());
    if (!again || again->data != object->data || again->key_id != object->key_id ||
        again->annotations != object->annotations || again->source_type != object->source_type) {
      abort();
    }
  }
  const std::string key(32, 'k');
  (void)cbc_open(key, text);
  // What is authenticated nobody makes without the key.
  if (gcm_open(key, text, "/registry/secrets/a/b") || secretbox_open(key, text) ||
      derived_gcm_open(key, text, "/registry/secrets/a/b")) {
    abort();
  }
  return 0;
}
