// What nobody who sends over TLS can fall below: OpenSSL and the kernel alone.
#pragma once

#include <cstddef>
#include <string>

namespace bench {

// Processor time in us of the sending thread for each of `rounds` events of `size` bytes on each of `connections`,
// `together` events in a write. Over loopback, to a reader that only takes. The certificate and key are PEM.
double bare_tls_us(const std::string& certificate, const std::string& key, size_t size, int connections, int together,
                   int rounds);

}  // namespace bench
