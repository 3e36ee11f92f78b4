// Rules about IP addresses and networks. In fields that are older than the strict rules what is not canonical is fine,
// what is ambiguous is not.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/registry/validation/report.h"

namespace apiserver {

// `kept` was there before: it stays valid, whatever it is.
void check_ip(Report& report, std::string_view text, const Place& at, std::span<const std::string> kept = {});
void check_cidr(Report& report, std::string_view text, const Place& at, std::span<const std::string> kept = {});
// Fields that are newer: nothing but the canonical form.
void check_canonical_ip(Report& report, std::string_view text, const Place& at);
void check_canonical_cidr(Report& report, std::string_view text, const Place& at);
// Neither unspecified, loopback nor link-local.
void check_common_ip(Report& report, std::string_view text, const Place& at);

bool is_ipv6(std::string_view text);
// Addresses of both families.
bool is_dual_stack(const std::vector<std::string>& addresses);

// About what is valid but not written as it should be.
void warn_about_ip(std::vector<std::string>& warnings, std::string_view text, const Place& at);
void warn_about_cidr(std::vector<std::string>& warnings, std::string_view text, const Place& at);

}  // namespace apiserver
