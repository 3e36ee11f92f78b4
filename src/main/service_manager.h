// What the service manager that started this process is told of it: sd_notify(3), without which a unit of
// Type=notify never starts and one with WatchdogSec= is ended. Nothing is said when nobody asked for it.
#pragma once

#include <string>
#include <vector>

#include "io/loop.h"
#include "io/task.h"

namespace navarch {

class ServiceManager {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no child speaks in our name.
  // Before there are threads.
  static ServiceManager from_environment();

  void ready() const { tell("READY=1"); }
  void stopping() const { tell("STOPPING=1"); }
  // Says that the process is well, twice in the time that the manager gives, each time once all of `loops` have
  // answered. Until cancelled; returns at once without a watchdog. The loops are borrowed; this one outlives them.
  io::Task<void> feed_watchdog(std::vector<io::Loop*> loops) const;

 private:
  void tell(const std::string& state) const;

  std::string socket_;                            // "": nobody listens; "@name" is abstract
  io::Duration watchdog_ = io::Duration::zero();  // zero: none
};

}  // namespace navarch
