#include "apiserver/registry/validation/common_names.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "schema/names.h"

namespace apiserver {
namespace {

constexpr size_t kDriverNameMax = 63;

bool is_path_character(char c) {
  bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || std::string_view("/-._~%!$&'()*+,;=:").find(c) != std::string_view::npos;
}

// [A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?
bool is_condition_reason(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  if (text.empty() || !letter(text.front()) || !inner(text.back())) return false;
  return std::ranges::all_of(text, [&](char c) { return inner(c) || c == ',' || c == ':'; });
}

}  // namespace

void check_subdomain(Report& report, std::string_view text, const Place& at) {
  report.problems(at, text, schema::check_dns1123_subdomain(text));
}
void check_label(Report& report, std::string_view text, const Place& at) {
  report.problems(at, text, schema::check_dns1123_label(text));
}
void check_qualified(Report& report, std::string_view text, const Place& at) {
  report.problems(at, text, schema::check_qualified_name(text));
}

void check_path_segment(Report& report, std::string_view text, const Place& at, std::string_view missing) {
  if (text.empty()) {
    report.required(at, missing);
  } else {
    report.problems(at, text, schema::check_path_segment(text));
  }
}

void check_driver_name(Report& report, std::string_view name, const Place& at) {
  if (name.empty()) report.required(at);
  if (name.size() > kDriverNameMax) report.too_long(at, kDriverNameMax);
  if (!name.empty()) report.problems(at, name, schema::check_dns1123_subdomain(base::to_lower(name)));
}

void check_fully_qualified(Report& report, std::string_view name, const Place& at) {
  if (name.empty()) {
    report.required(at);
    return;
  }
  auto problems = schema::check_dns1123_subdomain(name);
  if (!problems.empty()) {
    report.invalid(at, name, base::join(problems, ","));
  } else if (base::split(name, '.').size() < 3) {
    report.invalid(at, name, "should be a domain with at least three segments separated by dots");
  }
}

void check_domain_name(Report& report, std::string_view name, const Place& at) {
  if (name.empty()) {
    report.required(at);
    return;
  }
  if (name.ends_with('.')) name.remove_suffix(1);
  auto problems = schema::check_dns1123_subdomain(name);
  if (!problems.empty()) {
    report.problems(at, name, problems);
    return;
  }
  auto labels = base::split(name, '.');
  if (labels.size() < 2) report.invalid(at, name, "should be a domain with at least two segments separated by dots");
  for (std::string_view label : labels) check_label(report, label, at);
}

void check_domain_prefixed_path(Report& report, std::string_view text, const Place& at) {
  if (text.empty()) {
    report.required(at);
    return;
  }
  size_t slash = text.find('/');
  std::string_view host = text.substr(0, slash);
  std::string_view path = slash == text.npos ? std::string_view() : text.substr(slash + 1);
  if (host.empty() || path.empty()) {
    report.invalid(at, text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
    return;
  }
  check_subdomain(report, host, at);
  if (!std::ranges::all_of(path, is_path_character)) {
    report.invalid(at, path, schema::regex_problem("Invalid path", "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+", {}));
  }
}

void check_not_negative(Report& report, const std::optional<base::Quantity>& amount, const Place& at) {
  if (amount && amount->sign() < 0) report.invalid(at, amount->to_string(), kNotNegative);
}

void check_conditions(Report& report, const std::vector<api::meta_v1::Condition>& conditions, const Place& at) {
  constexpr size_t kReasonMax = 1024;
  constexpr size_t kMessageMax = 32768;
  std::set<std::string_view> types;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const auto& condition = conditions[i];
    Place here(at, i);
    if (!types.insert(condition.type).second) report.duplicate(Place(here, "type"), condition.type);
    check_qualified(report, condition.type, Place(here, "type"));
    report.one_of(Place(here, "status"), condition.status, kTruth);
    if (condition.observed_generation < 0) {
      report.invalid(Place(here, "observedGeneration"), condition.observed_generation,
                     "must be greater than or equal to zero");
    }
    if (condition.last_transition_time.is_zero()) report.required(Place(here, "lastTransitionTime"), "must be set");
    Place reason(here, "reason");
    if (condition.reason.empty()) {
      report.required(reason, "must be set");
    } else {
      if (!is_condition_reason(condition.reason)) {
        report.invalid(
            reason, condition.reason,
            schema::regex_problem("a condition reason must start with alphabetic character, optionally followed by a "
                                  "string of alphanumeric characters or '_,:', and must end with an alphanumeric "
                                  "character or '_'",
                                  "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?",
                                  {"my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"}));
      }
      if (condition.reason.size() > kReasonMax) report.too_long(reason, kReasonMax);
    }
    if (condition.message.size() > kMessageMax) report.too_long(Place(here, "message"), kMessageMax);
  }
}

std::optional<GroupAndVersion> split_group_version(std::string_view text) {
  if (text.empty() || text == "/") return GroupAndVersion{};
  size_t slash = text.find('/');
  if (slash == text.npos) return GroupAndVersion{"", text};
  if (text.find('/', slash + 1) != text.npos) return std::nullopt;
  return GroupAndVersion{text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace apiserver
