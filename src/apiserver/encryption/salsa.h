// XSalsa20, the stream cipher of secretbox (D. J. Bernstein, "Extending the Salsa20 nonce"). OpenSSL does not have it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace apiserver::encryption {

// The first `count` bytes of the stream of a key of 32 bytes and a nonce of 24.
std::string xsalsa20_stream(std::string_view key, std::string_view nonce, size_t count);

}  // namespace apiserver::encryption
