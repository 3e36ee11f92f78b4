// API priority and fairness: every request falls under a flow schema, takes a seat of its priority level, waits for one
// in a fair queue when all are taken, and is sent away when the queue is full. Levels lend seats they do not use.
// Kubernetes documentation, "API Priority and Fairness".
//
// Safe from any loop; the store and the clock outlive it, and it outlives the requests.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apiserver/flowcontrol/fair_queue.h"
#include "apiserver/pipeline/authorizer.h"
#include "apiserver/registry/reader.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "io/task.h"

namespace apiserver {

class FlowControl {
 public:
  // `seats`: requests at once, of all levels.
  FlowControl(const Reader& reader, const base::Clock& clock, int seats);
  ~FlowControl();

  // A seat; rising is its end. Empty for what is not limited.
  class Seat {
   public:
    Seat() = default;
    Seat(FlowControl* control, std::string level) : control_(control), level_(std::move(level)) {}
    Seat(Seat&& other) noexcept : control_(std::exchange(other.control_, nullptr)), level_(std::move(other.level_)) {}
    Seat& operator=(Seat&& other) noexcept {
      std::swap(control_, other.control_);
      std::swap(level_, other.level_);
      return *this;
    }
    ~Seat() {
      if (control_ != nullptr) control_->rise(level_);
    }

   private:
    FlowControl* control_ = nullptr;
    std::string level_;
  };
  struct Admitted {
    Seat seat;
    std::string schema_uid;
    std::string level_uid;
  };
  // TooManyRequests when there is no place to wait, or when it has waited too long.
  io::Task<base::Result<Admitted>> enter(AuthorizationAttributes asked);

 private:
  struct Plan;   // schemas by precedence, and the levels' limits, as the store has them
  struct Level;  // one level at work
  struct Applicant;

  io::Task<base::Result<std::shared_ptr<const Plan>>> plan();
  void adopt(const Plan& plan) REQUIRES(mutex_);
  int seats_of(const Level& level) const REQUIRES(mutex_);  // that it may use now
  void seat_waiting() REQUIRES(mutex_);
  void rise(const std::string& level);

  const Reader& reader_;
  const base::Clock& clock_;
  const int seats_;
  base::Mutex mutex_;
  std::shared_ptr<const Plan> plan_ GUARDED_BY(mutex_);
  int64_t plan_until_ns_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::unique_ptr<Level>, std::less<>> levels_ GUARDED_BY(mutex_);  // by name
};

}  // namespace apiserver
