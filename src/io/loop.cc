#include "io/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace io {
namespace {

constexpr int kEventsPerTurn = 128;
constexpr int64_t kNever = INT64_MAX;

thread_local Loop* current_loop = nullptr;

[[noreturn]] void broken(const char* what) {
  fprintf(stderr, "io::Loop: %s\n", what);
  abort();
}

int64_t add_saturated(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? kNever : INT64_MIN;
  return sum;
}

uint32_t epoll_events(Ready interest) {
  uint32_t events = 0;
  if (interest & Ready::Read) events |= EPOLLIN;
  if (interest & Ready::Write) events |= EPOLLOUT;
  return events;
}

Ready ready_of(uint32_t events, Ready interest) {
  uint32_t ready = 0;
  bool ended = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if ((interest & Ready::Read) && (ended || (events & EPOLLIN) != 0)) ready |= static_cast<uint32_t>(Ready::Read);
  if ((interest & Ready::Write) && (ended || (events & EPOLLOUT) != 0)) ready |= static_cast<uint32_t>(Ready::Write);
  return static_cast<Ready>(ready);
}

}  // namespace

struct Watch::State {
  Loop* loop = nullptr;  // null once the loop is gone
  int fd = -1;
  Ready interest = Ready::None;
  std::function<void(Ready)> ready;
  bool registered = false;    // epoll knows the descriptor
  bool unpollable = false;    // epoll refuses it: always ready
  bool* destroyed = nullptr;  // set while the callback runs
  size_t place = 0;           // in the loop's list of watches

  void apply();
};

struct Loop::State {
  base::Clock* clock = nullptr;
  base::FakeClock* fake_clock = nullptr;  // set for simulated loops
  int epoll_fd = -1;
  int event_fd = -1;
  uint64_t wakes = 0;

  // The first child of place i is 4i+1: shallower than a binary heap, and the children share a cache line.
  std::vector<Timer*> timers;
  uint64_t timer_sequence = 0;

  Wakeup wakeups;  // anchor of the ring

  std::vector<Watch::State*> watches;
  size_t unpollable_watches = 0;
  std::array<epoll_event, kEventsPerTurn> events;
  int event_count = 0;  // of `events`, while they are told
  int event_next = 0;

  std::atomic<bool> stopping = false;

  base::Mutex mutex;
  std::vector<std::function<void()>> posted GUARDED_BY(mutex);
  bool wake_written GUARDED_BY(mutex) = true;  // the loop is awake, or event_fd is about to wake it

  bool before(const Timer* a, const Timer* b) const {
    return a->deadline_ns_ != b->deadline_ns_ ? a->deadline_ns_ < b->deadline_ns_ : a->sequence_ < b->sequence_;
  }
  void put(size_t place, Timer* timer) {
    timers[place] = timer;
    timer->place_ = place;
  }
  void sift_up(size_t place) {
    Timer* timer = timers[place];
    while (place > 0 && before(timer, timers[(place - 1) / 4])) {
      put(place, timers[(place - 1) / 4]);
      place = (place - 1) / 4;
    }
    put(place, timer);
  }
  void sift_down(size_t place) {
    Timer* timer = timers[place];
    while (4 * place + 1 < timers.size()) {
      size_t least = 4 * place + 1;
      size_t end = std::min(least + 4, timers.size());
      for (size_t child = least + 1; child < end; child++) {
        if (before(timers[child], timers[least])) least = child;
      }
      if (!before(timers[least], timer)) break;
      put(place, timers[least]);
      place = least;
    }
    put(place, timer);
  }
  void remove_timer(size_t place) {
    Timer* last = timers.back();
    timers.pop_back();
    if (place == timers.size()) return;
    put(place, last);
    sift_up(place);
    sift_down(last->place_);
  }

  bool has_wakeups() const { return wakeups.next_ != &wakeups; }
  int64_t next_deadline() const { return timers.empty() ? kNever : timers[0]->deadline_ns_; }

