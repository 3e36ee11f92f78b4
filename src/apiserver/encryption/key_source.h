// One way to seal values and to open what was sealed that way: a key of the configuration, or a key service.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "io/task.h"

namespace apiserver::encryption {

// Safe from any thread and on any loop.
class KeySource {
 public:
  struct Sealed {
    std::string text;
    std::string key;  // tells the keys of this source apart
  };

  virtual ~KeySource() = default;
  // How what it has sealed begins: "k8s:enc:aesgcm:v1:key1:".
  virtual const std::string& prefix() const = 0;
  // `path` is the key in the store. What comes out goes behind the prefix.
  virtual base::Result<Sealed> seal(std::string_view path, std::string_view value) const = 0;
  struct Opened {
    std::string value;
    std::string key;
  };
  // `text` is what stands behind the prefix, a slice that keeps its owner alive.
  virtual io::Task<base::Result<Opened>> open(std::string path, base::Bytes text) const = 0;
  // What seal() would name now; empty when it could not.
  virtual std::string current_key() const = 0;
};

enum class LocalCipher : uint8_t { AesCbc, AesGcm, Secretbox };
// "aescbc", and so on.
std::string_view cipher_name(LocalCipher cipher);
// `secret` has one of the lengths of the cipher.
std::shared_ptr<const KeySource> make_local_key(LocalCipher cipher, std::string_view name, std::string secret);

}  // namespace apiserver::encryption
