// ip() and what can be asked of addresses.

#include "cel/library/ips.h"

#include "base/strings.h"
#include "cel/library/address_text.h"
#include "cel/library/libraries.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

Value refused(const Value& text, const base::Error& error) {
  return Value::error(base::cat(
      {"IP Address ", base::quote(text.as_string()), " parse error during conversion from string: ", error.message()}));
}
Value parse(Arguments a) {
  auto address = parse_address(a[0].as_string());
  return address ? IpHolder::wrap(*address) : refused(a[0], address.error());
}
Value is_ip(Arguments a) {
  return Value::of_bool(parse_address(a[0].as_string()).has_value());
}
Value is_canonical(Arguments a) {
  auto address = parse_address(a[0].as_string());
  if (!address) return refused(a[0], address.error());
  return Value::of_bool(address->to_string() == a[0].as_string());
}
Value to_string(Arguments a) {
  return Value::of_string(IpHolder::in(a[0]).to_string());
}
Value family(Arguments a) {
  return Value::of_int(IpHolder::in(a[0]).is_v4() ? 4 : 6);
}

template <bool (base::IpAddress::*kAsk)() const>
Value ask(Arguments a) {
  return Value::of_bool((IpHolder::in(a[0]).*kAsk)());
}
Value is_global_unicast(Arguments a) {
  const base::IpAddress& address = IpHolder::in(a[0]);
  bool broadcast = address.is_v4() && address.v4_value() == 0xffffffff;
  return Value::of_bool(!broadcast && !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() &&
                        !address.is_link_local_unicast());
}

}  // namespace

const TypeRef& ip_type() {
  static const TypeRef type = opaque_type("net.IP");
  return type;
}

void add_ips(Functions& f) {
  f.global("ip", "string_to_ip", {string_type()}, ip_type(), parse, CallCost::ParseFirst);
  f.global("isIP", "is_ip", {string_type()}, bool_type(), is_ip, CallCost::ParseFirst);
  f.global("ip.isCanonical", "ip_is_canonical", {string_type()}, bool_type(), is_canonical, CallCost::ParseTwice);
  f.global("string", "ip_to_string", {ip_type()}, string_type(), to_string);
  f.member("family", "ip_family", {ip_type()}, int_type(), family);
  f.member("isUnspecified", "ip_is_unspecified", {ip_type()}, bool_type(), ask<&base::IpAddress::is_unspecified>);
  f.member("isLoopback", "ip_is_loopback", {ip_type()}, bool_type(), ask<&base::IpAddress::is_loopback>);
  f.member("isLinkLocalMulticast", "ip_is_link_local_multicast", {ip_type()}, bool_type(),
           ask<&base::IpAddress::is_link_local_multicast>);
  f.member("isLinkLocalUnicast", "ip_is_link_local_unicast", {ip_type()}, bool_type(),
           ask<&base::IpAddress::is_link_local_unicast>);
  f.member("isGlobalUnicast", "ip_is_global_unicast", {ip_type()}, bool_type(), is_global_unicast);
}

}  // namespace cel::library
