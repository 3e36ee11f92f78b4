#include "apiserver/registry/validation/addresses.h"

#include <algorithm>

#include "base/ip.h"
#include "base/strings.h"

namespace apiserver {
namespace {

bool is_mapped(std::string_view text, bool v4) {
  return v4 && text.find(':') != text.npos;
}

// 010.2.3.4
bool has_leading_zero(std::string_view text) {
  if (size_t colon = text.rfind(':'); colon != text.npos) {
    text.remove_prefix(colon + 1);
    if (text.find('.') == text.npos) return false;
  }
  for (auto part : base::split(text, '.')) {
    if (part.size() > 1 && part[0] == '0') return true;
  }
  return false;
}

bool was_there(std::string_view text, std::span<const std::string> kept) {
  return std::ranges::find(kept, text) != kept.end();
}

}  // namespace

void check_ip(Report& report, std::string_view text, const Place& at, std::span<const std::string> kept) {
  auto ip = base::IpAddress::parse(text);
  if (!ip) {
    report.problems(at, text, schema::check_ip(text));
  } else if (was_there(text, kept)) {
    return;
  } else if (has_leading_zero(text)) {
    report.invalid(at, text, "must not have leading 0s");
  } else if (is_mapped(text, ip->is_v4())) {
    report.invalid(at, text, "must not be an IPv4-mapped IPv6 address");
  }
}

void check_cidr(Report& report, std::string_view text, const Place& at, std::span<const std::string> kept) {
  auto network = base::IpNetwork::parse(text);
  if (!network) {
    report.problems(at, text, schema::check_cidr(text));
    return;
  }
  if (was_there(text, kept)) return;
  size_t slash = text.find('/');
  std::string_view address = text.substr(0, slash);
  std::string_view length = text.substr(slash + 1);
  auto ip = base::IpAddress::parse(address);
  if (has_leading_zero(address) || (length.size() > 1 && length[0] == '0')) {
    report.invalid(at, text, "must not have leading 0s in IP or prefix length");
  } else if (is_mapped(address, network->is_v4())) {
    report.invalid(at, text, "must not have an IPv4-mapped IPv6 address");
  } else if (ip && *ip != network->address()) {
    report.invalid(at, text, "must not have bits set beyond the prefix length");
  }
}

void check_canonical_ip(Report& report, std::string_view text, const Place& at) {
  size_t before = report.size();
  check_ip(report, text, at);
  if (report.size() != before) return;
  std::string canonical = base::IpAddress::parse(text)->to_string();
  if (canonical != text)
    report.invalid(at, text, base::cat({"must be in canonical form (", base::quote(canonical), ")"}));
}

void check_canonical_cidr(Report& report, std::string_view text, const Place& at) {
  size_t before = report.size();
  check_cidr(report, text, at);
  if (report.size() != before) return;
  std::string canonical = base::IpNetwork::parse(text)->to_string();
  if (canonical != text)
    report.invalid(at, text, base::cat({"must be in canonical form (", base::quote(canonical), ")"}));
}

void check_common_ip(Report& report, std::string_view text, const Place& at) {
  auto ip = base::IpAddress::parse(text);
  if (!ip) {
    report.invalid(at, text, "must be a valid IP address");
    return;
  }
  if (ip->is_unspecified()) report.invalid(at, text, base::cat({"may not be unspecified (", text, ")"}));
  if (ip->is_loopback()) report.invalid(at, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (ip->is_link_local_unicast())
    report.invalid(at, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (ip->is_link_local_multicast()) {
    report.invalid(at, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
}

bool is_ipv6(std::string_view text) {
  auto ip = base::IpAddress::parse(text);
  return ip && ip->is_v6();
}

bool is_dual_stack(const std::vector<std::string>& addresses) {
  bool v4 = false;
  bool v6 = false;
  for (const auto& address : addresses) (is_ipv6(address) ? v6 : v4) = true;
  return v4 && v6;
}

void warn_about_ip(std::vector<std::string>& warnings, std::string_view text, const Place& at) {
  auto ip = base::IpAddress::parse(text);
  if (!ip) return;
  std::string canonical = ip->to_string();
  if (has_leading_zero(text) || is_mapped(text, ip->is_v4())) {
    warnings.push_back(
        base::cat({at.path().text(), ": non-standard IP address ", base::quote(text),
                   " will be considered invalid in a future Kubernetes release: use ", base::quote(canonical)}));
  } else if (ip->is_v6() && canonical != text) {
    warnings.push_back(base::cat({at.path().text(), ": IPv6 address ", base::quote(text),
                                  " should be in RFC 5952 canonical format (", base::quote(canonical), ")"}));
  }
}

void warn_about_cidr(std::vector<std::string>& warnings, std::string_view text, const Place& at) {
  auto network = base::IpNetwork::parse(text);
  if (!network) return;
  size_t slash = text.find('/');
  std::string_view address = text.substr(0, slash);
  std::string_view length = text.substr(slash + 1);
  auto ip = base::IpAddress::parse(address);
  std::string where = at.path().text();
  std::string canonical = network->to_string();
  size_t before = warnings.size();
  if (ip && *ip != network->address()) {
    warnings.push_back(base::cat({where, ": CIDR value ", base::quote(text),
                                  " is ambiguous in this context (should be ", base::quote(canonical), " or ",
                                  base::quote(base::cat({ip->to_string(), network->is_v4() ? "/32" : "/128"})), "?)"}));
  }
  if (has_leading_zero(address) || (length.size() > 1 && length[0] == '0') || is_mapped(address, network->is_v4())) {
    warnings.push_back(
        base::cat({where, ": non-standard CIDR value ", base::quote(text),
                   " will be considered invalid in a future Kubernetes release: use ", base::quote(canonical)}));
  }
  if (warnings.size() == before && !network->is_v4() && canonical != text) {
    warnings.push_back(base::cat({where, ": IPv6 CIDR value ", base::quote(text),
                                  " should be in RFC 5952 canonical format (", base::quote(canonical), ")"}));
  }
}

}  // namespace apiserver
