// What the commands that run one part alone have in common.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "cli/flags.h"
#include "cli/upstream_flags.h"
#include "client/client.h"
#include "client/lease.h"
#include "io/task.h"

namespace navarch {

// How a part reaches the API.
struct ConnectionOptions {
  std::string kubeconfig;  // "": as a pod does, from its environment
  std::string master;      // instead of the server that the kubeconfig names
};
base::Result<client::Client> connect(const ConnectionOptions& options, const std::string& component);

// The flags of one part. Adds --v, --help, --version and what upstream's has beyond, and reads the command line.
class PartFlags {
 public:
  PartFlags(std::string name, cli::Component component, std::string purpose);

  cli::Flags& flags() { return flags_; }
  // An exit status when there is nothing to run: help was asked for, or the line makes no sense.
  std::optional<int> parse(const std::vector<std::string>& arguments);
  // Once more over values that a configuration file has changed: what the line says counts.
  void parse_again();

 private:
  std::string name_;
  cli::Component component_;
  std::string purpose_;
  std::vector<std::string> arguments_;
  cli::Flags flags_;
  int64_t verbosity_ = 0;
  bool help_ = false;
  bool version_ = false;
};

// The process, and kubernetes_build_info.
void add_common_metrics(base::Metrics& metrics);
// leader_election_master_status; `leads` is borrowed.
void add_leader_metric(base::Metrics& metrics, const std::string& name, const bool* leads);

// Runs `work` on a loop of this thread until it ends, or SIGTERM or SIGINT says so. Its exit status.
int run_part(std::function<io::Task<base::Result<void>>()> work);
// "Error: ..." on standard error, and the exit status of a failure.
int part_failure(const base::Error& error);

// Leader election, as upstream's flags and configurations say it.
struct ElectionFlags {
  bool elect = true;
  std::string resource_name;
  std::string resource_namespace = "kube-system";
  int64_t lease_duration_ns = 15'000'000'000;
  int64_t renew_deadline_ns = 10'000'000'000;
  int64_t retry_period_ns = 2'000'000'000;

  void add_to(cli::Flags& flags);
  base::Result<void> check() const;
};
// Runs `lead` once this process leads (at once without an election), and fails when the lead is lost. `leads` says
// whether it does now.
io::Task<base::Result<void>> run_as_leader(ElectionFlags election, client::Client client, bool* leads,
                                           std::function<io::Task<void>()> lead);

}  // namespace navarch
