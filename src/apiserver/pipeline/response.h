// The answer to one HTTP request: the headers that every answer has, warnings, compression, errors as Status. One loop;
// send anything once.
#pragma once

#include <string_view>

#include "apiserver/registry/call.h"
#include "apiserver/registry/served.h"
#include "base/bytes.h"
#include "base/result.h"
#include "io/http.h"

namespace apiserver {

class Response {
 public:
  Response(const io::Request& request, const Call& call, io::ResponseWriter& writer)
      : request_(request), call_(call), writer_(writer) {}

  void send(int status, std::string_view content_type, base::Bytes body, io::Headers more = {});
  // The same for what caches may keep.
  void send_public(int status, std::string_view content_type, base::Bytes body, io::Headers more);
  void send_text(int status, std::string_view text, io::Headers more = {});
  void send_error(const base::Error& error);
  // The head of an answer that is written piece by piece.
  void start(int status, std::string_view content_type, bool gzipped = false);
  io::ResponseWriter& writer() { return writer_; }

 private:
  io::Headers common(std::string_view content_type, std::string_view cache_control = "no-cache, private") const;

  const io::Request& request_;
  const Call& call_;
  io::ResponseWriter& writer_;
};

// Warnings as they are sent: bounded, for headers are.
std::vector<std::string> shortened(const std::vector<std::string>& warnings);
// A warning's text as a header shows it: `299 - "text"`.
std::string warning_header(std::string_view text);
// Warns of kinds that upstream advises against, and of versions whose definitions do; whether it is one.
bool warn_of_deprecation(const Served& served, Call& call);

}  // namespace apiserver
