// The process that holds a pod's namespaces: it sleeps, reaps orphans, and ends when told to. Freestanding, a few KB,
// because every pod on a node has one.
#include <asm/unistd.h>
#include <linux/signal.h>

namespace {

#if defined(__x86_64__)
long call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  long result;
  register long r10 asm("r10") = d;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
long call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
#else
#error "no system calls known for this processor"
#endif

constexpr int kNoHang = 1;  // WNOHANG
constexpr long kSignalSetBytes = 8;
constexpr long kInterrupted = -4;  // -EINTR

}  // namespace

extern "C" [[noreturn]] void _start() {
  unsigned long all = ~0UL;
  // Blocked, not handled: a blocked signal reaches even the first process of a PID namespace.
  call(__NR_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&all), 0, kSignalSetBytes);
  for (;;) {
    long number = call(__NR_rt_sigtimedwait, reinterpret_cast<long>(&all), 0, 0, kSignalSetBytes);
    if (number == SIGTERM || number == SIGINT) break;
    if (number == SIGCHLD) {
      while (call(__NR_wait4, -1, 0, kNoHang, 0) > 0) {
      }
    }
    if (number < 0 && number != kInterrupted) break;
  }
  for (;;) call(__NR_exit_group, 0);
}
