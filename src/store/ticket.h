// A flow that waits for another thread of the store: the flow keeps the ticket, the other thread completes it, the
// flow's loop resumes it. If the flow is cancelled meanwhile, completing the ticket does nothing.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/loop.h"

namespace store {

class Ticket {
 public:
  Ticket() : loop_(io::Loop::current()) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  io::Loop& loop() const { return loop_; }
  // Before complete(): what the flow gets. By the one thread that will complete it.
  void set_error(base::Error error) { error_ = std::move(error); }
  // Resumes the flow. On the ticket's loop; the second time it does nothing.
  void complete() {
    done_ = true;
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }
  bool done() const { return done_; }

  // co_await ticket->wait(): on the ticket's loop, by one flow.
  class Wait {
   public:
    explicit Wait(std::shared_ptr<Ticket> ticket) : ticket_(std::move(ticket)) {}
    Wait(const Wait&) = delete;
    ~Wait() { ticket_->waiter_ = nullptr; }
    bool await_ready() const { return ticket_->done_; }
    void await_suspend(std::coroutine_handle<> caller) { ticket_->waiter_ = caller; }
    base::Result<void> await_resume() {
      if (ticket_->error_) return base::fail(*ticket_->error_);
      return {};
    }

   private:
    std::shared_ptr<Ticket> ticket_;
  };
  static Wait wait(std::shared_ptr<Ticket> ticket) { return Wait(std::move(ticket)); }

 private:
  io::Loop& loop_;
  std::optional<base::Error> error_;
  std::coroutine_handle<> waiter_;  // on the loop
  bool done_ = false;               // on the loop
};
using TicketRef = std::shared_ptr<Ticket>;

class Station;

// Who has to hear of a change. Gathered under a lock, sent without one: one post per loop, however many wait there.
class [[nodiscard]] Wakeups {
 public:
  void add(TicketRef ticket) { tickets_.push_back(std::move(ticket)); }
  void add(std::shared_ptr<Station> station) { stations_.push_back(std::move(station)); }
  void send();

 private:
  std::vector<TicketRef> tickets_;
  std::vector<std::shared_ptr<Station>> stations_;
};

}  // namespace store
