// Tells coroutines to look again: co_await notice.wait() comes back after the next notify(). Edge, not level: wait in a
// loop that checks its condition. Costs no allocation. One loop.
#pragma once

#include <coroutine>

#include "io/loop.h"

namespace io {

class Notice {
 public:
  class Waiting {
   public:
    explicit Waiting(Notice& notice) : notice_(&notice) {}
    Waiting(const Waiting&) = delete;
    ~Waiting() { leave(); }
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
      caller_ = caller;
      next_ = notice_->first_;
      if (next_ != nullptr) next_->previous_ = this;
      notice_->first_ = this;
      listed_ = true;
    }
    void await_resume() {}

   private:
    friend class Notice;
    void leave() {
      if (!listed_) return;
      listed_ = false;
      if (next_ != nullptr) next_->previous_ = previous_;
      (previous_ != nullptr ? previous_->next_ : notice_->first_) = next_;
      next_ = previous_ = nullptr;
    }

    Notice* notice_;
    std::coroutine_handle<> caller_;
    Wakeup wakeup_;
    bool listed_ = false;
    Waiting* next_ = nullptr;
    Waiting* previous_ = nullptr;
  };

  Notice() = default;
  Notice(const Notice&) = delete;
  ~Notice() {
    while (first_ != nullptr) first_->leave();  // they wait for ever, until cancelled
  }
  Waiting wait() { return Waiting(*this); }
  // Those who wait come back in the loop's next turn.
  void notify() {
    while (first_ != nullptr) {
      Waiting* waiting = first_;
      waiting->leave();
      waiting->wakeup_.schedule(waiting->caller_);
    }
  }

 private:
  Waiting* first_ = nullptr;
};

}  // namespace io
