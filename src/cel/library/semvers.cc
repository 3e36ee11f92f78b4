// semver(): versions by Semantic Versioning 2.0.0.

#include <algorithm>
#include <compare>
#include <optional>

#include "base/strings.h"
#include "cel/library/libraries.h"
#include "cel/library/opaque.h"
#include "cel/library/values.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

struct Semver {
  uint64_t major = 0, minor = 0, patch = 0;
  std::vector<std::string> pre_release;

  std::strong_ordering operator<=>(const Semver& other) const {
    if (auto order = major <=> other.major; order != 0) return order;
    if (auto order = minor <=> other.minor; order != 0) return order;
    if (auto order = patch <=> other.patch; order != 0) return order;
    // A release comes after all that led to it.
    if (pre_release.empty() || other.pre_release.empty()) return pre_release.empty() <=> other.pre_release.empty();
    for (size_t i = 0; i < std::min(pre_release.size(), other.pre_release.size()); ++i) {
      auto a = base::parse_uint(pre_release[i]);
      auto b = base::parse_uint(other.pre_release[i]);
      if (a.has_value() != b.has_value()) return b.has_value() <=> a.has_value();
      if (a && *a != *b) return *a <=> *b;
      if (auto order = pre_release[i] <=> other.pre_release[i]; !a && order != 0) return order;
    }
    return pre_release.size() <=> other.pre_release.size();
  }
  bool operator==(const Semver& other) const { return (*this <=> other) == 0; }
};
using SemverHolder = Holder<Semver, semver_type>;

std::optional<uint64_t> number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  return base::parse_uint(text);
}
bool is_identifier(std::string_view text, bool numbers_are_strict) {
  if (text.empty()) return false;
  bool digits = true;
  for (unsigned char c : text) {
    if (!std::isalnum(c) && c != '-') return false;
    digits = digits && std::isdigit(c);
  }
  return !(numbers_are_strict && digits && text.size() > 1 && text[0] == '0');
}

std::optional<Semver> parse_semver(std::string_view text) {
  Semver version;
  if (size_t plus = text.find('+'); plus != std::string_view::npos) {
    for (std::string_view part : base::split(text.substr(plus + 1), '.')) {
      if (!is_identifier(part, false)) return std::nullopt;
    }
    text = text.substr(0, plus);
  }
  if (size_t dash = text.find('-'); dash != std::string_view::npos) {
    for (std::string_view part : base::split(text.substr(dash + 1), '.')) {
      if (!is_identifier(part, true)) return std::nullopt;
      version.pre_release.emplace_back(part);
    }
    text = text.substr(0, dash);
  }
  std::vector<std::string_view> parts = base::split(text, '.');
  if (parts.size() != 3) return std::nullopt;
  auto major = number(parts[0]);
  auto minor = number(parts[1]);
  auto patch = number(parts[2]);
  if (!major || !minor || !patch) return std::nullopt;
  version.major = *major;
  version.minor = *minor;
  version.patch = *patch;
  return version;
}

// "v1.2" as "1.2.0", "01.2.3" as "1.2.3".
std::string normalized(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  size_t end = text.find_first_of("-+");
  std::string_view rest = end == std::string_view::npos ? std::string_view() : text.substr(end);
  std::vector<std::string> numbers;
  for (std::string_view part : base::split(text.substr(0, end), '.')) {
    while (part.size() > 1 && part[0] == '0') part.remove_prefix(1);
    numbers.emplace_back(part);
  }
  while (numbers.size() < 3) numbers.emplace_back("0");
  return base::join(numbers, ".") + std::string(rest);
}

std::optional<Semver> read(Arguments a) {
  bool normalize = a.size() == 2 && a[1].as_bool();
  return normalize ? parse_semver(normalized(a[0].as_string())) : parse_semver(a[0].as_string());
}
Value parse(Arguments a) {
  auto version = read(a);
  if (!version) return Value::error(base::cat({"Invalid Semver ", base::quote(a[0].as_string())}));
  return SemverHolder::wrap(std::move(*version));
}
Value is_semver(Arguments a) {
  return Value::of_bool(read(a).has_value());
}
Value major(Arguments a) {
  return Value::of_int(static_cast<int64_t>(SemverHolder::in(a[0]).major));
}
Value minor(Arguments a) {
  return Value::of_int(static_cast<int64_t>(SemverHolder::in(a[0]).minor));
}
Value patch(Arguments a) {
  return Value::of_int(static_cast<int64_t>(SemverHolder::in(a[0]).patch));
}
Value is_less(Arguments a) {
  return Value::of_bool(SemverHolder::in(a[0]) < SemverHolder::in(a[1]));
}
Value is_greater(Arguments a) {
  return Value::of_bool(SemverHolder::in(a[0]) > SemverHolder::in(a[1]));
}
Value compare_to(Arguments a) {
  auto order = SemverHolder::in(a[0]) <=> SemverHolder::in(a[1]);
  return Value::of_int(order < 0 ? -1 : order > 0 ? 1 : 0);
}

}  // namespace

Value semver_value(std::string_view version) {
  auto parsed = parse_semver(version);
  if (!parsed) return Value::error(base::cat({"Invalid Semver ", base::quote(version)}));
  return SemverHolder::wrap(std::move(*parsed));
}

const TypeRef& semver_type() {
  static const TypeRef type = opaque_type("kubernetes.Semver");
  return type;
}

void add_semvers(Functions& f) {
  const TypeRef& v = semver_type();
  f.global("semver", "string_to_semver", {string_type()}, v, parse, CallCost::ParseFirst);
  f.global("semver", "string_bool_to_semver", {string_type(), bool_type()}, v, parse, CallCost::ParseFirst);
  f.global("isSemver", "is_semver_string", {string_type()}, bool_type(), is_semver, CallCost::ParseFirst);
  f.global("isSemver", "is_semver_string_bool", {string_type(), bool_type()}, bool_type(), is_semver,
           CallCost::ParseFirst);
  f.member("major", "semver_major", {v}, int_type(), major);
  f.member("minor", "semver_minor", {v}, int_type(), minor);
  f.member("patch", "semver_patch", {v}, int_type(), patch);
  f.member("isLessThan", "semver_is_less_than", {v, v}, bool_type(), is_less);
  f.member("isGreaterThan", "semver_is_greater_than", {v, v}, bool_type(), is_greater);
  f.member("compareTo", "semver_compare_to", {v, v}, int_type(), compare_to);
}

}  // namespace cel::library
