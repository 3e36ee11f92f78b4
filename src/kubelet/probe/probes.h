// The probes of one pod's containers, going on at their periods while the containers run. One loop.
//
// Liveness counts as good and readiness as bad until they have been found otherwise; both wait for the startup probe.
// Results are by container id, so a restarted container begins anew.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/random.h"
#include "io/loop.h"
#include "kubelet/api.h"
#include "kubelet/pods/plan.h"
#include "kubelet/probe/prober.h"

namespace kubelet {

enum class ProbeKind : uint8_t { Startup, Readiness, Liveness };
std::string_view probe_title(ProbeKind kind);  // "Startup"

// How often a container's probe was asked, and with what outcome.
struct ProbeCounts {
  uint64_t successful = 0, failed = 0, unknown = 0;
};
using ProbeCountsByContainer = std::map<std::pair<std::string, ProbeKind>, ProbeCounts>;  // by its name

class Probes {
 public:
  // `changed` is called when a result has.
  Probes(Prober& prober, Api& api, base::Random& random, std::function<void()> changed);
  ~Probes();
  Probes(const Probes&) = delete;

  // Makes the set of probes fit what runs: starts those of new containers, ends those of gone ones. `adopted`: the
  // kubelet was restarted and these ran before; they begin at a random moment of their period instead of all at once.
  void follow(const core::Pod& pod, const PodRecord& record, const std::vector<std::string>& pod_ips, bool adopted);
  // Ends them; results stay. Liveness and startup end when the pod begins to end, readiness goes on.
  void stop(ProbeKind kind);
  void stop_all();

  const ProbeResultsById& results() const { return results_; }
  const ProbeCountsByContainer& counts() const { return counts_; }
  // What was known before a restart.
  void seed(const std::string& container_id, ProbeResults results) { results_[container_id] = results; }

 private:
  struct Key {
    std::string container_id;
    ProbeKind kind;
    auto operator<=>(const Key&) const = default;
  };
  io::Task<void> run(ProbeKind kind, core::Probe probe, ProbeTarget target, std::string field, int64_t started_ns,
                     bool adopted);
  bool is_started(const ProbeTarget& target) const;
  void set(const std::string& container_id, ProbeKind kind, Outcome outcome);

  Prober& prober_;
  Api& api_;
  base::Random& random_;
  std::function<void()> changed_;
  ProbeResultsById results_;
  ProbeCountsByContainer counts_;  // of containers of the pod, so of few
  io::Event startup_changed_;
  std::set<ProbeKind> stopped_;
  std::map<Key, std::unique_ptr<io::Scope>> running_;
};

}  // namespace kubelet
