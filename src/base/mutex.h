// A mutex whose uses the compiler checks (clang -Wthread-safety): state names its guard with GUARDED_BY.
// Locks are leaf-level: held for no I/O and no callback.
#pragma once

#include <condition_variable>
#include <mutex>

#define BASE_ATTRIBUTE_(x) __attribute__((x))
#define CAPABILITY(x) BASE_ATTRIBUTE_(capability(x))
#define SCOPED_CAPABILITY BASE_ATTRIBUTE_(scoped_lockable)
#define GUARDED_BY(x) BASE_ATTRIBUTE_(guarded_by(x))
#define PT_GUARDED_BY(x) BASE_ATTRIBUTE_(pt_guarded_by(x))
#define REQUIRES(...) BASE_ATTRIBUTE_(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) BASE_ATTRIBUTE_(acquire_capability(__VA_ARGS__))
#define RELEASE(...) BASE_ATTRIBUTE_(release_capability(__VA_ARGS__))
#define EXCLUDES(...) BASE_ATTRIBUTE_(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS BASE_ATTRIBUTE_(no_thread_safety_analysis)

namespace base {

class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() RELEASE() { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits are with the mutex held; spurious wake-ups happen, so call it in a loop.
class Condition {
 public:
  void wait(Mutex& mutex) REQUIRES(mutex) { condition_.wait(mutex); }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace base
