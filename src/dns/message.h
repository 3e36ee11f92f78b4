// DNS messages: bytes to a query, an answer to bytes. RFC 1035, RFC 6891 (EDNS0). No sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace dns {

enum class Type : uint16_t { A = 1, Cname = 5, Soa = 6, Ptr = 12, Txt = 16, Aaaa = 28, Srv = 33, Opt = 41, Any = 255 };
enum class Code : uint8_t {
  NoError = 0,
  FormatError = 1,
  ServerFailure = 2,
  NameError = 3,
  NotImplemented = 4,
  Refused = 5
};

inline constexpr size_t kUdpSizeDefault = 512;
inline constexpr size_t kUdpSizeMax = 4096;
inline constexpr size_t kHeaderSize = 12;

struct Query {
  uint16_t id = 0;
  uint8_t operation = 0;  // 0: a plain query
  bool recursion_desired = false;
  std::string name;      // lower case, without the last dot; "" is the root
  std::string question;  // as sent: name, type, class; answers repeat it
  Type type = Type::A;
  uint16_t kind = 1;                         // class; 1 is the Internet
  bool extended = false;                     // it came with EDNS0
  size_t answer_size_max = kUdpSizeDefault;  // over UDP
};

struct Record {
  std::string name;
  Type type = Type::A;
  uint32_t ttl = 0;
  std::string data;  // on the wire
};

struct Answer {
  Code code = Code::NoError;
  bool authoritative = false;
  std::vector<Record> answers, authority, additional;
};

// BadRequest when it is no query that can be answered at all, not even with FormatError.
base::Result<Query> parse_query(std::string_view packet);
// An answer of at most `size_max` bytes; what does not fit is left out, and TC says so.
std::string encode(const Query& query, const Answer& answer, size_t size_max);

// The data of records.
std::string name_data(std::string_view name);
std::string address_data(const base::IpAddress& address);  // A or AAAA
std::string service_data(uint16_t priority, uint16_t weight, uint16_t port, std::string_view target);
std::string text_data(std::string_view text);
std::string authority_data(std::string_view zone, uint32_t serial, uint32_t ttl);  // SOA

}  // namespace dns
