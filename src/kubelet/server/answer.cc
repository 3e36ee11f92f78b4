#include "kubelet/server/answer.h"

namespace kubelet {

void answer(io::ResponseWriter& writer, int status, std::string text, std::string_view type) {
  io::Headers headers;
  headers.add("content-type", type);
  headers.add("x-content-type-options", "nosniff");
  writer.send(status, std::move(headers), base::Bytes(std::move(text)));
}

namespace {

int status_of(const base::Error& error) {
  switch (error.code()) {
    case base::Code::Unauthorized:
      return 401;
    case base::Code::Forbidden:
      return 403;
    case base::Code::NotFound:
      return 404;
    case base::Code::BadRequest:
    case base::Code::Invalid:
      return 400;
    case base::Code::Unavailable:
      return 503;
    default:
      return 500;
  }
}

}  // namespace

void refuse(io::ResponseWriter& writer, const base::Error& error) {
  answer(writer, status_of(error), error.message());
}

}  // namespace kubelet
