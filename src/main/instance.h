// The one cluster of this machine: whether it runs, and how it is started in the background and stopped.
//
// A running instance holds a lock on its pid file; the lock ends with the process, however it ends, so a stale file
// deceives nobody.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace navarch {

class Instance {
 public:
  explicit Instance(std::string run_directory) : directory_(std::move(run_directory)) {}

  // The process that runs it, if one does. One that was killed is waited for, up to 5 seconds.
  std::optional<pid_t> running() const;

  // Takes the lock and writes the pid, for the rest of this process' life. AlreadyExists when another one runs.
  base::Result<void> claim();

  // Starts `arguments` (argv[0] is this program) in a session of its own, its output appended to `log_path`, and hands
  // each line that it reports through report() to `progress` until it says that it is ready. Unavailable, with the last
  // lines of its log, if it ends before.
  base::Result<void> start_detached(std::vector<std::string> arguments, const std::string& log_path,
                                    const std::function<void(const std::string&)>& progress);

  // Asks it to end (SIGTERM) and waits; Timeout when it still runs after `seconds`.
  base::Result<void> stop(int seconds);

 private:
  std::optional<pid_t> holder() const;  // of the lock
  std::string pid_path() const { return directory_ + "/navarch.pid"; }

  std::string directory_;
};

// From inside the started process: a line of progress to whoever started it, and that all is ready. No one there:
// nothing.
void report(const std::string& line);
void report_ready();

}  // namespace navarch
