#include "client/queue.h"

#include <algorithm>
#include <deque>
#include <list>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/log.h"

namespace client {
namespace {

constexpr io::Duration kBackoffBase = std::chrono::milliseconds(5);
constexpr io::Duration kBackoffMax = std::chrono::seconds(1000);

io::Duration backoff(int failures) {
  io::Duration after = kBackoffBase;
  for (int i = 0; i < failures && after < kBackoffMax; i++) after *= 2;
  return std::min(after, kBackoffMax);
}

}  // namespace

struct Queue::State {
  struct Entry {
    bool ready = false;   // in `ready`
    bool busy = false;    // with a worker
    bool again = false;   // added while busy
    int64_t due_ns = -1;  // in `delayed`, -1 when not
    int failures = 0;
    bool idle() const { return !ready && !busy && due_ns < 0 && failures == 0; }
  };
  // A worker without work.
  struct Waiting {
    explicit Waiting(State& state) : state(state) {}
    ~Waiting() {
      if (place) state.waiting.erase(*place);
      if (woken) state.wake_one();  // cancelled on its way: the key it was woken for is another's
    }
    Waiting(const Waiting&) = delete;
    bool await_ready() const { return !state.ready.empty(); }
    void await_suspend(std::coroutine_handle<> caller) {
      handle = caller;
      place = state.waiting.insert(state.waiting.end(), this);
    }
    void await_resume() { woken = false; }

    State& state;
    std::coroutine_handle<> handle;
    std::optional<std::list<Waiting*>::iterator> place;
    bool woken = false;
    io::Wakeup wakeup;
  };

  explicit State(base::Random& random) : random(random) {}

  void wake_one() {
    if (ready.empty() || waiting.empty()) return;
    Waiting* first = waiting.front();
    waiting.pop_front();
    first->place.reset();
    first->woken = true;
    first->wakeup.schedule(first->handle);
  }

  void add(const Key& key) {
    Entry& entry = entries[key];
    if (entry.busy) {
      entry.again = true;
      return;
    }
    if (std::exchange(entry.ready, true)) return;
    ready.push_back(key);
    wake_one();
  }

  void add_after(const Key& key, io::Duration after) {
    if (after <= io::Duration::zero()) return add(key);
    int64_t due_ns = io::Loop::current().clock().monotonic_ns() + after.count();
    Entry& entry = entries[key];
    if (entry.due_ns >= 0) {
      if (entry.due_ns <= due_ns) return;
      delayed.erase({entry.due_ns, key});
    }
    entry.due_ns = due_ns;
    delayed.insert({due_ns, key});
    if (delayed.begin()->first == due_ns) set_timer();
  }

  void set_timer() {
    if (delayed.empty()) return timer.stop();
    io::Duration after(delayed.begin()->first - io::Loop::current().clock().monotonic_ns());
    timer.start(after, [this] { fire(); });
  }

  void fire() {
    int64_t now = io::Loop::current().clock().monotonic_ns();
    while (!delayed.empty() && delayed.begin()->first <= now) {
      Key key = delayed.begin()->second;
      delayed.erase(delayed.begin());
      entries[key].due_ns = -1;
      add(key);
    }
    set_timer();
  }

  void drop_if_idle(std::unordered_map<Key, Entry>::iterator entry) {
    if (entry->second.idle()) entries.erase(entry);
  }

  base::Random& random;
  std::deque<Key> ready;
  std::unordered_map<Key, Entry> entries;
  std::set<std::pair<int64_t, Key>> delayed;
  std::list<Waiting*> waiting;
  io::Timer timer;
};

Queue::Queue(base::Random& random) : state_(std::make_unique<State>(random)) {}
Queue::~Queue() = default;

void Queue::add(Key key) {
  state_->add(key);
}
void Queue::add_after(Key key, io::Duration after) {
  state_->add_after(key, after);
}

void Queue::add_rate_limited(Key key) {
  io::Duration after = backoff(state_->entries[key].failures++);
  // Spread by a tenth, so that what failed together does not come back together.
  after += io::Duration(static_cast<int64_t>(static_cast<double>(after.count()) * 0.1 * state_->random.unit()));
  state_->add_after(key, after);
}

void Queue::forget(const Key& key) {
  auto entry = state_->entries.find(key);
  if (entry == state_->entries.end()) return;
  entry->second.failures = 0;
  state_->drop_if_idle(entry);
}

io::Task<Key> Queue::take() {
  while (state_->ready.empty()) co_await State::Waiting(*state_);
  Key key = std::move(state_->ready.front());
  state_->ready.pop_front();
  State::Entry& entry = state_->entries[key];
  entry.ready = false;
  entry.busy = true;
  co_return key;
}

void Queue::done(const Key& key) {
  auto entry = state_->entries.find(key);
  if (entry == state_->entries.end()) return;
  entry->second.busy = false;
  if (std::exchange(entry->second.again, false)) {
    state_->add(key);
  } else {
    state_->drop_if_idle(entry);
  }
}

size_t Queue::size() const {
  return state_->ready.size();
}

namespace {

io::Task<void> work(const std::string& name, Queue& queue, const Reconcile& reconcile) {
  for (;;) {
    Key key = co_await queue.take();
    base::Result<void> result = co_await reconcile(key);
    if (result) {
      queue.forget(key);
    } else {
      // A conflict says that the copy here was behind; it is the normal way to learn that.
      if (result.error().code() == base::Code::Conflict) {
        LOG_V(2, "Will try again", {"controller", name}, {"key", key.text()}, {"err", result.error().message()});
      } else {
        LOG_ERROR("Reconciler error", {"controller", name}, {"key", key.text()}, {"err", result.error().message()});
      }
      queue.add_rate_limited(key);
    }
    queue.done(key);
  }
}

}  // namespace

io::Task<void> run_workers(std::string name, Queue& queue, int workers, Reconcile reconcile) {
  io::Event never;
  io::Scope scope;
  for (int i = 0; i < workers; i++) scope.spawn(work(name, queue, reconcile));
  co_await never.wait();
}

}  // namespace client
