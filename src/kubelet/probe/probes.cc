#include "kubelet/probe/probes.h"

#include "base/strings.h"

namespace kubelet {
namespace {

Outcome& slot(ProbeResults& results, ProbeKind kind) {
  return kind == ProbeKind::Startup     ? results.startup
         : kind == ProbeKind::Readiness ? results.readiness
                                        : results.liveness;
}

}  // namespace

std::string_view probe_title(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::Startup:
      return "Startup";
    case ProbeKind::Readiness:
      return "Readiness";
    case ProbeKind::Liveness:
      break;
  }
  return "Liveness";
}

Probes::Probes(Prober& prober, Api& api, base::Random& random, std::function<void()> changed)
    : prober_(prober), api_(api), random_(random), changed_(std::move(changed)) {}
Probes::~Probes() = default;

void Probes::follow(const core::Pod& pod, const PodRecord& record, const std::vector<std::string>& pod_ips,
                    bool adopted) {
  std::set<Key> wanted;
  auto look = [&](const core::Container& container, std::string_view list) {
    auto* now = record.newest(container.name);
    if (now == nullptr || !now->is_running()) return;
    auto begin = [&](ProbeKind kind, const schema::Box<core::Probe>& probe) {
      if (!probe || stopped_.contains(kind)) return;
      Key key{now->id, kind};
      wanted.insert(key);
      if (running_.contains(key)) return;
      ProbeTarget target{.pod = pod,
                         .container = container,
                         .container_id = now->id,
                         .pod_ip = pod_ips.empty() ? "" : pod_ips.front()};
      auto& scope = running_[key] = std::make_unique<io::Scope>();
      std::string field = base::cat({"spec.", list, "{", container.name, "}"});
      scope->spawn(run(kind, *probe, std::move(target), std::move(field), now->started_ns, adopted));
    };
    begin(ProbeKind::Startup, container.startup_probe);
    begin(ProbeKind::Readiness, container.readiness_probe);
    begin(ProbeKind::Liveness, container.liveness_probe);
  };
  for (auto& container : pod.spec.containers) look(container, "containers");
  for (auto& container : pod.spec.init_containers)
    if (is_sidecar(container)) look(container, "initContainers");
  std::erase_if(running_, [&](auto& one) { return !wanted.contains(one.first); });
  std::erase_if(results_, [&](auto& one) {
    for (auto& container : record.containers)
      if (container.id == one.first) return false;
    return true;
  });
}

void Probes::stop(ProbeKind kind) {
  stopped_.insert(kind);
  std::erase_if(running_, [&](auto& one) { return one.first.kind == kind; });
}

void Probes::stop_all() {
  for (auto kind : {ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness}) stop(kind);
}

bool Probes::is_started(const ProbeTarget& target) const {
  if (!target.container.startup_probe) return true;
  auto found = results_.find(target.container_id);
  return found != results_.end() && found->second.startup == Outcome::Success;
}

void Probes::set(const std::string& container_id, ProbeKind kind, Outcome outcome) {
  auto& now = slot(results_[container_id], kind);
  if (now == outcome) return;
  now = outcome;
  if (kind == ProbeKind::Startup) startup_changed_.set();
  changed_();
}

io::Task<void> Probes::run(ProbeKind kind, core::Probe probe, ProbeTarget target, std::string field, int64_t started_ns,
                           bool adopted) {
  auto period = std::chrono::seconds(std::max(probe.period_seconds, 1));
  if (adopted)
    co_await io::sleep(
        std::chrono::nanoseconds(random_.below(static_cast<uint64_t>(std::chrono::nanoseconds(period).count()))));
  int64_t waited = io::Loop::current().clock().wall_ns() - started_ns;
  int64_t delay = int64_t{probe.initial_delay_seconds} * 1'000'000'000 - waited;
  if (delay > 0) co_await io::sleep(std::chrono::nanoseconds(delay));
  if (kind == ProbeKind::Readiness && !adopted) set(target.container_id, kind, Outcome::Failure);
  while (kind != ProbeKind::Startup && !is_started(target)) {
    startup_changed_.reset();
    co_await startup_changed_.wait();
  }
  if (kind == ProbeKind::Startup && is_started(target)) co_return;

  int successes = 0, failures = 0;
  for (;;) {
    auto answer = co_await prober_.probe(probe, target);
    auto& counts = counts_[{target.container.name, kind}];
    switch (answer.verdict) {
      case ProbeAnswer::Verdict::Success:
        ++counts.successful;
        failures = 0;
        if (++successes >= std::max(probe.success_threshold, 1)) set(target.container_id, kind, Outcome::Success);
        if (kind == ProbeKind::Startup && is_started(target)) co_return;
        break;
      case ProbeAnswer::Verdict::Failure:
        ++counts.failed;
        api_.event(target.pod, true, "Unhealthy", std::string(probe_title(kind)) + " probe failed: " + answer.output,
                   field);
        successes = 0;
        if (++failures >= std::max(probe.failure_threshold, 1)) {
          set(target.container_id, kind, Outcome::Failure);
          // The container is going to be stopped; there is nothing more to find out.
          if (kind != ProbeKind::Readiness) co_return;
        }
        break;
      case ProbeAnswer::Verdict::Unknown:
        ++counts.unknown;
        api_.event(target.pod, true, "Unhealthy", std::string(probe_title(kind)) + " probe errored: " + answer.output,
                   field);
        break;
    }
    co_await io::sleep(period);
  }
}

}  // namespace kubelet
