// A SPDY session on any bytes, answering as a server does.
#include <algorithm>
#include <cstdint>

#include "io/spdy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  io::SpdySession session(data[0] & 1 ? io::SpdyRole::Client : io::SpdyRole::Server);
  if (data[0] & 2) session.open({});
  size_t step = 1 + data[1] % 64;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  while (!bytes.empty()) {
    if (!session.feed(bytes.substr(0, step))) return 0;
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (auto event = session.next()) {
      if (event->kind == io::SpdyEvent::Kind::Opened) session.reply(event->stream, event->headers);
      if (event->kind == io::SpdyEvent::Kind::Data) session.data(event->stream, event->data);
      if (event->kind == io::SpdyEvent::Kind::End) session.finish(event->stream);
    }
    session.take_output();
    if (session.streams() > io::kSpdyStreamsMax + 1) __builtin_trap();
  }
  return 0;
}
