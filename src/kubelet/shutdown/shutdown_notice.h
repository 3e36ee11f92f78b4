// The machine's word that it is about to go down, behind a seam: systemd-logind, a fake in tests. One loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/task.h"

namespace kubelet {

class ShutdownNotice {
 public:
  virtual ~ShutdownNotice() = default;
  // Asks the machine to wait for us when it goes down, and listens. An Error when there is nobody to ask.
  virtual base::Result<void> hold() = 0;
  // The next word: true, it is going down; false, it is not after all. An Error when nobody speaks any more.
  virtual io::Task<base::Result<bool>> next() = 0;
  // It need not wait any longer.
  virtual void release() = 0;
};

// logind's delay lock, and its signal PrepareForShutdown, through systemd's own commands: systemd-inhibit holds the
// lock while busctl listens. The lock holds no longer than logind's InhibitDelayMaxSec.
std::vector<std::string> logind_command();
std::unique_ptr<ShutdownNotice> make_command_notice(std::vector<std::string> command = logind_command());

}  // namespace kubelet
