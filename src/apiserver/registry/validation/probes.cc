// Probes and lifecycle hooks.

#include <utility>

#include "apiserver/registry/validation/pod_scope.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

void check_http_get(Report& report, const core::HTTPGetAction& http, const Place& at) {
  if (http.path.empty()) report.required(Place(at, "path"));
  check_port(report, http.port, Place(at, "port"));
  report.one_of(Place(at, "scheme"), http.scheme, {"HTTP", "HTTPS"});
  for (const auto& header : http.http_headers) {
    report.problems(Place(at, "httpHeaders"), header.name, schema::check_http_header_name(header.name));
  }
}

// Which of the handlers is set: exactly one has to be, and only the first is looked at.
class HandlerChoice {
 public:
  HandlerChoice(Report& report, const Place& at) : report_(report), at_(at) {}

  bool takes(bool set, std::string_view name) {
    if (!set) return false;
    if (found_) report_.forbidden(Place(at_, name), "may not specify more than 1 handler type");
    return !std::exchange(found_, true);
  }
  void finish() {
    if (!found_) report_.required(at_, "must specify a handler type");
  }

 private:
  Report& report_;
  const Place& at_;
  bool found_ = false;
};

template <class Handler>
void check_common_handlers(Report& report, HandlerChoice& choice, const Handler& handler, const Place& at) {
  if (choice.takes(handler.exec.has_value(), "exec") && handler.exec->command.empty())
    report.required(Place(at, "exec.command"));
  if (choice.takes(handler.http_get.has_value(), "httpGet"))
    check_http_get(report, *handler.http_get, Place(at, "httpGet"));
  if (choice.takes(handler.tcp_socket.has_value(), "tcpSocket"))
    check_port(report, handler.tcp_socket->port, Place(at, "tcpSocket.port"));
}

void check_probe(Report& report, const core::Probe& probe, const Place& at) {
  HandlerChoice choice(report, at);
  check_common_handlers(report, choice, probe, at);
  if (choice.takes(probe.grpc.has_value(), "grpc")) check_port(report, probe.grpc->port, Place(at, "grpc.port"));
  choice.finish();
  report.not_negative(Place(at, "initialDelaySeconds"), int64_t{probe.initial_delay_seconds});
  report.not_negative(Place(at, "timeoutSeconds"), int64_t{probe.timeout_seconds});
  report.not_negative(Place(at, "periodSeconds"), int64_t{probe.period_seconds});
  report.not_negative(Place(at, "successThreshold"), int64_t{probe.success_threshold});
  report.not_negative(Place(at, "failureThreshold"), int64_t{probe.failure_threshold});
  if (probe.termination_grace_period_seconds && *probe.termination_grace_period_seconds <= 0) {
    report.invalid(Place(at, "terminationGracePeriodSeconds"), *probe.termination_grace_period_seconds,
                   "must be greater than 0");
  }
}

void check_hook(Report& report, const PodScope& scope, const core::LifecycleHandler& handler, const Place& at) {
  HandlerChoice choice(report, at);
  check_common_handlers(report, choice, handler, at);
  if (choice.takes(handler.sleep.has_value(), "sleep") && scope.grace_seconds) {
    int64_t seconds = handler.sleep->seconds;
    if (seconds < 0 || seconds > *scope.grace_seconds) {
      report.invalid(Place(at, "sleep"), seconds,
                     base::cat({"must be non-negative and less than terminationGracePeriodSeconds (",
                                std::to_string(*scope.grace_seconds), ")"}));
    }
  }
  choice.finish();
}

}  // namespace

void check_liveness_probe(Report& report, const PodScope& scope, const schema::Box<core::Probe>& probe,
                          const Place& at) {
  if (!probe) return;
  check_probe(report, *probe, at);
  if (probe->success_threshold != 1)
    report.invalid(Place(at, "successThreshold"), probe->success_threshold, "must be 1");
}

void check_startup_probe(Report& report, const PodScope& scope, const schema::Box<core::Probe>& probe,
                         const Place& at) {
  check_liveness_probe(report, scope, probe, at);
}

void check_readiness_probe(Report& report, const PodScope& scope, const schema::Box<core::Probe>& probe,
                           const Place& at) {
  if (!probe) return;
  check_probe(report, *probe, at);
  if (probe->termination_grace_period_seconds) {
    report.invalid(Place(at, "terminationGracePeriodSeconds"), *probe->termination_grace_period_seconds,
                   "must not be set for readinessProbes");
  }
}

void check_lifecycle(Report& report, const PodScope& scope, const core::Lifecycle& lifecycle, const Place& at) {
  if (lifecycle.post_start) check_hook(report, scope, *lifecycle.post_start, Place(at, "postStart"));
  if (lifecycle.pre_stop) check_hook(report, scope, *lifecycle.pre_stop, Place(at, "preStop"));
}

}  // namespace apiserver
