// cidr() and what can be asked of networks.

#include "base/strings.h"
#include "cel/library/address_text.h"
#include "cel/library/ips.h"
#include "cel/library/libraries.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;
using CidrHolder = Holder<Network, cidr_type>;

Value parse(Arguments a) {
  auto network = parse_network(a[0].as_string());
  if (!network)
    return Value::error("network address parse error during conversion from string: " + network.error().message());
  return CidrHolder::wrap(*network);
}
Value is_cidr(Arguments a) {
  return Value::of_bool(parse_network(a[0].as_string()).has_value());
}
Value to_string(Arguments a) {
  const Network& network = CidrHolder::in(a[0]);
  return Value::of_string(base::cat({network.address.to_string(), "/", std::to_string(network.prefix_length)}));
}

bool holds(const Network& network, const base::IpAddress& address) {
  return network.address.is_v4() == address.is_v4() && network.masked().contains(address);
}
Value contains_ip(Arguments a) {
  return Value::of_bool(holds(CidrHolder::in(a[0]), IpHolder::in(a[1])));
}
Value contains_ip_text(Arguments a) {
  auto address = parse_address(a[1].as_string());
  if (!address) {
    return Value::error(base::cat({"IP Address ", base::quote(a[1].as_string()),
                                   " parse error during conversion from string: ", address.error().message()}));
  }
  return Value::of_bool(holds(CidrHolder::in(a[0]), *address));
}
bool holds(const Network& outer, const Network& inner) {
  return inner.prefix_length >= outer.prefix_length && holds(outer, inner.masked().address());
}
Value contains_cidr(Arguments a) {
  return Value::of_bool(holds(CidrHolder::in(a[0]), CidrHolder::in(a[1])));
}
Value contains_cidr_text(Arguments a) {
  auto network = parse_network(a[1].as_string());
  if (!network)
    return Value::error("network address parse error during conversion from string: " + network.error().message());
  return Value::of_bool(holds(CidrHolder::in(a[0]), *network));
}
Value address(Arguments a) {
  return IpHolder::wrap(CidrHolder::in(a[0]).address);
}
Value masked(Arguments a) {
  const Network& network = CidrHolder::in(a[0]);
  return CidrHolder::wrap({network.masked().address(), network.prefix_length});
}
Value prefix_length(Arguments a) {
  return Value::of_int(CidrHolder::in(a[0]).prefix_length);
}

}  // namespace

const TypeRef& cidr_type() {
  static const TypeRef type = opaque_type("net.CIDR");
  return type;
}

void add_cidrs(Functions& f) {
  f.global("cidr", "string_to_cidr", {string_type()}, cidr_type(), parse, CallCost::ParseFirst);
  f.global("isCIDR", "is_cidr", {string_type()}, bool_type(), is_cidr, CallCost::ParseFirst);
  f.global("string", "cidr_to_string", {cidr_type()}, string_type(), to_string);
  f.member("containsIP", "cidr_contains_ip_string", {cidr_type(), string_type()}, bool_type(), contains_ip_text,
           CallCost::ContainsIpText);
  f.member("containsIP", "cidr_contains_ip_ip", {cidr_type(), ip_type()}, bool_type(), contains_ip,
           CallCost::ContainsIp);
  f.member("containsCIDR", "cidr_contains_cidr_string", {cidr_type(), string_type()}, bool_type(), contains_cidr_text,
           CallCost::ContainsCidrText);
  f.member("containsCIDR", "cidr_contains_cidr", {cidr_type(), cidr_type()}, bool_type(), contains_cidr,
           CallCost::ContainsCidr);
  f.member("ip", "cidr_ip", {cidr_type()}, ip_type(), address);
  f.member("masked", "cidr_masked", {cidr_type()}, cidr_type(), masked);
  f.member("prefixLength", "cidr_prefix_length", {cidr_type()}, int_type(), prefix_length);
}

}  // namespace cel::library
