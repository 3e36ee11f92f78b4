// One thread that waits for descriptors, timers and posted work, and sleeps when there is none.
//
// Everything but post() and stop() is called on the loop's own thread. Inside the loop's thread `Loop::current()` is
// the loop, so awaitables need not be told where they live. Timers and watches may outlive their loop: they then
// never fire.
//
// One turn: posted work, wake-ups, timers that are due, descriptors that are ready. What a turn adds is done in the
// next.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

#include "base/clock.h"
#include "base/result.h"
#include "io/task.h"

namespace io {

using Duration = std::chrono::nanoseconds;

// What a descriptor is ready for; a mask.
enum class Ready : uint32_t { None = 0, Read = 1, Write = 2 };
constexpr Ready operator|(Ready a, Ready b) {
  return static_cast<Ready>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
constexpr bool operator&(Ready a, Ready b) {
  return (static_cast<uint32_t>(a) & static_cast<uint32_t>(b)) != 0;
}

class Loop;

// Calls back once when its time has come, unless stopped or destroyed before. Owned by whoever waits.
// The callback may start, stop or destroy the timer.
class Timer {
 public:
  Timer() = default;
  ~Timer() { stop(); }
  Timer(Timer&&) = delete;
  // Replaces what was set before. A past moment fires in the next turn. On the current loop.
  void start(Duration after, std::function<void()> fired);
  void stop();
  bool running() const { return loop_ != nullptr; }

 private:
  friend class Loop;
  Loop* loop_ = nullptr;  // set while running
  int64_t deadline_ns_ = 0;
  uint64_t sequence_ = 0;  // of two with one deadline, the one started first fires first
  size_t place_ = 0;       // in the loop's heap
  std::function<void()> fired_;
};

// Interest in one descriptor, level-triggered; does not own it. Destroying it ends the interest, so it goes before the
// descriptor is closed. One watch for a descriptor. A descriptor that cannot be polled (a regular file) is always
// ready. An error or a hang-up of the descriptor shows as ready for whatever the interest is. The callback may change
// the interest or destroy the watch.
class Watch {
 public:
  Watch(int fd, Ready interest, std::function<void(Ready)> ready);  // on the current loop
  ~Watch();
  Watch(Watch&&) = delete;
  void set_interest(Ready interest);
  Ready interest() const;

 private:
  friend class Loop;
  struct State;
  std::unique_ptr<State> state_;
};

// A place in the loop's queue of what is done in the next turn: a coroutine to be resumed, or a function to be called.
// Destroying it gives up the place. What awaitables are made from: whoever makes a condition true need not fear what
// the resumed coroutine destroys. Costs no allocation.
class Wakeup {
 public:
  Wakeup() = default;
  ~Wakeup() { cancel(); }
  Wakeup(Wakeup&&) = delete;
  // In the next turn of the current loop. Nothing changes if scheduled already.
  void schedule(std::coroutine_handle<> waiting) {
    schedule([](void* address) { std::coroutine_handle<>::from_address(address).resume(); }, waiting.address());
  }
  void schedule(void (*call)(void*), void* argument);
  void cancel();

 private:
  friend class Loop;
  Wakeup* next_ = nullptr;  // a ring through the loop's anchor; null when not in it
  Wakeup* previous_ = nullptr;
  void (*call_)(void*) = nullptr;
  void* argument_ = nullptr;
};

class Loop {
 public:
  static base::Result<std::unique_ptr<Loop>> create();
  // A loop in virtual time: run_until_idle() and advance() do the work, no thread sleeps. For tests; run_task() moves
  // the clock to the next timer instead of waiting for it.
  static std::unique_ptr<Loop> create_simulated(base::FakeClock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The loop whose run() is on this thread's stack, or that was entered; stops the process if there is none.
  static Loop& current();
  static Loop* current_or_null();

  // Makes `loop` current on this thread for a while: to build what lives on a loop before it runs. Nests.
  class Entered {
   public:
    explicit Entered(Loop& loop);
    ~Entered();
    Entered(const Entered&) = delete;

   private:
    Loop* before_;
  };

  // Runs until stop(). Work posted before run() is done first.
  void run();
  // Ends run() soon. From any thread.
  void stop();
  // Runs `work` on the loop's thread, in order of posting. From any thread. What never ran is dropped with the loop.
  void post(std::function<void()> work);

  // Simulated loops only. All that is due now, until nothing more is.
  void run_until_idle();
  // Lets `span` pass, firing timers in their order.
  void advance(Duration span);
  bool is_simulated() const;

  // Runs `task` to its end on this thread and returns its value. For main functions and tests, outside run().
  template <class T>
  T run_task(Task<T> task);

  base::Clock& clock() const;

  // Times the loop has woken from sleep, for tests of idleness.
  uint64_t wakes() const;

 private:
  friend class Timer;
  friend class Watch;
  friend class Wakeup;
  struct State;
  explicit Loop(std::unique_ptr<State> state);
  void run_until(const std::function<bool()>& done);

  std::unique_ptr<State> state_;
};

template <class T>
T Loop::run_task(Task<T> task) {
  bool ended = false;
  std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> value;
  Scope scope;
  auto flow = [](Task<T> inner, bool* done, auto* out) -> Task<void> {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(inner);
    } else {
      out->emplace(co_await std::move(inner));
    }
    *done = true;
  };
  // Started on the loop, so that Loop::current() holds from the first step.
  post([&] { scope.spawn(flow(std::move(task), &ended, &value)); });
  run_until([&] { return ended; });
  if constexpr (!std::is_void_v<T>) return std::move(*value);
}

// co_await sleep(span): comes back after `span`.
class sleep {
 public:
  explicit sleep(Duration span) : span_(span) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    timer_.start(span_, [caller] { caller.resume(); });
  }
  void await_resume() {}

 private:
  Duration span_;
  Timer timer_;
};

// Something happened, told to those who wait. Level: wait() returns at once while set. One loop.
class Event {
 public:
  Event();
  ~Event();  // those who wait then wait for ever; cancel them
  Event(const Event&) = delete;
  void set();  // wakes all that wait, in the loop's next turn; stays set until reset()
  void reset();
  bool is_set() const;
  Task<void> wait();
  // True if set in time, false if `span` passed first.
  Task<bool> wait_for(Duration span);

