// Where audit events go, and when: at once or in batches. Kubernetes documentation, "Auditing", "Audit backends" and
// "Event batching".
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace apiserver {

// What keeps events in the end: a file, a server.
class AuditBackend {
 public:
  virtual ~AuditBackend() = default;
  // Keeps events, each as JSON; false when they are lost. On one loop at a time.
  virtual io::Task<bool> write(std::vector<std::string> events) = 0;
  // The same at once, where that needs no waiting. Safe from any thread.
  enum class Now : uint8_t { Kept, Lost, Cannot };
  virtual Now write_now(const std::string& event) = 0;
};

enum class AuditMode : uint8_t {
  Batch,           // requests never wait; what does not fit is dropped
  Blocking,        // requests wait until their events are kept or lost
  BlockingStrict,  // and are refused when the first is lost
};
// "batch", "blocking", "blocking-strict"; BadRequest for others.
base::Result<AuditMode> audit_mode(std::string_view text);

struct AuditDelivery {
  AuditMode mode = AuditMode::Batch;
  // Of batches:
  int64_t waiting_max = 10'000;  // events
  int64_t batch_max = 400;
  int64_t batch_wait_ns = 30'000'000'000;  // that the first of a batch waits for others at most
  bool throttles = true;
  double batches_per_second = 10;
  int64_t burst = 15;
  // Of large ones:
  bool truncates = false;
  int64_t event_bytes_max = 102'400;  // larger ones come without their objects
  int64_t batch_bytes_max = 10'485'760;

  // BadRequest when it makes no sense; `flag` begins the flags' names: "audit-log".
  base::Result<void> validate(std::string_view flag) const;
};

// Safe from any thread.
class AuditSink {
 public:
  AuditSink(std::unique_ptr<AuditBackend> backend, AuditDelivery delivery, const base::Clock& clock);

  // Events that are larger come without their objects; 0: never.
  size_t event_bytes_max() const { return delivery_.truncates ? static_cast<size_t>(delivery_.event_bytes_max) : 0; }
  bool is_strict() const { return delivery_.mode == AuditMode::BlockingStrict; }

  // Comes back when whoever made the event may go on; false when it is lost.
  io::Task<bool> deliver(std::string event_json);
  // Does not wait in any mode.
  void take(const std::string& event_json);

  // Sends what waits until cancelled. On a loop that outlives this.
  io::Task<void> run();
  // Sends all that still waits, once; after run() was cancelled, on its loop.
  io::Task<void> drain();

 private:
  bool queue(const std::string& event_json);
  std::vector<std::string> next_batch();
  io::Task<void> wait_for_turn();

  const std::unique_ptr<AuditBackend> backend_;
  const AuditDelivery delivery_;
  const base::Clock& clock_;
  // On the loop of run().
  io::Event due_;   // something waits
  io::Event full_;  // a batch does
  double turns_;    // batches that may be sent at once
  int64_t turns_at_ns_ = 0;

  base::Mutex mutex_;
  io::Loop* loop_ GUARDED_BY(mutex_) = nullptr;  // set by run()
  std::deque<std::string> waiting_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
