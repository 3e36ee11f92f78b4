// What upstream's KMS v2 keeps of a value: the message EncryptedObject.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace apiserver::encryption {

using Annotations = std::map<std::string, std::string, std::less<>>;

// How the source of a value's key is used.
enum class SourceType : uint8_t {
  Key = 0,   // the source is the key
  Seed = 1,  // each value's key is derived from it
};

struct EncryptedObject {
  std::string data;
  std::string key_id;            // of the service's key that encrypted the source
  std::string encrypted_source;  // as the service gave it
  Annotations annotations;       // likewise
  SourceType source_type = SourceType::Seed;

  std::string to_protobuf() const;
  // Internal for what is none, or breaks upstream's bounds.
  static base::Result<EncryptedObject> from_protobuf(std::string_view text);
  base::Result<void> check() const;
};

// What is wrong with a key id: "ok", "empty" or "too_long".
std::string_view key_id_complaint(std::string_view key_id);

}  // namespace apiserver::encryption
