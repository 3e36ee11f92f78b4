// A long flow as a coroutine: a pod's life, a probe, a watch.
//
//   io::Task<base::Result<int>> answer(Client& client) {
//     CO_TRY(auto pod, co_await client.get("a"));
//     co_await io::sleep(std::chrono::seconds(1));
//     co_return 42;
//   }
//
// A task is lazy: it starts when awaited or spawned into a Scope, and runs on the thread that started it, always the
// same one. Destroying a task that is suspended cancels it: the frames below are destroyed innermost first, and
// every awaitable takes back its timer, watch or place in a queue in its destructor. A task never destroys itself.
#pragma once

#include <coroutine>
#include <list>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace io {

template <class T = void>
class Task;

namespace detail {

// Says which exception is being handled and ends the process: errors travel in results, so one that is thrown is a
// fault of the program.
[[noreturn]] void exception_left_a_task() noexcept;

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();

  struct Final {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      return self.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  Final final_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept { exception_left_a_task(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U = T>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;

  Task() = default;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool done() const { return !handle_ || handle_.done(); }

  auto operator co_await() && noexcept {
    struct Awaiter {
      std::coroutine_handle<promise_type> handle;
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        handle.promise().continuation = caller;
        return handle;
      }
      T await_resume() {
        if constexpr (!std::is_void_v<T>) return std::move(*handle.promise().value);
      }
    };
    return Awaiter{handle_};
  }
  auto operator co_await() & noexcept { return std::move(*this).operator co_await(); }

 private:
  std::coroutine_handle<promise_type> handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> detail::Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

// Owns tasks that run beside their owner. One thread: all of a scope's tasks live on its owner's loop.
// Destroying the scope cancels what still runs, so a scope dies before what its tasks refer to
// (declare it last), and never from inside one of its own tasks.
class Scope {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { cancel(); }

  // Starts `task` at once; its frame goes when it ends.
  void spawn(Task<void> task);
  // Destroys what still runs.
  void cancel();
  bool empty() const { return live_.empty(); }
  size_t size() const { return live_.size(); }

 private:
  struct Runner {
    struct promise_type {
      Scope* scope = nullptr;
      std::list<std::coroutine_handle<promise_type>>::iterator place;

      Runner get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
      std::suspend_always initial_suspend() noexcept { return {}; }
      auto final_suspend() noexcept {
        struct Leave {
          bool await_ready() noexcept { return false; }
          void await_suspend(std::coroutine_handle<promise_type> self) noexcept {
            auto& promise = self.promise();
            promise.scope->live_.erase(promise.place);
            self.destroy();
          }
          void await_resume() noexcept {}
        };
        return Leave{};
      }
      void return_void() {}
      [[noreturn]] void unhandled_exception() noexcept { detail::exception_left_a_task(); }
    };
    std::coroutine_handle<promise_type> handle;
  };
  static Runner run(Task<void> task) { co_await std::move(task); }

  std::list<std::coroutine_handle<Runner::promise_type>> live_;
};

inline void Scope::spawn(Task<void> task) {
  Runner runner = run(std::move(task));
  live_.push_front(runner.handle);
  runner.handle.promise().scope = this;
  runner.handle.promise().place = live_.begin();
  runner.handle.resume();
}

inline void Scope::cancel() {
  while (!live_.empty()) {
    auto handle = live_.front();
    live_.pop_front();
    handle.destroy();
  }
}

}  // namespace io
