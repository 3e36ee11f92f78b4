// The WebSocket parser on any bytes: it never reads outside them, and never holds more than its limit.
#include <cstdint>

#include "io/websocket.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  io::WebSocketParser parser(data[0] & 1 ? io::WebSocketRole::Client : io::WebSocketRole::Server, 4096);
  size_t step = 1 + data[1] % 64;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  while (!bytes.empty()) {
    parser.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (;;) {
      auto message = parser.next();
      if (!message) return 0;
      if (!*message) break;
      if ((*message)->payload.size() > 4096) __builtin_trap();
    }
  }
  return 0;
}
