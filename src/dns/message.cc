#include "dns/message.h"

#include <algorithm>

#include "base/strings.h"

namespace dns {
namespace {

constexpr uint16_t kResponse = 0x8000, kAuthoritative = 0x0400, kTruncated = 0x0200, kRecursionDesired = 0x0100,
                   kRecursionAvailable = 0x0080;
constexpr size_t kLabelMax = 63, kNameMax = 255;
constexpr uint16_t kQuestionAt = 0xc000 | kHeaderSize;  // a pointer to the question's name

uint16_t read16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 | static_cast<uint8_t>(bytes[at + 1]));
}
void put16(std::string& out, size_t value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}
void put32(std::string& out, uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

// Reads a name without pointers, which a question has no use for. Moves `at` past it.
std::optional<std::string> read_name(std::string_view packet, size_t& at) {
  std::string name;
  for (;;) {
    if (at >= packet.size()) return std::nullopt;
    size_t length = static_cast<uint8_t>(packet[at++]);
    if (length == 0) return base::to_lower(name);
    if (length > kLabelMax || at + length > packet.size() || name.size() + length + 2 > kNameMax) return std::nullopt;
    if (!name.empty()) name += '.';
    name += packet.substr(at, length);
    at += length;
  }
}

// Moves past a name in the records behind the question.
bool skip_name(std::string_view packet, size_t& at) {
  while (at < packet.size()) {
    size_t length = static_cast<uint8_t>(packet[at]);
    if (length >= 0xc0) return (at += 2) <= packet.size();
    at += length + 1;
    if (length == 0) return at <= packet.size();
  }
  return false;
}

void put_record(std::string& out, const Query& query, const Record& record) {
  if (record.name == query.name) {
    put16(out, kQuestionAt);
  } else {
    out += name_data(record.name);
  }
  put16(out, static_cast<uint16_t>(record.type));
  put16(out, 1);
  put32(out, record.ttl);
  put16(out, record.data.size());
  out += record.data;
}

}  // namespace

base::Result<Query> parse_query(std::string_view packet) {
  auto wrong = [](std::string text) { return base::fail(base::Code::BadRequest, std::move(text)); };
  if (packet.size() < kHeaderSize) return wrong("shorter than a header");
  uint16_t flags = read16(packet, 2);
  if (flags & kResponse) return wrong("not a query");
  Query query;
  query.id = read16(packet, 0);
  query.operation = static_cast<uint8_t>(flags >> 11 & 0xf);
  query.recursion_desired = flags & kRecursionDesired;
  if (read16(packet, 4) != 1) return wrong("not one question");
  size_t at = kHeaderSize;
  auto name = read_name(packet, at);
  if (!name || at + 4 > packet.size()) return wrong("a broken question");
  query.name = std::move(*name);
  query.type = static_cast<Type>(read16(packet, at));
  query.kind = read16(packet, at + 2);
  at += 4;
  query.question = packet.substr(kHeaderSize, at - kHeaderSize);
  int records = read16(packet, 6) + read16(packet, 8) + read16(packet, 10);
  for (; records > 0; --records) {
    if (!skip_name(packet, at) || at + 10 > packet.size()) break;
    if (read16(packet, at) == static_cast<uint16_t>(Type::Opt)) {
      query.extended = true;
      query.answer_size_max = std::clamp<size_t>(read16(packet, at + 2), kUdpSizeDefault, kUdpSizeMax);
    }
    at += 10 + read16(packet, at + 8);
  }
  return query;
}

std::string encode(const Query& query, const Answer& answer, size_t size_max) {
  constexpr size_t kOptSize = 11;
  size_t limit = size_max - (query.extended ? kOptSize : 0);
  std::string body = query.question;
  bool truncated = false;
  size_t counts[3] = {};
  const std::vector<Record>* sections[] = {&answer.answers, &answer.authority, &answer.additional};
  for (size_t i = 0; i < 3 && !truncated; ++i) {
    for (const auto& record : *sections[i]) {
      size_t before = body.size();
      put_record(body, query, record);
      if (kHeaderSize + body.size() > limit) {
        body.resize(before);
        truncated = i < 2;  // what is merely helpful may be left out in silence
        break;
      }
      ++counts[i];
    }
  }
  std::string out;
  put16(out, query.id);
  put16(out, kResponse | (query.operation & 0xf) << 11 | (answer.authoritative ? kAuthoritative : 0) |
                 (truncated ? kTruncated : 0) | (query.recursion_desired ? kRecursionDesired : 0) |
                 kRecursionAvailable | static_cast<uint16_t>(answer.code));
  put16(out, query.question.empty() ? 0 : 1);
  put16(out, counts[0]);
  put16(out, counts[1]);
  put16(out, counts[2] + (query.extended ? 1 : 0));
  out += body;
  if (query.extended) {
    out += '\0';
    put16(out, static_cast<uint16_t>(Type::Opt));
    put16(out, kUdpSizeMax);
    put32(out, 0);
    put16(out, 0);
  }
  return out;
}

std::string name_data(std::string_view name) {
  std::string out;
  if (!name.empty()) {
    for (auto label : base::split(name, '.')) {
      label = label.substr(0, kLabelMax);
      out += static_cast<char>(label.size());
      out += label;
    }
  }
  out += '\0';
  return out;
}

std::string address_data(const base::IpAddress& address) {
  const auto& bytes = address.bytes();
  size_t from = address.is_v4() ? 12 : 0;
  return std::string(reinterpret_cast<const char*>(bytes.data()) + from, 16 - from);
}

std::string service_data(uint16_t priority, uint16_t weight, uint16_t port, std::string_view target) {
  std::string out;
  put16(out, priority);
  put16(out, weight);
  put16(out, port);
  return out + name_data(target);
}

std::string text_data(std::string_view text) {
  text = text.substr(0, 255);
  return static_cast<char>(text.size()) + std::string(text);
}

std::string authority_data(std::string_view zone, uint32_t serial, uint32_t ttl) {
  std::string out = name_data(base::cat({"ns.dns.", zone})) + name_data(base::cat({"hostmaster.", zone}));
  for (uint32_t value : {serial, 7200u, 1800u, 86400u, ttl}) put32(out, value);
  return out;
}

}  // namespace dns
