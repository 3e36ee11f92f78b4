// A bounded set of threads for what blocks: fsync, mount, waiting for a child, reading a directory.
// Safe from any thread. Destroyed before the loops that wait for it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

#include "io/loop.h"

namespace io {

class Pool {
 public:
  explicit Pool(int threads_max);  // threads start when needed and end when idle for a while
  ~Pool();                         // waits for what runs and what is queued
  Pool(const Pool&) = delete;

  // co_await pool.run(work): runs `work` on a pool thread and comes back to the current loop with its result.
  // If the waiting task is cancelled the work still runs to its end; its result is dropped.
  // On a simulated loop the work runs on the loop itself, in its next turn.
  template <class Work>
  auto run(Work work) -> Task<std::invoke_result_t<Work>>;

  // Puts `work` in the queue.
  void submit(std::function<void()> work);

 private:
  struct State;
  // Runs `work` here or on the loop, then `then` on `loop`.
  void run_for(Loop& loop, std::function<void()> work, std::function<void()> then);

  std::unique_ptr<State> state_;
};

template <class Work>
auto Pool::run(Work work) -> Task<std::invoke_result_t<Work>> {
  using Value = std::invoke_result_t<Work>;
  struct Shared {
    explicit Shared(Work work) : work(std::move(work)) {}
    Work work;
    std::optional<std::conditional_t<std::is_void_v<Value>, bool, Value>> value;
    Event done;
  };
  auto shared = std::make_shared<Shared>(std::move(work));
  run_for(
      Loop::current(),
      [shared] {
        if constexpr (std::is_void_v<Value>) {
          shared->work();
        } else {
          shared->value.emplace(shared->work());
        }
      },
      [shared] { shared->done.set(); });
  co_await shared->done.wait();
  if constexpr (!std::is_void_v<Value>) co_return std::move(*shared->value);
}

}  // namespace io
