// API priority and fairness: every request falls under a flow schema, takes seats of its priority level, waits for them
// in a fair queue when all are taken, and is sent away when the queue is full. Levels lend seats they do not use.
// Kubernetes documentation, "API Priority and Fairness".
//
// Safe from any loop; the store, the clock and the metrics outlive it, and it outlives the requests.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apiserver/flowcontrol/dump.h"
#include "apiserver/flowcontrol/fair_queue.h"
#include "apiserver/flowcontrol/flow_metrics.h"
#include "apiserver/flowcontrol/work_estimate.h"
#include "apiserver/pipeline/authorizer.h"
#include "apiserver/registry/reader.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace apiserver {

class FlowControl {
  struct Request;

 public:
  // `seats`: of all levels together.
  FlowControl(const Reader& reader, const base::Clock& clock, int seats, base::Metrics& metrics);
  ~FlowControl();

  // The seats of one request; releasing them is their end. Empty for what no schema covers.
  class Seat {
   public:
    Seat();
    Seat(FlowControl& control, std::shared_ptr<Request> request);
    Seat(Seat&& other) noexcept;
    Seat& operator=(Seat&& other) noexcept;
    ~Seat();
    void release();

   private:
    FlowControl* control_ = nullptr;
    std::shared_ptr<Request> request_;
  };
  // What became of a request at the door.
  struct Admitted {
    Seat seat;
    std::string schema_uid;  // "": no schema covers it
    std::string level_uid;
    int retry_after_seconds = 0;  // not 0: there was no place to wait, or it has waited too long
    bool refused() const { return retry_after_seconds != 0; }
  };
  io::Task<base::Result<Admitted>> enter(AuthorizationAttributes asked, Work work);

  // Gives seats that stay taken after their request to those who wait, once they are due; until cancelled. On a loop
  // that outlives this. Without it they are given when the next one comes or goes.
  io::Task<void> run();

  // All levels as they are, by name.
  std::vector<FlowLevelView> view() const;

 private:
  struct Plan;   // schemas by precedence, and the levels' limits, as the store has them
  struct Level;  // one level at work
  struct Applicant;

  io::Task<base::Result<std::shared_ptr<const Plan>>> plan();
  void adopt(const Plan& plan) REQUIRES(mutex_);
  int seats_of(const Level& level) const REQUIRES(mutex_);  // that it may use now
  void start(Request& request) REQUIRES(mutex_);
  void seat_waiting() REQUIRES(mutex_);
  void finish(std::shared_ptr<Request> request);
  void rise(Request& request) REQUIRES(mutex_);
  void rise_late(int64_t now_ns) REQUIRES(mutex_);
  void stir() REQUIRES(mutex_);
  int refuse(Request& request, const char* reason) REQUIRES(mutex_);

  const Reader& reader_;
  const base::Clock& clock_;
  const int seats_;
  FlowMetrics metrics_;
  mutable base::Mutex mutex_;
  std::shared_ptr<const Plan> plan_ GUARDED_BY(mutex_);
  int64_t plan_until_ns_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::unique_ptr<Level>, std::less<>> levels_ GUARDED_BY(mutex_);  // by name
  std::deque<std::shared_ptr<Request>> late_ GUARDED_BY(mutex_);  // answered, with their seats; the first are due first
  io::Loop* loop_ GUARDED_BY(mutex_) = nullptr;                   // set by run()
  io::Event awaited_;  // on that loop: somebody waits and there are late ones
};

}  // namespace apiserver