  void ensure_epoll();
  void run_posted();
  void run_wakeups();
  void fire_timers();
  void wait_for_events(int64_t wait_ns);
  bool has_posted() {
    base::Lock lock(mutex);
    return !posted.empty();
  }
  // Something to do without waiting.
  bool busy() {
    return has_wakeups() || unpollable_watches != 0 || has_posted() || next_deadline() <= clock->monotonic_ns();
  }
  // One turn; waits for at most `wait_ns` when there is nothing to do and what was done did not bring about `done`.
  void turn(int64_t wait_ns, const std::function<bool()>& done = nullptr);
};

void Loop::State::ensure_epoll() {
  if (epoll_fd >= 0) return;
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll_fd >= 0 && event_fd >= 0) epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &event);
}

void Loop::State::run_posted() {
  std::vector<std::function<void()>> batch;
  {
    base::Lock lock(mutex);
    batch.swap(posted);
  }
  for (auto& work : batch) {
    work();
    work = nullptr;  // what it held goes before the next one runs
  }
}

void Loop::State::run_wakeups() {
  if (!has_wakeups()) return;
  // Moved to a ring of their own: what is scheduled meanwhile waits for the next turn, and each can still leave.
  Wakeup now;
  now.next_ = wakeups.next_;
  now.previous_ = wakeups.previous_;
  now.next_->previous_ = &now;
  now.previous_->next_ = &now;
  wakeups.next_ = wakeups.previous_ = &wakeups;
  while (now.next_ != &now) {
    Wakeup* first = now.next_;
    auto call = first->call_;
    void* argument = first->argument_;
    first->cancel();
    call(argument);
  }
  now.next_ = now.previous_ = nullptr;
}

void Loop::State::fire_timers() {
  if (timers.empty()) return;
  int64_t now = clock->monotonic_ns();
  uint64_t last = timer_sequence;  // those started from here on wait for the next turn
  while (!timers.empty() && timers[0]->deadline_ns_ <= now && timers[0]->sequence_ <= last) {
    Timer* timer = timers[0];
    remove_timer(0);
    timer->loop_ = nullptr;
    auto fired = std::move(timer->fired_);
    timer->fired_ = nullptr;
    fired();  // may destroy the timer
  }
}

