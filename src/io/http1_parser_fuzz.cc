// Any bytes, cut anywhere, give the same events as the bytes in one piece, and never more body than input.
#include <cstdlib>

#include "io/http1_parser.h"

namespace {

std::string events(io::Http1Parser::Kind kind, std::string_view input, size_t step) {
  using Event = io::Http1Parser::Event;
  io::Http1Parser parser(kind, 512, 8);
  std::string said;
  size_t body = 0;
  for (size_t at = 0; at < input.size(); at += step) {
    std::string_view piece = input.substr(at, step);
    for (;;) {
      size_t before = piece.size();
      Event event = parser.next(piece);
      if (piece.size() > before) abort();
      if (event == Event::NeedMore) {
        if (!piece.empty()) abort();
        break;
      }
      if (event == Event::Failed) return said + "F" + std::to_string(parser.error_status());
      if (event == Event::Head) {
        const auto& headers =
            kind == io::Http1Parser::Kind::Request ? parser.request().headers : parser.response().headers;
        said += "H" + parser.request().method + std::to_string(headers.fields().size());
      }
      if (event == Event::Body) body += parser.body().size();
      if (event == Event::End) {
        said += "E" + std::to_string(body);
        parser.next_message();
        if (piece.empty()) break;
      }
    }
    if (body > input.size()) abort();
  }
  return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  for (auto kind : {io::Http1Parser::Kind::Request, io::Http1Parser::Kind::Response}) {
    auto whole = events(kind, input, size + 1);
    if (whole != events(kind, input, 1) || whole != events(kind, input, 7)) abort();
  }
  return 0;
}
