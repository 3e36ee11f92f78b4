#include "cel/library/address_text.h"

#include "base/strings.h"

namespace cel::library {
namespace {

std::unexpected<base::Error> refuse(std::string message) {
  return base::fail(base::Code::BadRequest, std::move(message));
}

// What is wrong with an IPv4 address, "" when nothing is.
std::string ipv4_problem(std::string_view text) {
  std::vector<std::string_view> parts = base::split(text, '.');
  for (std::string_view part : parts) {
    if (part.empty()) return "IPv4 field must have at least one digit";
    if (part.find_first_not_of("0123456789") != std::string_view::npos) return "unexpected character";
    if (part.size() > 1 && part[0] == '0') return "IPv4 field has octet with leading zero";
    if (part.size() > 3 || *base::parse_int(part) > 255) return "IPv4 field has value >255";
  }
  if (parts.size() < 4) return "IPv4 address too short";
  return parts.size() > 4 ? "IPv4 address too long" : "";
}

}  // namespace

base::Result<base::IpAddress> parse_address(std::string_view text) {
  auto wrong = [&](std::string_view why) { return refuse(base::cat({"ParseAddr(", base::quote(text), "): ", why})); };
  bool v6 = text.find(':') != std::string_view::npos;
  if (text.find('%') != std::string_view::npos && v6) {
    return refuse(base::cat({"IP address ", base::quote(text), " with zone value is not allowed"}));
  }
  if (!v6) {
    if (text.find('.') == std::string_view::npos) return wrong("unable to parse IP");
    if (std::string problem = ipv4_problem(text); !problem.empty()) return wrong(problem);
  }
  std::optional<base::IpAddress> address = base::IpAddress::parse(text);
  if (!address) return wrong("unable to parse IP");
  if (v6 && address->is_v4()) {
    return refuse(base::cat({"IPv4-mapped IPv6 address ", base::quote(text), " is not allowed"}));
  }
  return *address;
}

base::Result<Network> parse_network(std::string_view text) {
  auto wrong = [&](std::string_view why) {
    return refuse(base::cat({"netip.ParsePrefix(", base::quote(text), "): ", why}));
  };
  size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return wrong("no '/'");
  std::string_view bits = text.substr(slash + 1);
  auto address = parse_address(text.substr(0, slash));
  if (!address) return std::unexpected(address.error());
  bool leading_zero = bits.size() > 1 && (bits[0] < '1' || bits[0] > '9');
  auto length = base::parse_int(bits);
  if (!length || leading_zero || bits[0] < '0' || bits[0] > '9')
    return wrong(base::cat({"bad bits after slash: ", base::quote(bits)}));
  if (*length > (address->is_v4() ? 32 : 128)) return wrong("prefix length out of range");
  return Network{*address, static_cast<int>(*length)};
}

}  // namespace cel::library