void Loop::State::wait_for_events(int64_t wait_ns) {
  if (epoll_fd < 0) return;
  if (wait_ns != 0) wakes++;
  if (wait_ns == kNever) {
    event_count = epoll_wait(epoll_fd, events.data(), kEventsPerTurn, -1);
  } else {
    timespec span{.tv_sec = wait_ns / 1'000'000'000, .tv_nsec = wait_ns % 1'000'000'000};
    event_count = epoll_pwait2(epoll_fd, events.data(), kEventsPerTurn, &span, nullptr);
    if (event_count < 0 && errno == ENOSYS) {  // kernels before 5.11
      int64_t ms = std::min<int64_t>((wait_ns + 999'999) / 1'000'000, INT32_MAX);
      event_count = epoll_wait(epoll_fd, events.data(), kEventsPerTurn, static_cast<int>(ms));
    }
  }
  if (event_count < 0 && errno != EINTR) broken("epoll_wait failed");
  if (wait_ns != 0) {
    base::Lock lock(mutex);
    wake_written = true;  // awake: posts need not write
  }
  for (event_next = 0; event_next < event_count;) {
    epoll_event event = events[event_next++];
    auto* watch = static_cast<Watch::State*>(event.data.ptr);
    if (watch == nullptr) {  // event_fd, or a watch that an earlier callback destroyed
      uint64_t count;
      [[maybe_unused]] ssize_t got = read(event_fd, &count, sizeof count);
      continue;
    }
    Ready ready = ready_of(event.events, watch->interest);
    if (ready == Ready::None) continue;
    bool destroyed = false;
    watch->destroyed = &destroyed;
    auto callback = std::move(watch->ready);
    callback(ready);
    if (destroyed) continue;
    watch->destroyed = nullptr;
    watch->ready = std::move(callback);
  }
  event_count = 0;
  if (unpollable_watches == 0) return;
  auto all = watches;
  for (Watch::State* watch : all) {
    // One that an earlier callback destroyed is no longer listed.
    if (std::find(watches.begin(), watches.end(), watch) == watches.end()) continue;
    if (!watch->unpollable || watch->interest == Ready::None) continue;
    bool destroyed = false;
    watch->destroyed = &destroyed;
    auto callback = std::move(watch->ready);
    callback(watch->interest);
    if (destroyed) continue;
    watch->destroyed = nullptr;
    watch->ready = std::move(callback);
  }
}

void Loop::State::turn(int64_t wait_ns, const std::function<bool()>& done) {
  run_posted();
  run_wakeups();
  fire_timers();
  if (stopping || (done && done())) return;
  bool work = has_wakeups() || unpollable_watches != 0;
  if (!work) {
    int64_t next = next_deadline();
    if (next != kNever) {
      int64_t until = std::max<int64_t>(next - clock->monotonic_ns(), 0);
      if (fake_clock == nullptr || until == 0) wait_ns = std::min(wait_ns, until);
    }
  } else {
    wait_ns = 0;
  }
  if (wait_ns != 0) {
    // From here on a post writes to event_fd.
    base::Lock lock(mutex);
    if (!posted.empty()) {
      wait_ns = 0;
    } else {
      wake_written = false;
    }
  }
  wait_for_events(wait_ns);
}

Loop::Loop(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->wakeups.next_ = state_->wakeups.previous_ = &state_->wakeups;
}

base::Result<std::unique_ptr<Loop>> Loop::create() {
  auto state = std::make_unique<State>();
  state->clock = &base::system_clock();
  state->ensure_epoll();
  if (state->epoll_fd < 0 || state->event_fd < 0) {
    int number = errno;
    if (state->epoll_fd >= 0) close(state->epoll_fd);
    if (state->event_fd >= 0) close(state->event_fd);
    return base::fail(base::system_error("create an event loop", number));
  }
  return std::unique_ptr<Loop>(new Loop(std::move(state)));
}

std::unique_ptr<Loop> Loop::create_simulated(base::FakeClock& clock) {
  auto state = std::make_unique<State>();
  state->clock = state->fake_clock = &clock;
  return std::unique_ptr<Loop>(new Loop(std::move(state)));
}

Loop::~Loop() {
  {
    // What was posted and never ran may hold timers and tasks of this loop.
    Entered entered(*this);
    std::vector<std::function<void()>> dropped;
    do {
      dropped.clear();
      base::Lock lock(state_->mutex);
      dropped.swap(state_->posted);
    } while (!dropped.empty());
  }
  for (Timer* timer : state_->timers) timer->loop_ = nullptr;
  for (Watch::State* watch : state_->watches) watch->loop = nullptr;
  while (state_->has_wakeups()) state_->wakeups.next_->cancel();
  state_->wakeups.next_ = state_->wakeups.previous_ = nullptr;
  if (state_->epoll_fd >= 0) close(state_->epoll_fd);
  if (state_->event_fd >= 0) close(state_->event_fd);
}

Loop& Loop::current() {
  if (current_loop == nullptr) broken("no loop runs on this thread");
  return *current_loop;
}

Loop* Loop::current_or_null() {
  return current_loop;
}

Loop::Entered::Entered(Loop& loop) : before_(std::exchange(current_loop, &loop)) {}
Loop::Entered::~Entered() {
  current_loop = before_;
}

void Loop::run() {
  Entered entered(*this);
  while (!state_->stopping) state_->turn(kNever);
  state_->stopping = false;
}

void Loop::stop() {
  state_->stopping = true;
  post([] {});
}

void Loop::post(std::function<void()> work) {
  bool wake;
  {
    base::Lock lock(state_->mutex);
    state_->posted.push_back(std::move(work));
    wake = !std::exchange(state_->wake_written, true);
  }
  if (!wake) return;
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = write(state_->event_fd, &one, sizeof one);
}

void Loop::run_until(const std::function<bool()>& done) {
  Entered entered(*this);
  while (!done()) {
    if (state_->fake_clock != nullptr && !state_->busy()) {
      int64_t next = state_->next_deadline();
      if (next != kNever) {
        state_->wait_for_events(0);
        if (done()) return;
        if (!state_->busy()) state_->fake_clock->advance_ns(next - state_->clock->monotonic_ns());
      } else if (state_->watches.empty()) {
        broken("the task waits for something that nothing in this simulated loop will bring about");
      }
    }
    state_->turn(kNever, done);
  }
}

void Loop::run_until_idle() {
  if (state_->fake_clock == nullptr) broken("run_until_idle() of a loop in real time");
  Entered entered(*this);
  do {
    state_->turn(0);
  } while (state_->busy());
}

void Loop::advance(Duration span) {
  if (state_->fake_clock == nullptr) broken("advance() of a loop in real time");
  int64_t target = add_saturated(state_->clock->monotonic_ns(), span.count());
  run_until_idle();
  while (state_->next_deadline() <= target) {
    state_->fake_clock->advance_ns(std::max<int64_t>(state_->next_deadline() - state_->clock->monotonic_ns(), 0));
    run_until_idle();
  }
  state_->fake_clock->advance_ns(std::max<int64_t>(target - state_->clock->monotonic_ns(), 0));
}

bool Loop::is_simulated() const {
  return state_->fake_clock != nullptr;
}
base::Clock& Loop::clock() const {
  return *state_->clock;
}
uint64_t Loop::wakes() const {
  return state_->wakes;
}

void Timer::start(Duration after, std::function<void()> fired) {
  stop();
  Loop& loop = Loop::current();
  auto& state = *loop.state_;
  loop_ = &loop;
  deadline_ns_ = add_saturated(state.clock->monotonic_ns(), after.count());
  sequence_ = ++state.timer_sequence;
  fired_ = std::move(fired);
  state.timers.push_back(this);
  state.sift_up(state.timers.size() - 1);
}

void Timer::stop() {
  if (loop_ == nullptr) return;
  loop_->state_->remove_timer(place_);
  loop_ = nullptr;
  fired_ = nullptr;
}

void Wakeup::schedule(void (*call)(void*), void* argument) {
  if (next_ != nullptr) return;
  call_ = call;
  argument_ = argument;
  Wakeup& anchor = Loop::current().state_->wakeups;
  next_ = &anchor;
  previous_ = anchor.previous_;
  previous_->next_ = this;
  anchor.previous_ = this;
}

void Wakeup::cancel() {
  if (next_ == nullptr) return;
  next_->previous_ = previous_;
  previous_->next_ = next_;
  next_ = previous_ = nullptr;
}

void Watch::State::apply() {
  if (loop == nullptr || unpollable) return;
  int epoll_fd = loop->state_->epoll_fd;
  epoll_event event{.events = epoll_events(interest), .data = {.ptr = this}};
  if (interest == Ready::None) {
    // epoll tells of hang-ups whatever the interest; only one who is not registered can sleep through them.
    if (registered) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, &event);
    registered = false;
  } else if (epoll_ctl(epoll_fd, registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0) {
    registered = true;
  } else if (errno == EPERM) {
    unpollable = true;
    loop->state_->unpollable_watches++;
  } else {
    broken(errno == EEXIST ? "two watches of one descriptor" : "a watch of a descriptor that is not open");
  }
}

Watch::Watch(int fd, Ready interest, std::function<void(Ready)> ready) : state_(std::make_unique<State>()) {
  Loop& loop = Loop::current();
  loop.state_->ensure_epoll();
  state_->loop = &loop;
  state_->fd = fd;
  state_->interest = interest;
  state_->ready = std::move(ready);
  state_->place = loop.state_->watches.size();
  loop.state_->watches.push_back(state_.get());
  if (interest != Ready::None) state_->apply();
}

Watch::~Watch() {
  if (state_->destroyed != nullptr) *state_->destroyed = true;
  if (state_->loop == nullptr) return;
  auto& loop = *state_->loop->state_;
  if (state_->registered) epoll_ctl(loop.epoll_fd, EPOLL_CTL_DEL, state_->fd, nullptr);
  if (state_->unpollable) loop.unpollable_watches--;
  loop.watches[state_->place] = loop.watches.back();
  loop.watches[state_->place]->place = state_->place;
  loop.watches.pop_back();
  for (int i = loop.event_next; i < loop.event_count; i++) {
    if (loop.events[i].data.ptr == state_.get()) loop.events[i].data.ptr = nullptr;
  }
}

void Watch::set_interest(Ready interest) {
  if (interest == state_->interest) return;
  state_->interest = interest;
  state_->apply();
}

Ready Watch::interest() const {
  return state_->interest;
}

}  // namespace io
