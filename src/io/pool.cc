#include "io/pool.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace io {
namespace {
constexpr std::chrono::seconds kIdleThreadLives{10};
}

struct Pool::State {
  int threads_max = 1;

  // Plain standard ones: base::Condition cannot wait with a limit of time.
  std::mutex mutex;
  std::condition_variable work_or_end;
  std::condition_variable thread_ended;
  std::deque<std::function<void()>> queue;
  int threads = 0;
  int idle = 0;
  bool closing = false;

  void work();
};

void Pool::State::work() {
  std::unique_lock lock(mutex);
  for (;;) {
    if (queue.empty()) {
      if (closing) break;
      idle++;
      bool woken = work_or_end.wait_for(lock, kIdleThreadLives, [this] { return !queue.empty() || closing; });
      idle--;
      if (!woken) break;
      continue;
    }
    auto next = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    next();
    next = nullptr;
    lock.lock();
  }
  threads--;
  thread_ended.notify_all();  // with the lock held: the pool may go once it is released
}

Pool::Pool(int threads_max) : state_(std::make_unique<State>()) {
  state_->threads_max = threads_max < 1 ? 1 : threads_max;
}

Pool::~Pool() {
  std::unique_lock lock(state_->mutex);
  state_->closing = true;
  state_->work_or_end.notify_all();
  state_->thread_ended.wait(lock, [this] { return state_->threads == 0; });
}

void Pool::submit(std::function<void()> work) {
  std::lock_guard lock(state_->mutex);
  state_->queue.push_back(std::move(work));
  if (static_cast<int>(state_->queue.size()) > state_->idle && state_->threads < state_->threads_max) {
    state_->threads++;
    std::thread thread([state = state_.get()] { state->work(); });
    pthread_setname_np(thread.native_handle(), "pool");
    thread.detach();
  } else {
    state_->work_or_end.notify_one();
  }
}

void Pool::run_for(Loop& loop, std::function<void()> work, std::function<void()> then) {
  if (loop.is_simulated()) {
    loop.post([work = std::move(work), then = std::move(then)] {
      work();
      then();
    });
    return;
  }
  submit([&loop, work = std::move(work), then = std::move(then)]() mutable {
    work();
    work = nullptr;
    loop.post(std::move(then));
  });
}

}  // namespace io
