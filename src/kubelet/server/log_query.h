// Logs of the node's services: /logs/?query=SERVICE, from the journal or from files below /var/log, and
// /logs/?query=/FILE. Kubernetes documentation, "System Logs", "Log query".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/http.h"
#include "io/task.h"
#include "kubelet/server/parameters.h"

namespace kubelet {

struct LogQuery {
  std::vector<std::string> services;
  std::vector<std::string> files;  // what has a slash in it
  std::optional<base::Time> since, until;
  std::optional<int64_t> tail_lines;
  std::optional<int64_t> boot;  // 0: this one; -1: the one before
  std::string pattern;

  bool has_options() const { return since || until || tail_lines || boot || !pattern.empty(); }
};

// Nothing when the parameters ask for no such thing. BadRequest for what cannot be read.
base::Result<std::optional<LogQuery>> parse_log_query(const Parameters& parameters);
// Invalid for what makes no sense together, for names that no service has, for a file that is not below `root`.
base::Result<void> check_log_query(const LogQuery& query, const std::string& root);
// How journalctl(1) is asked for `services`.
std::vector<std::string> journal_command(const LogQuery& query, const std::vector<std::string>& services);

// Answers a query for services that was checked. Ends after half a minute, whatever has come by then.
io::Task<void> serve_log_query(LogQuery query, std::string root, io::ResponseWriter& writer);

}  // namespace kubelet
