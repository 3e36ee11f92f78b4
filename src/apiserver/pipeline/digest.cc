#include "apiserver/pipeline/digest.h"

#include <openssl/sha.h>

#include "base/strings.h"

namespace apiserver {

std::string sha256_label(std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return base::cat({"sha256:", base::hex_encode({reinterpret_cast<char*>(digest), sizeof digest})});
}

}  // namespace apiserver
