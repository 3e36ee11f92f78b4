#include "dns/forward.h"

#include "dns/message.h"
#include "dns/udp.h"
#include "io/loop.h"
#include "io/transport.h"

namespace dns {
namespace {

constexpr auto kAnswerTime = std::chrono::seconds(2);
constexpr int kRounds = 2;

using Reply = base::Result<std::string>;

// Id and question alike: the question is everything up to the records.
bool answers(std::string_view reply, std::string_view sent, size_t question_size) {
  size_t size = kHeaderSize + question_size;
  return reply.size() >= size && reply.substr(0, 2) == sent.substr(0, 2) &&
         (static_cast<uint8_t>(reply[2]) & 0x80) != 0 &&
         reply.substr(kHeaderSize, question_size) == sent.substr(kHeaderSize, question_size);
}

io::Task<Reply> ask_datagram(std::string packet, size_t question_size, io::Address resolver) {
  io::Event arrived;
  std::string reply;
  auto received = [&](std::string_view bytes, const sockaddr_storage&, socklen_t) {
    if (!reply.empty() || !answers(bytes, packet, question_size)) return;
    reply = bytes;
    arrived.set();
  };
  CO_TRY(auto socket, UdpSocket::connect(resolver, received));
  socket->send(packet);
  co_await arrived.wait();
  co_return reply;
}

io::Task<Reply> ask_stream(std::string packet, size_t question_size, io::Address resolver) {
  CO_TRY(auto transport, co_await io::connect(resolver));
  MessageStream stream(io::make_stream(std::move(transport)));
  CO_TRY(co_await stream.write(packet));
  CO_TRY(auto reply, co_await stream.read());
  if (!answers(reply, packet, question_size)) co_return base::fail(base::Code::Unavailable, "not the answer");
  co_return reply;
}

}  // namespace

io::Task<base::Result<std::string>> MessageStream::read() {
  for (;;) {
    if (pending_.size() >= 2) {
      size_t size = static_cast<size_t>(static_cast<uint8_t>(pending_[0])) << 8 | static_cast<uint8_t>(pending_[1]);
      if (pending_.size() >= size + 2) {
        auto message = pending_.substr(2, size);
        pending_.erase(0, size + 2);
        co_return message;
      }
    }
    CO_TRY(auto more, co_await stream_->read());
    if (more.empty()) co_return std::string();
    pending_ += more;
  }
}

io::Task<base::Result<void>> MessageStream::write(std::string message) {
  std::string framed{static_cast<char>(message.size() >> 8 & 0xff), static_cast<char>(message.size() & 0xff)};
  co_return co_await stream_->write(base::Bytes(framed + message));
}

io::Task<Reply> forward(std::string packet, const std::vector<io::Address>& resolvers, bool stream,
                        base::Random& random) {
  auto query = parse_query(packet);
  if (!query) co_return base::fail(query.error());
  std::string id = packet.substr(0, 2);
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& resolver : resolvers) {
      uint64_t fresh = random.next();
      packet[0] = static_cast<char>(fresh & 0xff);
      packet[1] = static_cast<char>(fresh >> 8 & 0xff);
      auto ask = stream ? ask_stream(packet, query->question.size(), resolver)
                        : ask_datagram(packet, query->question.size(), resolver);
      auto reply = co_await io::with_timeout(kAnswerTime, std::move(ask));
      if (!reply || !*reply) continue;
      co_return (*reply)->replace(0, 2, id);
    }
  }
  co_return base::fail(base::Code::Unavailable, "no resolver answers");
}

}  // namespace dns
