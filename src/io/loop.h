// One thread that waits for descriptors, timers and posted work, and sleeps when there is none.
//
// Everything but post() and stop() is called on the loop's own thread. Inside the loop's thread `Loop::current()` is
// the loop, so awaitables need not be told where they live.
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
constexpr Ready operator|(Ready a, Ready b) { return static_cast<Ready>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b)); }
constexpr bool operator&(Ready a, Ready b) { return (static_cast<uint32_t>(a) & static_cast<uint32_t>(b)) != 0; }

class Loop;

// Calls back once when its time has come, unless stopped or destroyed before. Owned by whoever waits.
class Timer {
 public:
  Timer();
  ~Timer();
  Timer(Timer&&) = delete;
  // Replaces what was set before. A past moment fires in the next turn.
  void start(Duration after, std::function<void()> fired);
  void stop();
  bool running() const;

 private:
  friend class Loop;
  struct State;
  std::unique_ptr<State> state_;
};

// Interest in one descriptor, level-triggered; does not own it. Destroying it ends the interest.
class Watch {
 public:
  Watch(int fd, Ready interest, std::function<void(Ready)> ready);  // on the current loop
  ~Watch();
  Watch(Watch&&) = delete;
  void set_interest(Ready interest);

 private:
  friend class Loop;
  struct State;
  std::unique_ptr<State> state_;
};

class Loop {
 public:
  static base::Result<std::unique_ptr<Loop>> create();
  // A loop in virtual time: run_until_idle() and advance() do the work, no thread sleeps. For tests; the clock moves
  // to the next timer instead of waiting for it.
  static std::unique_ptr<Loop> create_simulated(base::FakeClock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The loop whose run() is on this thread's stack; stops the process if there is none.
  static Loop& current();

  // Runs until stop(). Work posted before run() is done first.
  void run();
  // Ends run() soon. From any thread.
  void stop();
  // Runs `work` on the loop's thread, in order of posting. From any thread.
  void post(std::function<void()> work);

  // Simulated loops only. All that is due now, until nothing more is.
  void run_until_idle();
  // Lets `span` pass, firing timers in their order.
  void advance(Duration span);

  // Runs `task` to its end on this thread and returns its value. For main functions and tests, outside run().
  template <class T>
  T run_task(Task<T> task);

  base::Clock& clock() const;

 private:
  friend class Timer;
  friend class Watch;
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
  void await_suspend(std::coroutine_handle<> caller) { timer_.start(span_, [caller] { caller.resume(); }); }
  void await_resume() {}

 private:
  Duration span_;
  Timer timer_;
};

// Something happened, told to those who wait. Level: wait() returns at once while set.
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  void set();    // wakes all that wait, in the loop's next turn; stays set until reset()
  void reset();
  bool is_set() const;
  Task<void> wait();
  // True if set in time, false if `span` passed first.
  Task<bool> wait_for(Duration span);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Ends a task that takes too long: its value, or nothing when `span` passed first (the task is then cancelled).
template <class T>
Task<std::optional<T>> with_timeout(Duration span, Task<T> task);

// A bounded set of threads for what blocks: fsync, mount, waiting for a child, reading a directory.
class Pool {
 public:
  explicit Pool(int threads_max);  // threads start when needed and end when idle for a while
  ~Pool();                         // waits for what runs
  Pool(const Pool&) = delete;

  // co_await pool.run(work): runs `work` on a pool thread and comes back to the current loop with its result.
  // If the waiting task is cancelled the work still runs to its end; its result is dropped.
  template <class Work>
  auto run(Work work) -> Task<std::invoke_result_t<Work>>;

  // Puts `work` in the queue; when done `then` is posted to `loop`.
  void submit(std::function<void()> work);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace io
