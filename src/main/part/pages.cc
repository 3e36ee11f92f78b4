#include <algorithm>

#include "base/clock.h"
#include "base/strings.h"
#include "main/part/part_server.h"

namespace navarch {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kMetrics = "text/plain; version=0.0.4; charset=utf-8";

std::vector<std::string> values(std::string_view query, std::string_view name) {
  std::vector<std::string> found;
  for (auto pair : base::split(query, '&')) {
    auto equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    auto value = equals == std::string_view::npos ? base::Result<std::string>("")
                                                  : base::url_decode(pair.substr(equals + 1), true);
    if (value) found.push_back(std::move(*value));
  }
  return found;
}

}  // namespace

void Pages::add_configuration(std::string group, std::string json) {
  add("/configz", [text = base::cat({"{\"", group, "\":", json, "}"})] { return Answer{.text = text, .type = kJson}; });
}

void Pages::add_metrics(const base::Metrics& metrics) {
  add("/metrics", [&metrics] { return Answer{.text = metrics.to_text(), .type = kMetrics}; });
}

void Pages::add_debug_pages(std::string component, apiserver::FlagValues flags) {
  add("/flagz",
      [component, flags = std::move(flags)] { return Answer{.text = apiserver::flagz_page(component, flags)}; });
  add("/statusz", [component, started = base::system_clock().wall_ns()] {
    return Answer{.text = apiserver::statusz_page(component, started, base::system_clock().wall_ns(),
                                                  {"/configz", "/healthz", "/livez", "/metrics", "/readyz"})};
  });
  add("/metrics/slis", [this] { return Answer{.text = health_metrics_.text(), .type = kMetrics}; });
}

std::optional<Pages::Answer> Pages::health(std::string_view path, std::string_view query) const {
  auto parts = base::split(path.substr(1), '/');
  std::string_view root = parts[0];
  if (root != "healthz" && root != "livez" && root != "readyz") return std::nullopt;
  if (parts.size() > 1 && !parts[1].empty()) {
    std::string_view one = path.substr(root.size() + 2);
    if (one == "ping") return Answer{.text = "ok"};
    for (const auto& [name, check] : checks_) {
      if (name != one) continue;
      auto passed = check();
      health_metrics_.observe(name, root, passed.has_value());
      if (passed) return Answer{.text = "ok"};
      return Answer{.status = 500, .text = base::cat({"internal server error: ", passed.error().message(), "\n"})};
    }
    return std::nullopt;
  }
  auto excluded = values(query, "exclude");
  std::string report = "[+]ping ok\n";
  health_metrics_.observe("ping", root, true);
  bool healthy = true;
  for (const auto& [name, check] : checks_) {
    if (std::find(excluded.begin(), excluded.end(), name) != excluded.end()) {
      report += base::cat({"[+]", name, " excluded: ok\n"});
    } else if (bool passed = check().has_value(); health_metrics_.observe(name, root, passed), passed) {
      report += base::cat({"[+]", name, " ok\n"});
    } else {
      report += base::cat({"[-]", name, " failed: reason withheld\n"});
      healthy = false;
    }
  }
  if (!healthy) return Answer{.status = 500, .text = base::cat({report, root, " check failed\n"})};
  if (values(query, "verbose").empty()) return Answer{.text = "ok"};
  return Answer{.text = base::cat({report, root, " check passed\n"})};
}

Pages::Answer Pages::answer(std::string_view path, std::string_view query) const {
  if (auto found = pages_.find(path); found != pages_.end()) return found->second();
  if (path.starts_with('/')) {
    if (auto answered = health(path, query)) return *answered;
  }
  return {.status = 404, .text = "404 page not found\n"};
}

}  // namespace navarch
