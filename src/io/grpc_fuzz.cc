// gRPC's framing and header texts on any bytes.
#include <algorithm>
#include <cstdint>

#include "io/grpc.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  io::parse_grpc_timeout(bytes);
  if (io::grpc_message_decode(io::grpc_message_encode(bytes)) != bytes) __builtin_trap();
  io::grpc_message_decode(bytes);
  io::GrpcParser parser(1024);
  size_t step = 1 + data[0] % 64;
  while (!bytes.empty()) {
    parser.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (;;) {
      auto message = parser.next();
      if (!message) return 0;
      if (!*message) break;
      if ((*message)->size() > 1024) __builtin_trap();
    }
  }
  return 0;
}
