#include "io/spdy_connection.h"

#include <deque>
#include <map>

namespace io {

class SpdyConnection::Session final : public Multiplexer {
 public:
  Session(std::unique_ptr<Stream> transport, SpdyRole role)
      : Multiplexer(std::move(transport)), role_(role), spdy_(role) {}

  Task<base::Result<std::unique_ptr<MultiplexedStream>>> open(Headers headers) {
    if (error()) co_return base::fail(*error());
    uint32_t id = spdy_.open(headers);
    if (id == 0) co_return base::fail(base::Code::Closed, "the peer takes no more streams");
    // The stream's object exists from now on, so that it is reset if this task is cancelled.
    auto stream = make_stream(id, std::move(headers));
    auto answer = std::make_shared<Answer>();
    answers_[id] = answer;
    flush();
    co_await answer->known.wait();
    if (error()) co_return base::fail(*error());
    if (answer->refused) co_return base::fail(base::Code::Unavailable, "the peer has refused the stream");
    co_return std::move(stream);
  }

  Task<base::Result<std::unique_ptr<MultiplexedStream>>> accept() {
    while (opened_.empty() && !error()) {
      opened_event_.reset();
      co_await opened_event_.wait();
    }
    if (opened_.empty()) co_return base::fail(*error());
    auto [id, headers] = std::move(opened_.front());
    opened_.pop_front();
    co_return make_stream(id, std::move(headers));
  }

 private:
  struct Answer {
    Event known;
    bool refused = false;
  };

  void flush() { queue(spdy_.take_output()); }

  base::Result<void> take(std::string_view bytes) override {
    auto fed = spdy_.feed(bytes);
    while (auto event = spdy_.next()) handle(*event);
    flush();
    return fed;
  }

  void handle(SpdyEvent& event) {
    switch (event.kind) {
      case SpdyEvent::Kind::Opened:
        if (role_ == SpdyRole::Client) {
          spdy_.reset(event.stream, kSpdyRefusedStream);
          return;
        }
        spdy_.reply(event.stream);
        inbound(event.stream);
        opened_.emplace_back(event.stream, std::move(event.headers));
        opened_event_.set();
        return;
      case SpdyEvent::Kind::Reply:
        settle(event.stream, false);
        return;
      case SpdyEvent::Kind::Data:
        arrived(event.stream, event.data);
        return;
      case SpdyEvent::Kind::End:
        arrived_end(event.stream);
        return;
      case SpdyEvent::Kind::Reset:
        // Go's server resets all streams when it closes a connection in good order, so this is no error.
        settle(event.stream, true);
        arrived_end(event.stream);
        return;
      case SpdyEvent::Kind::Pong:
      case SpdyEvent::Kind::GoAway:
        return;
    }
  }

  void settle(uint32_t stream, bool refused) {
    auto found = answers_.find(stream);
    if (found == answers_.end()) return;
    found->second->refused = refused;
    found->second->known.set();
    answers_.erase(found);
  }

  void send_data(uint32_t stream, std::string_view bytes) override {
    spdy_.data(stream, bytes);
    flush();
  }
  void send_end(uint32_t stream) override {
    spdy_.finish(stream);
    flush();
  }
  void send_reset(uint32_t stream) override {
    answers_.erase(stream);
    spdy_.reset(stream, kSpdyCancel);
    flush();
  }
  void send_goodbye(const base::Error*) override {
    spdy_.go_away();
    flush();
  }
  void failed() override {
    for (auto& [stream, answer] : answers_) answer->known.set();
    answers_.clear();
    opened_event_.set();
  }

  SpdyRole role_;
  SpdySession spdy_;
  std::map<uint32_t, std::shared_ptr<Answer>> answers_;  // to our open()s
  std::deque<std::pair<uint32_t, Headers>> opened_;      // by the peer, not accepted yet
  Event opened_event_;
};

SpdyConnection::SpdyConnection(std::unique_ptr<Stream> transport, SpdyRole role)
    : session_(std::make_shared<Session>(std::move(transport), role)) {
  tasks_.spawn(session_->reader());
  tasks_.spawn(session_->writer());
}

SpdyConnection::~SpdyConnection() {
  tasks_.cancel();
  session_->close();
}

Task<base::Result<std::unique_ptr<MultiplexedStream>>> SpdyConnection::open(Headers headers) {
  return session_->open(std::move(headers));
}

Task<base::Result<std::unique_ptr<MultiplexedStream>>> SpdyConnection::accept() {
  return session_->accept();
}

void SpdyConnection::close() {
  session_->close();
}

Task<void> SpdyConnection::shut_down() {
  return session_->shut_down();
}

Task<void> SpdyConnection::ended() {
  return session_->ended();
}

}  // namespace io
