#include "io/memory_stream.h"

namespace io {

namespace {

// One direction.
struct Pipe {
  std::string bytes;
  size_t bytes_max = 0;
  bool ended = false;   // by the writer
  bool broken = false;  // closed by either
  Event changed;
};

class MemoryStream final : public Stream {
 public:
  MemoryStream(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out) : in_(std::move(in)), out_(std::move(out)) {}
  ~MemoryStream() override { close(); }

  Task<base::Result<std::string>> read(size_t max) override {
    while (in_->bytes.empty() && !in_->ended && !in_->broken) {
      in_->changed.reset();
      co_await in_->changed.wait();
    }
    if (closed_) co_return base::fail(base::Code::Closed, "the stream is closed");
    std::string piece = in_->bytes.substr(0, max);
    in_->bytes.erase(0, piece.size());
    in_->changed.set();
    co_return piece;
  }

  Task<base::Result<void>> write(base::Bytes bytes) override {
    while (!out_->broken && out_->bytes.size() > out_->bytes_max) {
      out_->changed.reset();
      co_await out_->changed.wait();
    }
    if (out_->broken || out_->ended) co_return base::fail(base::Code::Closed, "the peer has closed the stream");
    out_->bytes += bytes.view();
    out_->changed.set();
    co_return base::Result<void>();
  }

  void finish() override {
    out_->ended = true;
    out_->changed.set();
  }

  void close() override {
    closed_ = true;
    for (Pipe* pipe : {in_.get(), out_.get()}) {
      pipe->broken = true;
      pipe->changed.set();
    }
  }

 private:
  std::shared_ptr<Pipe> in_, out_;
  bool closed_ = false;
};

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> memory_streams(size_t bytes_max) {
  auto there = std::make_shared<Pipe>();
  auto back = std::make_shared<Pipe>();
  there->bytes_max = back->bytes_max = bytes_max;
  return {std::make_unique<MemoryStream>(back, there), std::make_unique<MemoryStream>(there, back)};
}

}  // namespace io
