// Many clients do random things to a store at once; afterwards all they saw must fit one order of changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "store/testing_backends.h"

namespace store {
namespace {

constexpr int kThreads = 3;
constexpr int kFlowsPerThread = 6;
constexpr int kStepsPerFlow = 60;
constexpr int kKeys = 6;

std::string key_of(uint64_t key) {
  return "/registry/random/" + std::to_string(key);
}

// What a state was, as one client saw it; revision 0: absent.
struct Seen {
  Revision revision = 0;
  std::string value;
  bool operator==(const Seen&) const = default;
};
Seen seen(const Entry* entry) {
  return entry ? Seen{entry->revision, std::string(entry->value.view())} : Seen{};
}

struct ChangeMade {
  std::string key;
  Seen before;
  Seen after;  // empty value of a deletion
  bool removed;
  Revision floor;  // acknowledged before it began
};
struct ListSeen {
  Page page;
  Revision floor;
};
struct GetSeen {
  std::string key;
  Seen state;
  Revision floor;
  Revision ceiling;  // of a list that began when it had ended
};

struct Observations {
  base::Mutex mutex;
  std::vector<ChangeMade> changes GUARDED_BY(mutex);
  std::vector<ListSeen> lists GUARDED_BY(mutex);
  std::vector<GetSeen> gets GUARDED_BY(mutex);
  std::vector<std::pair<Revision, std::vector<EventRef>>> watches GUARDED_BY(mutex);
  std::atomic<Revision> acknowledged = 0;

  void acknowledge(Revision revision) {
    Revision known = acknowledged;
    while (known < revision && !acknowledged.compare_exchange_weak(known, revision)) {
    }
  }
};

class Client {
 public:
  Client(Store& store, Observations& log, uint64_t seed) : store_(store), log_(log), random_(seed) {}

  io::Task<void> run(int* done) {
    for (int step = 0; step < kStepsPerFlow; ++step) {
      switch (random_() % 8) {
        case 0:
          co_await get();
          break;
        case 1:
          co_await list();
          break;
        case 2:
          co_await list_at();
          break;
        case 3:
          co_await refuse();
          break;
        default:
          co_await change();
          break;
      }
    }
    ++*done;
  }

 private:
  io::Task<void> change() {
    ChangeMade made{.key = key_of(random_() % kKeys), .removed = random_() % 4 == 0, .floor = log_.acknowledged};
    std::string value = std::to_string(random_());
    auto updated = co_await store_.update(made.key, [&](const Entry* current) {
      made.before = seen(current);
      return made.removed ? Change::remove() : Change::put(base::Bytes(value));
    });
    EXPECT_TRUE(updated);
    if (!updated || !updated->changed) co_return;
    made.after = {updated->entry->revision, made.removed ? "" : value};
    EXPECT_GE(store_.revision(), made.after.revision);
    log_.acknowledge(made.after.revision);
    base::Lock lock(log_.mutex);
    log_.changes.push_back(std::move(made));
  }
  // What a refusal rests on must be visible when the refusal is told.
  io::Task<void> refuse() {
    Seen state;
    auto refused = co_await store_.update(key_of(random_() % kKeys), [&](const Entry* current) -> base::Result<Change> {
      state = seen(current);
      return base::fail(base::Code::Conflict, "");
    });
    EXPECT_FALSE(refused);
    auto page = co_await store_.list("/registry/random/", {.limit = 1});
    EXPECT_TRUE(page);
    if (page) EXPECT_GE(page->revision, state.revision);
  }
  io::Task<void> get() {
    GetSeen got{.key = key_of(random_() % kKeys), .floor = log_.acknowledged};
    auto entry = co_await store_.get(got.key);
    EXPECT_TRUE(entry);
    if (!entry) co_return;
    got.state = seen(entry->get());
    // A get may be ahead of revision() (etcd is asked), but not of a list that begins after it.
    auto page = co_await store_.list("/registry/random/", {.limit = 1});
    EXPECT_TRUE(page);
    if (!page) co_return;
    got.ceiling = page->revision;
    base::Lock lock(log_.mutex);
    log_.gets.push_back(std::move(got));
  }
  io::Task<void> list() {
    Revision floor = log_.acknowledged;
    auto page = co_await store_.list("/registry/random/", {});
    EXPECT_TRUE(page);
    if (!page) co_return;
    base::Lock lock(log_.mutex);
    log_.lists.push_back({std::move(*page), floor});
  }
  io::Task<void> list_at() {
    Revision newest = store_.revision();
    Revision oldest = store_.compacted() + 1;
    Revision at = oldest + random_() % (newest - std::min(newest, oldest) + 1);
    auto page = co_await store_.list("/registry/random/", {.at = std::min(at, newest)});
    EXPECT_TRUE(page);
    if (!page) co_return;
    base::Lock lock(log_.mutex);
    log_.lists.push_back({std::move(*page), 0});
  }

