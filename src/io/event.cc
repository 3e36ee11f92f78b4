#include <coroutine>
#include <memory>

#include "io/loop.h"

namespace io {

struct Event::State {
  bool set = false;
  Waiting* first = nullptr;
};

// One who waits; in the event's list until set, then in the loop's queue.
struct Event::Waiting {
  explicit Waiting(State& state) : state(&state) {}
  ~Waiting() { leave(); }
  Waiting(const Waiting&) = delete;

  bool await_ready() const { return state->set; }
  void await_suspend(std::coroutine_handle<> caller) {
    handle = caller;
    listed = true;
    next = state->first;
    if (next != nullptr) next->previous = this;
    state->first = this;
  }
  void await_resume() {}
  void leave() {
    if (!listed) return;
    listed = false;
    if (previous != nullptr) previous->next = next;
    if (next != nullptr) next->previous = previous;
    if (state->first == this) state->first = next;
    next = previous = nullptr;
  }

  State* state;
  std::coroutine_handle<> handle;
  bool listed = false;
  Waiting* next = nullptr;
  Waiting* previous = nullptr;
  Wakeup wakeup;
};

Event::Event() : state_(std::make_shared<State>()) {}
Event::~Event() = default;

void Event::set() {
  state_->set = true;
  while (state_->first != nullptr) {
    Waiting* waiting = state_->first;
    waiting->leave();
    waiting->wakeup.schedule(waiting->handle);
  }
}

void Event::reset() {
  state_->set = false;
}
bool Event::is_set() const {
  return state_->set;
}

Task<void> Event::wait_on(std::shared_ptr<State> state) {
  Waiting waiting(*state);
  co_await waiting;
}

Task<bool> Event::wait_on_for(std::shared_ptr<State> state, Duration span) {
  Waiting waiting(*state);
  if (state->set) co_return true;
  bool passed = false;
  Timer timer;
  timer.start(span, [&waiting, &passed] {
    if (!waiting.listed) return;  // set in this very turn
    passed = true;
    waiting.leave();
    waiting.handle.resume();
  });
  co_await waiting;
  co_return !passed;
}

Task<void> Event::wait() {
  return wait_on(state_);
}
Task<bool> Event::wait_for(Duration span) {
  return wait_on_for(state_, span);
}

}  // namespace io