 private:
  struct State;
  struct Waiting;
  static Task<void> wait_on(std::shared_ptr<State> state);
  static Task<bool> wait_on_for(std::shared_ptr<State> state, Duration span);

  std::shared_ptr<State> state_;
};

namespace detail {
template <class T>
Task<void> settle(Task<T> task, std::optional<T>* value, Event* settled) {
  value->emplace(co_await std::move(task));
  settled->set();
}
inline Task<void> settle(Task<void> task, bool* ended, Event* settled) {
  co_await std::move(task);
  *ended = true;
  settled->set();
}
}  // namespace detail

// Ends a task that takes too long: its value, or nothing when `span` passed first (the task is then cancelled).
template <class T>
Task<std::optional<T>> with_timeout(Duration span, Task<T> task) {
  std::optional<T> value;
  Event settled;
  Timer timer;
  Scope scope;
  timer.start(span, [&settled] { settled.set(); });
  scope.spawn(detail::settle(std::move(task), &value, &settled));
  if (!settled.is_set()) co_await settled.wait();
  co_return std::move(value);
}

// The same for a task without a value: true if it ended in time.
inline Task<bool> with_timeout(Duration span, Task<void> task) {
  bool ended = false;
  Event settled;
  Timer timer;
  Scope scope;
  timer.start(span, [&settled] { settled.set(); });
  scope.spawn(detail::settle(std::move(task), &ended, &settled));
  if (!settled.is_set()) co_await settled.wait();
  co_return ended;
}

}  // namespace io