  Store& store_;
  Observations& log_;
  std::mt19937_64 random_;
};

io::Task<void> run_clients(Store* store, Observations* log, uint64_t seed) {
  std::vector<std::unique_ptr<Client>> clients;
  int done = 0;
  io::Scope scope;
  for (uint64_t i = 0; i < kFlowsPerThread; ++i) {
    clients.push_back(std::make_unique<Client>(*store, *log, seed + i));
    scope.spawn(clients.back()->run(&done));
  }
  while (done < kFlowsPerThread) co_await io::sleep(std::chrono::milliseconds(1));
}

const std::string kLastKey = "/registry/random/last";

// All events from `from` up to the change that ends the test.
io::Task<void> follow(Store* store, Observations* log, Revision from) {
  auto watch = store->watch("/registry/random/", from);
  EXPECT_TRUE(watch);
  if (!watch) co_return;
  std::vector<EventRef> told;
  while (told.empty() || told.back()->entry->key != kLastKey) {
    auto events = co_await (*watch)->next();
    EXPECT_TRUE(events);
    if (!events) co_return;
    told.insert(told.end(), events->begin(), events->end());
  }
  EXPECT_GE((*watch)->seen(), told.back()->entry->revision);
  base::Lock lock(log->mutex);
  log->watches.emplace_back(from, std::move(told));
}

// Tasks, each on a thread and a loop of its own; the loops live as long as this does.
class Crew {
 public:
  void start(io::Task<void> task) {
    loops_.push_back(*io::Loop::create());
    threads_.emplace_back(
        [loop = loops_.back().get(), task = std::move(task)]() mutable { loop->run_task(std::move(task)); });
  }
  void join() {
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::vector<std::unique_ptr<io::Loop>> loops_;
  std::vector<std::thread> threads_;
};

class RandomClients : public testing::TestWithParam<const Backend*> {
 protected:
  // Every change saw the one before it of its key, and began after all acknowledged then.
  void check_changes() NO_THREAD_SAFETY_ANALYSIS {
    std::sort(log_.changes.begin(), log_.changes.end(),
              [](const ChangeMade& a, const ChangeMade& b) { return a.after.revision < b.after.revision; });
    std::map<std::string, Seen> state;
    Revision last = 0;
    for (const ChangeMade& change : log_.changes) {
      EXPECT_GT(change.after.revision, last);
      EXPECT_GT(change.after.revision, change.floor);
      last = change.after.revision;
      EXPECT_EQ(change.before, state[change.key]) << change.key << " at " << last;
      state[change.key] = change.removed ? Seen{} : change.after;
    }
  }
  std::map<std::string, Seen> state_at(Revision revision) NO_THREAD_SAFETY_ANALYSIS {
    std::map<std::string, Seen> state;
    for (const ChangeMade& change : log_.changes) {
      if (change.after.revision > revision) break;
      if (change.removed) {
        state.erase(change.key);
      } else {
        state[change.key] = change.after;
      }
    }
    return state;
  }
  void check_reads() NO_THREAD_SAFETY_ANALYSIS {
    for (const ListSeen& list : log_.lists) {
      EXPECT_GE(list.page.revision, list.floor);
      std::map<std::string, Seen> told;
      for (const EntryRef& entry : list.page.entries) told[entry->key] = seen(entry.get());
      EXPECT_EQ(told, state_at(list.page.revision)) << "list at " << list.page.revision;
    }
    for (const GetSeen& get : log_.gets) {
      // The state was true at some revision between what was acknowledged before and what was visible after.
      bool fits = state_at(get.floor)[get.key] == get.state;
      for (const ChangeMade& change : log_.changes) {
        if (change.key != get.key || change.after.revision <= get.floor || change.after.revision > get.ceiling)
          continue;
        fits = fits || get.state == (change.removed ? Seen{} : change.after);
      }
      EXPECT_TRUE(fits) << get.key << " in " << get.floor << ".." << get.ceiling << " was " << get.state.revision;
    }
  }
  void check_watches() NO_THREAD_SAFETY_ANALYSIS {
    for (auto& [from, told] : log_.watches) {
      auto change = std::find_if(log_.changes.begin(), log_.changes.end(),
                                 [&](const ChangeMade& made) { return made.after.revision > from; });
      ASSERT_EQ(static_cast<size_t>(log_.changes.end() - change), told.size());
      for (const EventRef& event : told) {
        EXPECT_EQ(event->entry->revision, change->after.revision);
        EXPECT_EQ(event->entry->key, change->key);
        EXPECT_EQ(event->kind == Event::Kind::Deleted, change->removed);
        EXPECT_EQ(seen(event->previous.get()), change->before);
        if (!change->removed) EXPECT_EQ(event->entry->value.view(), change->after.value);
        ++change;
      }
    }
  }

  Observations log_;
};

io::Task<void> last_change(Store* store, Observations* log) {
  auto updated =
      co_await store->update(kLastKey, [](const Entry*) { return Change::put(base::Bytes(std::string("end"))); });
  EXPECT_TRUE(updated);
  if (!updated) abort();  // the followers would wait for ever
  base::Lock lock(log->mutex);
  log->changes.push_back({kLastKey, {}, {updated->entry->revision, "end"}, false, 0});
}

TEST_P(RandomClients, SeeOneOrderOfChanges) {
  if (auto reason = GetParam()->unavailable(); !reason.empty()) GTEST_SKIP() << reason;
  unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto place = GetParam()->make_place();
  auto loop = *io::Loop::create();
  auto opened = loop->run_task(place->open(nullptr, {}));
  ASSERT_TRUE(opened) << opened.error().message();
  Store* store = opened->get();
  Revision start = store->revision();
  log_.acknowledge(start);

  // The store's own loop, which etcd's lives on, must turn while the others work.
  std::thread home([&] { loop->run(); });
  Crew followers;
  Crew clients;
  followers.start(follow(store, &log_, start));
  for (unsigned i = 0; i < kThreads; ++i) clients.start(run_clients(store, &log_, seed + i * 1000));
  followers.start(follow(store, &log_, start));
  clients.join();
  followers.start(follow(store, &log_, (start + store->revision()) / 2));
  clients.start(last_change(store, &log_));
  clients.join();
  followers.join();
  loop->stop();
  home.join();

  check_changes();
  check_reads();
  check_watches();
  opened->reset();  // before the loops go
}

INSTANTIATE_TEST_SUITE_P(, RandomClients, testing::ValuesIn(backends()),
                         [](const auto& info) { return std::string(info.param->name()); });

}  // namespace
}  // namespace store
