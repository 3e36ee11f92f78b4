#include "apiserver/crd/formats.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "base/ip.h"
#include "base/strings.h"
#include "base/time.h"
#include "schema/names.h"

namespace apiserver::crd {
namespace {

constexpr std::string_view kUuid = R"((?i)^[0-9A-F]{8}-?[0-9A-F]{4}-?[0-9A-F]{4}-?[0-9A-F]{4}-?[0-9A-F]{12}$)";
constexpr std::string_view kUuid3 = R"((?i)^[0-9A-F]{8}-?[0-9A-F]{4}-?3[0-9A-F]{3}-?[0-9A-F]{4}-?[0-9A-F]{12}$)";
constexpr std::string_view kUuid4 = R"((?i)^[0-9A-F]{8}-?[0-9A-F]{4}-?4[0-9A-F]{3}-?[89AB][0-9A-F]{3}-?[0-9A-F]{12}$)";
constexpr std::string_view kUuid5 = R"((?i)^[0-9A-F]{8}-?[0-9A-F]{4}-?5[0-9A-F]{3}-?[89AB][0-9A-F]{3}-?[0-9A-F]{12}$)";
constexpr std::string_view kHostname =
    R"(^([a-zA-Z0-9\p{L}\p{N}]([a-zA-Z0-9-\p{L}\p{N}]{0,61}[a-zA-Z0-9\p{L}\p{N}])?)(\.[a-zA-Z0-9\p{L}\p{N}]([a-zA-Z0-9-\p{L}\p{N}]{0,61}[a-zA-Z0-9\p{L}\p{N}])?)*\.?$)";
constexpr std::string_view kDateTime =
    R"(^\d{4}-\d{2}-\d{2}[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$)";
constexpr std::string_view kDuration =
    R"(^[-+]?(\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|μs|ms|s|m|h|d|w|nano|nanos?|nanoseconds?|micros?|microseconds?|millis?|milliseconds?|secs?|seconds?|mins?|minutes?|hrs?|hours?|days?|wks?|weeks?)(\s*(\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|μs|ms|s|m|h|d|w|nanos?|nanoseconds?|micros?|microseconds?|millis?|milliseconds?|secs?|seconds?|mins?|minutes?|hrs?|hours?|days?|wks?|weeks?))*$)";
constexpr std::string_view kEmail = R"(^([^<>@\s]+@[^<>@\s]+|[^<>@]*<[^<>@\s]+@[^<>@\s]+>)$)";
constexpr std::string_view kMac =
    R"((?i)^([0-9a-f]{2}([:-][0-9a-f]{2}){5}([:-][0-9a-f]{2}){0,14}|[0-9a-f]{4}(\.[0-9a-f]{4}){2,9})$)";
constexpr std::string_view kHexColor = R"(^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$)";
constexpr std::string_view kRgbColor =
    R"(^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$)";
constexpr std::string_view kCreditCard =
    R"(^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$)";
constexpr std::string_view kSsn = R"(^\d{3}[- ]?\d{2}[- ]?\d{4}$)";
constexpr std::string_view kObjectId = R"((?i)^[0-9a-f]{24}$)";

bool is_date(std::string_view text) {
  return base::parse_rfc3339(base::cat({text, "T00:00:00Z"})).has_value() && text.size() == 10;
}

bool is_base64(std::string_view text) {
  return base::base64_decode(text).has_value();
}

bool is_ip(std::string_view text, bool four) {
  auto address = base::IpAddress::parse(text);
  return address && (text.find(':') == std::string_view::npos) == four;
}

// An absolute address, or a path from the root.
bool is_uri(std::string_view text) {
  static const re2::RE2 scheme(R"(^[a-zA-Z][a-zA-Z0-9+.-]*:[^\x00-\x1f\x7f ]*$)", re2::RE2::Quiet);
  return (text.starts_with('/') && text.find('\n') == std::string_view::npos) || re2::RE2::FullMatch(text, scheme);
}

// The check digit of ISBNs.
bool is_isbn(std::string_view text, size_t length) {
  std::string digits;
  for (char c : text) {
    if (c != '-' && c != ' ') digits += c;
  }
  if (digits.size() != length) return false;
  int sum = 0;
  for (size_t i = 0; i < length; ++i) {
    bool is_check = length == 10 && i == 9 && digits[i] == 'X';
    if (!is_check && (digits[i] < '0' || digits[i] > '9')) return false;
    int digit = is_check ? 10 : digits[i] - '0';
    sum += length == 10 ? static_cast<int>(i + 1) * digit : (i % 2 == 0 ? 1 : 3) * digit;
  }
  return length == 10 ? sum % 11 == 0 : sum % 10 == 0;
}

struct Known {
  std::string_view name;
  std::string_view pattern;                // or
  bool (*matches)(std::string_view text);  // a function
};

constexpr Known kKnown[] = {
    {"bsonobjectid", kObjectId, nullptr},
    {"byte", "", is_base64},
    {"cidr", "", [](std::string_view text) { return base::IpNetwork::parse(text).has_value(); }},
    {"creditcard", kCreditCard, nullptr},
    {"date", "", is_date},
    {"datetime", kDateTime, nullptr},
    {"duration", kDuration, nullptr},
    {"email", kEmail, nullptr},
    {"hexcolor", kHexColor, nullptr},
    {"hostname", kHostname, nullptr},
    {"ipv4", "", [](std::string_view text) { return is_ip(text, true); }},
    {"ipv6", "", [](std::string_view text) { return is_ip(text, false); }},
    {"isbn", "", [](std::string_view text) { return is_isbn(text, 10) || is_isbn(text, 13); }},
    {"isbn10", "", [](std::string_view text) { return is_isbn(text, 10); }},
    {"isbn13", "", [](std::string_view text) { return is_isbn(text, 13); }},
    {"k8slongname", "", [](std::string_view text) { return schema::is_dns1123_subdomain(text); }},
    {"k8sshortname", "", [](std::string_view text) { return schema::is_dns1123_label(text); }},
    {"mac", kMac, nullptr},
    {"password", "", [](std::string_view) { return true; }},
    {"rgbcolor", kRgbColor, nullptr},
    {"ssn", kSsn, nullptr},
    {"uri", "", is_uri},
    {"uuid", kUuid, nullptr},
    {"uuid3", kUuid3, nullptr},
    {"uuid4", kUuid4, nullptr},
    {"uuid5", kUuid5, nullptr},
};

const Known* find(std::string_view format) {
  std::string name;
  for (char c : format) {
    if (c != '-') name += c;
  }
  for (const auto& one : kKnown) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

const re2::RE2& compiled(const Known& known) {
  static const auto* const all = [] {
    auto* made = new std::vector<std::unique_ptr<re2::RE2>>;
    for (const auto& one : kKnown)
      made->push_back(
          std::make_unique<re2::RE2>(re2::StringPiece(one.pattern.data(), one.pattern.size()), re2::RE2::Quiet));
    return made;
  }();
  return *(*all)[static_cast<size_t>(&known - kKnown)];
}

}  // namespace

bool is_known_format(std::string_view format) {
  return !format.empty() && find(format) != nullptr;
}

bool matches_format(std::string_view format, std::string_view text) {
  const Known* known = find(format);
  if (known == nullptr) return true;
  if (known->matches != nullptr) return known->matches(text);
  bool matches = re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled(*known));
  return matches && (known->name != "datetime" || is_date(text.substr(0, 10)));
}

}  // namespace apiserver::crd
