// Keeps the copies of all containers' logs up to date. It sleeps while nobody writes: the kernel tells when a source
// has grown. One loop.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "io/loop.h"
#include "io/pool.h"
#include "io/task.h"
#include "kubelet/runtime/docker/log_copy.h"

namespace kubelet::docker {

class LogCopier {
 public:
  // `directory` is for what must be remembered over a restart. On the loop that it lives on.
  static base::Result<std::unique_ptr<LogCopier>> create(std::string directory, io::Pool& pool);
  ~LogCopier();
  LogCopier(const LogCopier&) = delete;
  LogCopier& operator=(const LogCopier&) = delete;

  // Begins, or goes on where it was left off. Nothing changes for one that is followed already, or was until rest().
  enum class Container : uint8_t { JustStarted, Known };
  void follow(const std::string& id, std::string source, std::string target, Container container);
  // Returns once all that the source has now is copied, or it cannot be.
  io::Task<void> drain(std::string id);
  // NotFound for one that is not followed.
  io::Task<base::Result<void>> reopen(std::string id);
  // The container has ended and its log is complete: nothing more is waited for.
  void rest(const std::string& id);
  // The container is removed.
  void forget(const std::string& id);

 private:
  struct Log;
  LogCopier(std::string directory, io::Pool& pool, int notify);
  void on_notice();
  io::Task<void> keep_up(std::shared_ptr<Log> log);

  const std::string directory_;
  io::Pool& pool_;
  int notify_;  // inotify
  std::map<std::string, std::shared_ptr<Log>, std::less<>> logs_;
  std::set<std::string, std::less<>> complete_;
  std::map<int, std::weak_ptr<Log>> by_watch_;
  std::unique_ptr<io::Watch> watch_;
};

}  // namespace kubelet::docker
