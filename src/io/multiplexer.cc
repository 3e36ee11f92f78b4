#include "io/multiplexer.h"

#include <algorithm>

namespace io {

Task<void> Multiplexer::reader() {
  while (!error_) {
    while (unread_ > kUnreadBytesMax && !leaving_ && !error_) {
      wake_reader_.reset();
      co_await wake_reader_.wait();
    }
    auto piece = co_await transport_->read();
    if (!piece) {
      fail(piece.error());
      break;
    }
    if (piece->empty()) {
      fail({base::Code::Closed, "the peer has closed the connection"});
      break;
    }
    if (auto taken = take(*piece); !taken) {
      send_goodbye(&taken.error());
      leaving_ = true;
      wake_writer_.set();
      fail(taken.error());
      break;
    }
  }
  ended_.set();
}

Task<void> Multiplexer::writer() {
  for (;;) {
    while (unsent_.empty() && !leaving_) {
      wake_writer_.reset();
      co_await wake_writer_.wait();
    }
    if (unsent_.empty()) break;
    std::string bytes = std::move(unsent_.front());
    unsent_.pop_front();
    size_t size = bytes.size();
    auto sent = co_await transport_->write(base::Bytes(std::move(bytes)));
    unsent_bytes_ -= size;
    if (!sent) {
      fail(sent.error());
      transport_->close();
      sent_all_.set();
      co_return;
    }
    room_.set();
  }
  // The transport is not half-closed: Go's SPDY client drops what it has read and not yet handed on when the end comes.
  // The peer closes, now that it has been told.
  sent_all_.set();
}

void Multiplexer::close() {
  fail({base::Code::Closed, "the connection is closed"});
  transport_->close();
  ended_.set();
}

Task<void> Multiplexer::shut_down() {
  if (!error_ && !leaving_) send_goodbye(nullptr);
  leaving_ = true;
  wake_writer_.set();
  wake_reader_.set();
  if (co_await sent_all_.wait_for(kGoodbyeMax)) co_await ended_.wait_for(kGoodbyeMax);
  close();
}

void Multiplexer::queue(std::string_view bytes) {
  if (bytes.empty() || leaving_) return;
  if (unsent_.empty() || writes_ == Writes::Apart) {
    unsent_.emplace_back(bytes);
  } else {
    unsent_.back() += bytes;
  }
  unsent_bytes_ += bytes.size();
  wake_writer_.set();
}

Multiplexer::Inbound& Multiplexer::inbound(uint32_t stream) {
  auto& place = inbound_[stream];
  if (!place) {
    place = std::make_shared<Inbound>();
    if (error_) {
      place->ended = true;
      place->error = error_;
    }
  }
  return *place;
}

void Multiplexer::arrived(uint32_t stream, std::string_view bytes) {
  auto found = inbound_.find(stream);
  if (found == inbound_.end() || found->second->ended || leaving_) return;
  found->second->unread += bytes;
  unread_ += bytes.size();
  found->second->readable.set();
}

void Multiplexer::arrived_end(uint32_t stream) {
  auto found = inbound_.find(stream);
  if (found == inbound_.end()) return;
  found->second->ended = true;
  found->second->readable.set();
}

void Multiplexer::fail(base::Error error) {
  if (error_) return;
  error_ = std::move(error);
  for (auto& [stream, inbound] : inbound_) {
    if (!inbound->ended) inbound->error = error_;
    inbound->ended = true;
    inbound->readable.set();
  }
  room_.set();
  wake_reader_.set();
  failed();
}

Task<base::Result<void>> Multiplexer::room() {
  while (!error_ && unsent_bytes_ > kUnsentBytesMax) {
    room_.reset();
    co_await room_.wait();
  }
  if (error_) co_return base::fail(*error_);
  co_return base::Result<void>();
}

void Multiplexer::forget(uint32_t stream) {
  auto found = inbound_.find(stream);
  if (found == inbound_.end()) return;
  unread_ -= found->second->unread.size();
  inbound_.erase(found);
  wake_reader_.set();
}

std::unique_ptr<MultiplexedStream> Multiplexer::make_stream(uint32_t stream, Headers headers) {
  inbound(stream);
  return std::unique_ptr<MultiplexedStream>(new MultiplexedStream(shared_from_this(), stream, std::move(headers)));
}

MultiplexedStream::MultiplexedStream(std::shared_ptr<Multiplexer> owner, uint32_t id, Headers headers)
    : owner_(std::move(owner)), inbound_(owner_->inbound_[id]), id_(id), headers_(std::move(headers)) {}

MultiplexedStream::~MultiplexedStream() {
  close();
}

Task<base::Result<std::string>> MultiplexedStream::read(size_t max) {
  while (inbound_->unread.empty() && !inbound_->ended && !closed_) {
    inbound_->readable.reset();
    co_await inbound_->readable.wait();
  }
  if (closed_) co_return base::fail(base::Code::Closed, "the stream is closed");
  if (inbound_->unread.empty()) {
    if (inbound_->error) co_return base::fail(*inbound_->error);
    co_return std::string();
  }
  std::string piece;
  if (inbound_->unread.size() <= max) {
    piece = std::exchange(inbound_->unread, {});
  } else {
    piece = inbound_->unread.substr(0, max);
    inbound_->unread.erase(0, max);
  }
  owner_->unread_ -= piece.size();
  owner_->wake_reader_.set();
  co_return piece;
}

Task<base::Result<void>> MultiplexedStream::write(base::Bytes bytes) {
  if (closed_ || finished_) co_return base::fail(base::Code::Closed, "the stream is closed");
  CO_TRY(co_await owner_->room());
  owner_->send_data(id_, bytes.view());
  co_return co_await owner_->room();
}

void MultiplexedStream::finish() {
  if (closed_ || finished_) return;
  finished_ = true;
  owner_->send_end(id_);
}

void MultiplexedStream::close() {
  if (closed_) return;
  closed_ = true;
  inbound_->readable.set();
  owner_->send_reset(id_);
  owner_->forget(id_);
}

}  // namespace io
