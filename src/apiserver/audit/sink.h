// Where audit events go.
#pragma once

#include <cstdio>
#include <deque>
#include <memory>
#include <string>

#include "apiserver/outbound/post.h"
#include "base/mutex.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace apiserver {

// Safe from any thread; never waits for what is far away.
class AuditSink {
 public:
  virtual ~AuditSink() = default;
  virtual void take(const std::string& event_json) = 0;

  // Events that are larger come without their objects; 0: never.
  size_t event_bytes_max() const { return event_bytes_max_; }
  void set_event_bytes_max(size_t bytes) { event_bytes_max_ = bytes; }

 private:
  size_t event_bytes_max_ = 0;  // constant once it is in use
};

// One event a line, at the end of a file; "-" is the standard output. When the file would exceed its size it is put
// aside under a name with the time, and the oldest of those beyond `backups_max` are removed.
class AuditLog final : public AuditSink {
 public:
  struct Options {
    std::string path;
    size_t bytes_max = size_t{100} << 20;  // 0: no bound
    size_t backups_max = 0;                // 0: all are kept
  };
  static base::Result<std::unique_ptr<AuditLog>> open(Options options);
  ~AuditLog() override;
  void take(const std::string& event_json) override;

 private:
  AuditLog(Options options, int fd, size_t bytes) : options_(std::move(options)), fd_(fd), bytes_(bytes) {}
  void rotate() REQUIRES(mutex_);

  const Options options_;
  base::Mutex mutex_;
  int fd_ GUARDED_BY(mutex_);
  size_t bytes_ GUARDED_BY(mutex_);
};

// Events in batches to a server. What it does not take in time is dropped: the API server is not slowed by who watches
// it.
class AuditWebhook final : public AuditSink {
 public:
  static constexpr size_t kWaitingMax = 10'000;
  static constexpr size_t kBatchMax = 400;
  explicit AuditWebhook(Destination server) : server_(std::move(server)) {}
  void take(const std::string& event_json) override;
  // Sends until cancelled. On a loop that outlives this.
  io::Task<void> run();

 private:
  const Destination server_;
  io::Loop* loop_ = nullptr;  // set by run()
  io::Event due_;             // on that loop
  base::Mutex mutex_;
  std::deque<std::string> waiting_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
