#include "apiserver/discovery/health.h"

#include <algorithm>
#include <array>
#include <vector>

#include "apiserver/metrics/health_metrics.h"
#include "base/strings.h"

namespace apiserver {
namespace {

// Upstream's names, so that probes that exclude one go on working. What each would wait for is done before we listen;
// only the store can fail later.
constexpr std::array<std::string_view, 35> kChecks = {
    "ping",
    "log",
    "loopback-serving-certificate",
    "etcd",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/peer-endpoint-reconciler-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/storage-readiness",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-wait-for-first-sync",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller"};
// Of /readyz alone.
constexpr std::array<std::string_view, 3> kReadyChecks = {"etcd-readiness", "informer-sync", "shutdown"};

// Why it does not pass; nothing when it does.
std::optional<std::string> trouble_of(std::string_view check, bool store_ok, const std::vector<HealthCheck>& more) {
  for (const auto& one : more) {
    if (one.name == check && one.trouble) return one.trouble->message();
  }
  if (!store_ok && check.starts_with("etcd")) return base::cat({check, " failed"});
  return std::nullopt;
}

}  // namespace

std::vector<std::string_view> health_check_names(std::string_view root, const std::vector<HealthCheck>& more) {
  std::vector<std::string_view> checks(kChecks.begin(), kChecks.end());
  if (root == "readyz") {
    checks.insert(checks.begin() + 4, kReadyChecks.begin(), kReadyChecks.begin() + 2);
    checks.push_back(kReadyChecks[2]);
  }
  for (const auto& check : more) checks.push_back(check.name);
  return checks;
}

std::optional<HealthAnswer> answer_health(std::string_view path, const Query& query, bool store_ok,
                                          HealthMetrics& metrics, const std::vector<HealthCheck>& more) {
  if (path.starts_with('/')) path.remove_prefix(1);
  auto slash = path.find('/');
  std::string_view root = path.substr(0, slash);
  if (root != "healthz" && root != "livez" && root != "readyz") return std::nullopt;
  auto checks = health_check_names(root, more);
  auto judge = [&](std::string_view check) {
    auto trouble = trouble_of(check, store_ok, more);
    metrics.observe(check, root, !trouble);
    return trouble;
  };
  if (slash != std::string_view::npos) {
    std::string_view one = path.substr(slash + 1);
    if (!one.empty()) {
      if (std::find(checks.begin(), checks.end(), one) == checks.end()) return std::nullopt;
      auto trouble = judge(one);
      if (!trouble) return HealthAnswer{200, "ok"};
      return HealthAnswer{500, base::cat({"internal server error: ", *trouble, "\n"})};
    }
  }
  auto excluded = query.all("exclude");
  std::string report;
  bool healthy = true;
  for (auto check : checks) {
    if (std::find(excluded.begin(), excluded.end(), check) != excluded.end()) {
      report += base::cat({"[+]", check, " excluded: ok\n"});
    } else if (!judge(check)) {
      report += base::cat({"[+]", check, " ok\n"});
    } else {
      report += base::cat({"[-]", check, " failed: reason withheld\n"});
      healthy = false;
    }
  }
  for (auto name : excluded) {
    if (std::find(checks.begin(), checks.end(), name) != checks.end()) continue;
    report += base::cat({"warn: some health checks cannot be excluded: no matches for ", base::quote(name), "\n"});
  }
  if (!healthy) return HealthAnswer{500, base::cat({report, root, " check failed\n"})};
  if (!query.has("verbose")) return HealthAnswer{200, "ok"};
  return HealthAnswer{200, base::cat({report, root, " check passed\n"})};
}

}  // namespace apiserver
