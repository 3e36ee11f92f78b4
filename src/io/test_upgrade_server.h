// For tests: the HTTP/1.1 end of an upgrade over any Stream, just enough to call the code that accepts one.
#pragma once

#include <memory>
#include <string>

#include "base/strings.h"
#include "io/http.h"

namespace io::test {

class UpgradeWriter final : public ResponseWriter {
 public:
  explicit UpgradeWriter(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

  base::Result<std::unique_ptr<Stream>> upgrade(Headers headers) override {
    Scope task;  // done at once: nothing was written before
    task.spawn(write_head(*stream_, head(101, headers)));
    return std::move(stream_);
  }
  void send(int status, Headers headers, base::Bytes body) override {
    sent_ = head(status, headers) + std::string(body.view());
  }
  // What send() was given, over the stream.
  Task<void> flush() {
    if (!stream_) co_return;
    (void)co_await stream_->write(base::Bytes(sent_));
    stream_->finish();
  }
  void start(int, Headers) override {}
  Task<base::Result<void>> write(base::Bytes) override { co_return base::Result<void>(); }
  void finish() override {}
  bool is_closed() const override { return false; }
  Task<void> closed() override { co_return; }

 private:
  static Task<void> write_head(Stream& stream, std::string head) {
    (void)co_await stream.write(base::Bytes(std::move(head)));
  }
  static std::string head(int status, const Headers& headers) {
    std::string text = base::cat({"HTTP/1.1 ", std::to_string(status), " X\r\n"});
    for (const auto& field : headers.fields()) text += base::cat({field.name, ": ", field.value, "\r\n"});
    return text + "\r\n";
  }
  std::unique_ptr<Stream> stream_;
  std::string sent_;
};

// Reads a request's head.
inline Task<base::Result<Request>> read_request(Stream& stream) {
  std::string text;
  while (!text.ends_with("\r\n\r\n")) {
    CO_TRY(std::string piece, co_await stream.read(1));
    if (piece.empty()) co_return base::fail(base::Code::Closed, "no request");
    text += piece;
  }
  Request request;
  bool first = true;
  for (std::string_view line : base::split(text, '\n')) {
    line = base::trim(line);
    if (line.empty()) continue;
    if (first) {
      auto words = base::split(line, ' ');
      request.method = words[0];
      request.target = words[1];
    } else {
      size_t colon = line.find(':');
      request.headers.add(line.substr(0, colon), base::trim(line.substr(colon + 1)));
    }
    first = false;
  }
  co_return request;
}

}  // namespace io::test
