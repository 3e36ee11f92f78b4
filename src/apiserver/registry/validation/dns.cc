// How a pod resolves names.

#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

// What the resolver of libc can hold.
constexpr size_t kNameserversMax = 3;
constexpr size_t kSearchesMax = 32;
constexpr size_t kSearchCharactersMax = 2048;

// A label that may begin with one underscore, and have some inside.
bool is_search_label(std::string_view label) {
  if (label.starts_with('_')) label.remove_prefix(1);
  auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
  for (char c : label) {
    if (!is_alnum(c) && c != '-' && c != '_') return false;
  }
  return true;
}

schema::Problems check_search(std::string_view search) {
  schema::Problems problems;
  if (search.size() > schema::kMaxSubdomainLength) {
    problems.push_back(
        base::cat({"must be no more than ", std::to_string(schema::kMaxSubdomainLength), " characters"}));
  }
  // "" splits into nothing, but has one label that is empty.
  auto labels = base::split(search, '.');
  if (labels.empty()) labels.emplace_back();
  for (auto label : labels) {
    if (is_search_label(label)) continue;
    problems.push_back(schema::regex_problem(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must "
        "start and end "
        "with an alphanumeric character",
        "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*", {"example.com"}));
    break;
  }
  return problems;
}

}  // namespace

void check_dns(Report& report, const core::PodSpec& spec, const Place& at) {
  const auto& config = spec.dns_config;
  Place nameservers(at, "nameservers");
  if (spec.dns_policy == "None") {
    if (!config) {
      report.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
      return;
    }
    if (config->nameservers.empty()) {
      report.required(nameservers, "must provide at least one DNS nameserver when `dnsPolicy` is None");
      return;
    }
  }
  if (!config) return;
  if (config->nameservers.size() > kNameserversMax) {
    report.invalid(nameservers, bad_value(config->nameservers), "must not have more than 3 nameservers");
  }
  for (size_t i = 0; i < config->nameservers.size(); ++i)
    check_ip(report, config->nameservers[i], Place(nameservers, i));
  Place searches(at, "searches");
  if (config->searches.size() > kSearchesMax) {
    report.invalid(searches, bad_value(config->searches), "must not have more than 32 search paths");
  }
  size_t characters = config->searches.empty() ? 0 : config->searches.size() - 1;
  for (const auto& search : config->searches) characters += search.size();
  if (characters > kSearchCharactersMax) {
    report.invalid(searches, bad_value(config->searches),
                   "must not have more than 2048 characters (including spaces) in the search list");
  }
  for (size_t i = 0; i < config->searches.size(); ++i) {
    std::string_view search = config->searches[i];
    if (search == ".") continue;
    if (search.ends_with('.')) search.remove_suffix(1);
    report.problems(Place(searches, i), search, check_search(search));
  }
  Place options(at, "options");
  for (size_t i = 0; i < config->options.size(); ++i) {
    if (config->options[i].name.empty()) report.required(Place(options, i), "must not be empty");
  }
}

}  // namespace apiserver
