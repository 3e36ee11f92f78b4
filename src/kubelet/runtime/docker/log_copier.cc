#include "kubelet/runtime/docker/log_copier.h"

#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.h"

namespace kubelet::docker {

struct LogCopier::Log {
  std::string id;
  std::shared_ptr<LogCopy> copy;  // shared with what runs on the pool
  int watch = -1;
  bool rotated = false;  // the watched file is no longer the source
  bool begins = false;   // its container has just been started
  io::Event due;
  uint64_t asked = 0, done = 0;
  io::Event progressed;
  io::Scope scope;  // last
};

base::Result<std::unique_ptr<LogCopier>> LogCopier::create(std::string directory, io::Pool& pool) {
  int notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (notify < 0) return base::fail(base::system_error("inotify_init1", errno));
  return std::unique_ptr<LogCopier>(new LogCopier(std::move(directory), pool, notify));
}

LogCopier::LogCopier(std::string directory, io::Pool& pool, int notify)
    : directory_(std::move(directory)), pool_(pool), notify_(notify) {
  watch_ = std::make_unique<io::Watch>(notify_, io::Ready::Read, [this](io::Ready) { on_notice(); });
}

LogCopier::~LogCopier() {
  watch_.reset();
  for (auto& [id, log] : logs_) log->scope.cancel();
  close(notify_);
}

void LogCopier::on_notice() {
  alignas(inotify_event) char buffer[16 * 1024];
  ssize_t size;
  while ((size = read(notify_, buffer, sizeof buffer)) > 0) {
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof *event + event->len);
      if ((event->mask & IN_Q_OVERFLOW) != 0)
        for (auto& [id, log] : logs_) log->due.set();
      auto found = by_watch_.find(event->wd);
      auto log = found == by_watch_.end() ? nullptr : found->second.lock();
      if (log == nullptr) continue;
      if ((event->mask & (IN_MOVE_SELF | IN_DELETE_SELF)) != 0) log->rotated = true;
      log->due.set();
    }
  }
}

void LogCopier::follow(const std::string& id, std::string source, std::string target, Container container) {
  if (complete_.contains(id)) return;
  auto& log = logs_[id];
  if (log != nullptr) return;
  log = std::make_shared<Log>();
  log->id = id;
  log->copy = std::make_shared<LogCopy>(std::move(source), std::move(target), directory_ + "/" + id);
  log->rotated = true;  // nothing is watched yet
  log->begins = container == Container::JustStarted;
  log->due.set();
  log->scope.spawn(keep_up(log));
}

// What comes while it copies makes it due again.
io::Task<void> LogCopier::keep_up(std::shared_ptr<Log> shared) {
  Log* log = shared.get();
  shared.reset();  // the frame is the log's own; it must not keep it
  for (;;) {
    co_await log->due.wait();
    log->due.reset();
    uint64_t goal = log->asked;
    if (log->rotated) {
      if (log->watch >= 0) {
        by_watch_.erase(log->watch);
        inotify_rm_watch(notify_, log->watch);
      }
      log->watch = inotify_add_watch(notify_, log->copy->source().c_str(), IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF);
      log->rotated = log->watch < 0;
      if (log->watch >= 0) by_watch_[log->watch] = logs_[log->id];
    }
    if (std::exchange(log->begins, false)) {
      auto begun = co_await pool_.run([copy = log->copy] { return copy->begin(); });
      if (!begun)
        LOG_WARNING("Cannot begin the log of a container", {"container", log->id}, {"err", begun.error().message()});
    }
    for (bool more = true; more;) {
      auto copied = co_await pool_.run([copy = log->copy] { return copy->step(); });
      if (!copied && copied.error().code() != base::Code::NotFound)
        LOG_WARNING("Cannot copy the log of a container", {"container", log->id}, {"err", copied.error().message()});
      more = copied && *copied;
    }
    log->done = goal;
    log->progressed.set();
  }
}

io::Task<void> LogCopier::drain(std::string id) {
  auto found = logs_.find(id);
  if (found == logs_.end()) co_return;
  auto log = found->second;
  uint64_t goal = ++log->asked;
  log->due.set();
  while (log->done < goal && logs_.contains(id)) {
    log->progressed.reset();
    co_await log->progressed.wait();
  }
}

io::Task<base::Result<void>> LogCopier::reopen(std::string id) {
  auto found = logs_.find(id);
  if (found == logs_.end()) co_return base::fail(base::Code::NotFound, "no log of container " + id + " is followed");
  co_return co_await pool_.run([copy = found->second->copy] { return copy->reopen(); });
}

void LogCopier::rest(const std::string& id) {
  auto found = logs_.find(id);
  if (found == logs_.end()) return;
  auto log = found->second;
  complete_.insert(id);
  log->scope.cancel();
  if (log->watch >= 0) {
    by_watch_.erase(log->watch);
    inotify_rm_watch(notify_, log->watch);
  }
  log->done = UINT64_MAX;
  log->progressed.set();
  logs_.erase(found);
}

void LogCopier::forget(const std::string& id) {
  auto found = logs_.find(id);
  if (found != logs_.end()) {
    found->second->copy->forget();
    rest(id);
  } else {
    unlink((directory_ + "/" + id).c_str());
  }
  complete_.erase(id);
}

}  // namespace kubelet::docker
