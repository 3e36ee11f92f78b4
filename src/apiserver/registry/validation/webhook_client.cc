// How webhooks are reached.

#include <algorithm>
#include <set>

#include "apiserver/registry/validation/webhook.h"
#include "base/strings.h"

namespace apiserver {
namespace {

constexpr std::string_view kForm = "; desired format: https://host[/path]";

// The parts of "scheme://user@host/path?query#fragment"; views of the text.
struct UrlParts {
  std::string_view scheme;
  std::string_view host;
  std::string_view user;
  std::string_view query;
  std::string_view fragment;
  bool has_user = false;
};

bool is_scheme(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && letter(text[0]) && std::ranges::all_of(text, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

// What Go's net/url says of the text; empty when it can be read.
std::string read_url(std::string_view whole, UrlParts& parts) {
  auto problem = [&](std::string_view what) { return base::cat({"parse ", base::quote(whole), ": ", what}); };
  std::string_view text = whole;
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; })) {
    return problem("net/url: invalid control character in URL");
  }
  if (size_t hash = text.find('#'); hash != text.npos) {
    parts.fragment = text.substr(hash + 1);
    text = text.substr(0, hash);
  }
  if (size_t colon = text.find_first_of(":/?"); colon != text.npos && text[colon] == ':') {
    if (colon == 0) return problem("missing protocol scheme");
    if (!is_scheme(text.substr(0, colon))) return problem("first path segment in URL cannot contain colon");
    parts.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (size_t mark = text.find('?'); mark != text.npos) {
    parts.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (!text.starts_with("//")) return "";
  text.remove_prefix(2);
  std::string_view authority = text.substr(0, text.find('/'));
  if (size_t at = authority.rfind('@'); at != authority.npos) {
    parts.has_user = true;
    parts.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  parts.host = authority;
  if (authority.find(' ') != authority.npos) return problem("invalid character \" \" in host name");
  size_t colon = authority.rfind(':');
  if (colon != authority.npos && authority.find(']', colon) == authority.npos) {
    auto port = authority.substr(colon + 1);
    if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) {
      return problem(base::cat({"invalid port ", base::quote(authority.substr(colon)), " after host"}));
    }
  }
  return "";
}

}  // namespace

void check_webhook_url(Report& report, std::string_view url, const Place& at) {
  UrlParts parts;
  if (auto problem = read_url(url, parts); !problem.empty()) {
    report.required(at, base::cat({"url must be a valid URL: ", problem, kForm}));
    return;
  }
  std::string scheme = base::to_lower(parts.scheme);
  if (scheme != "https") report.invalid(at, scheme, base::cat({"'https' is the only allowed URL scheme", kForm}));
  if (parts.host.empty()) report.invalid(at, parts.host, base::cat({"host must be specified", kForm}));
  if (parts.has_user) report.invalid(at, parts.user, "user information is not permitted in the URL");
  if (!parts.fragment.empty()) report.invalid(at, parts.fragment, "fragments are not permitted in the URL");
  if (!parts.query.empty()) report.invalid(at, parts.query, "query parameters are not permitted in the URL");
}

void check_webhook_service(Report& report, const std::string& name, const std::string& namespace_,
                           const std::optional<std::string>& path, int32_t port, const Place& at) {
  if (name.empty()) report.required(Place(at, "name"), "service name is required");
  if (namespace_.empty()) report.required(Place(at, "namespace"), "service namespace is required");
  if (auto problems = schema::check_port_number(port); !problems.empty()) {
    report.invalid(Place(at, "port"), port, base::cat({"port is not valid: ", base::join(problems, ",")}));
  }
  if (!path || path->empty() || *path == "/") return;
  Place where(at, "path");
  if (*path == "//") {
    report.invalid(where, *path, "segment[0] may not be empty");
    return;
  }
  if (path->front() != '/') report.invalid(where, *path, "must start with a '/'");
  std::string_view rest = std::string_view(*path).substr(1);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  auto steps = base::split(rest, '/');
  for (size_t i = 0; i < steps.size(); ++i) {
    std::string segment = base::cat({"segment[", std::to_string(i), "]"});
    if (steps[i].empty()) {
      report.invalid(where, *path, base::cat({segment, " may not be empty"}));
      continue;
    }
    for (const auto& problem : schema::check_dns1123_subdomain(steps[i])) {
      report.invalid(where, *path, base::cat({segment, ": ", problem}));
    }
  }
}

void check_review_versions(Report& report, const std::vector<std::string>& versions, bool one_is_known,
                           const Place& at) {
  if (versions.empty()) {
    report.required(at, "must specify one of v1, v1beta1");
    return;
  }
  std::set<std::string_view> seen;
  bool known = false;
  for (size_t i = 0; i < versions.size(); ++i) {
    Place here(at, i);
    if (!seen.insert(versions[i]).second) {
      report.duplicate(here, versions[i]);
      continue;
    }
    report.problems(here, versions[i], schema::check_dns1035_label(versions[i]));
    known |= is_one_of(versions[i], {"v1", "v1beta1"});
  }
  if (one_is_known && !known) report.invalid(at, bad_value(versions), "must include at least one of v1, v1beta1");
}

}  // namespace apiserver
