// A process that writes is killed at any moment, again and again: what it was told is durable is there, and revisions
// go on.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "store/testing_backends.h"

namespace store {
namespace {

constexpr int kFlowsPerThread = 8;
constexpr int kThreads = 2;
constexpr int kFlows = kFlowsPerThread * kThreads;
constexpr int kKeysPerFlow = 5;
constexpr int kRounds = 8;

// What a flow does in its step `step`: the same in the process and in who checks it.
struct Step {
  int key;
  bool remove;
};
Step step_of(int64_t step) {
  return {static_cast<int>(step * 7 % kKeysPerFlow), step % 4 == 3};
}
std::string key_of(int flow, int key) {
  return "/registry/crash/" + std::to_string(flow) + "/" + std::to_string(key);
}

// One acknowledgement, or (flow -1) one event told by a watch.
struct Report {
  int64_t flow;
  int64_t step;
  Revision revision;
};

void report(int pipe, Report report) {
  if (write(pipe, &report, sizeof report) != sizeof report) _exit(3);
}

io::Task<void> run_flow(Store* store, int flow, int64_t step, int pipe) {
  for (;; ++step) {
    Step next = step_of(step);
    auto updated = co_await store->update(key_of(flow, next.key), [&](const Entry*) {
      return next.remove ? Change::remove() : Change::put(base::Bytes(std::to_string(step)));
    });
    if (!updated) _exit(4);
    report(pipe, {flow, step, updated->changed ? updated->entry->revision : 0});
  }
}

io::Task<void> follow(Store* store, Revision from, int pipe) {
  auto watch = store->watch("/registry/crash/", from);
  if (!watch) _exit(5);
  Revision last = from;
  for (;;) {
    auto events = co_await (*watch)->next();
    if (!events) _exit(6);
    for (const EventRef& event : *events) {
      if (event->entry->revision != last + 1) _exit(7);  // every change is under the prefix, so none may be missing
      last = event->entry->revision;
    }
    report(pipe, {-1, 0, last});
  }
}

[[noreturn]] void write_until_killed(const std::string& folder, const std::vector<int64_t>& first_steps, int pipe) {
  auto store = open_lmdb({.directory = folder});
  if (!store) _exit(8);
  Revision start = (*store)->revision();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      auto loop = io::Loop::create();
      io::Scope scope;
      (*loop)->post([&] {
        if (thread == 0) scope.spawn(follow(store->get(), start, pipe));
        for (int i = 0; i < kFlowsPerThread; ++i) {
          int flow = thread * kFlowsPerThread + i;
          scope.spawn(run_flow(store->get(), flow, first_steps[static_cast<size_t>(flow)], pipe));
        }
      });
      (*loop)->run();
    });
  }
  for (auto& thread : threads) thread.join();
  _exit(9);
}

// The steps whose puts the flow's keys may hold, given that steps before `next` are acknowledged and `next` may have
// happened.
void expect_state(Store& store, io::Loop& loop, int flow, int64_t next, std::map<std::string, std::string>& states) {
  std::array<std::string, kKeysPerFlow> found;
  for (int key = 0; key < kKeysPerFlow; ++key) {
    auto entry = loop.run_task(store.get(key_of(flow, key)));
    ASSERT_TRUE(entry);
    found[static_cast<size_t>(key)] = *entry ? std::string((*entry)->value.view()) : "";
  }
  std::array<std::string, kKeysPerFlow> expected;
  for (int key = 0; key < kKeysPerFlow; ++key) expected[static_cast<size_t>(key)] = states[key_of(flow, key)];
  if (found != expected) {
    Step step = step_of(next);
    expected[static_cast<size_t>(step.key)] = step.remove ? "" : std::to_string(next);
    EXPECT_EQ(found, expected) << "flow " << flow << " step " << next;
  }
  for (int key = 0; key < kKeysPerFlow; ++key) states[key_of(flow, key)] = found[static_cast<size_t>(key)];
}

TEST(StoreCrash, AcknowledgedWritesSurviveKillsAndRevisionsNeverGoBack) {
  unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::string root = make_temporary_folder();
  std::string folder = root + "/store";
  std::vector<int64_t> next_steps(kFlows, 0);
  std::map<std::string, std::string> states;
  Revision newest = 0;
  std::set<Revision> given;
  auto loop = *io::Loop::create();

  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
    int pipes[2];
    ASSERT_EQ(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
      close(pipes[0]);
      write_until_killed(folder, next_steps, pipes[1]);
    }
    close(pipes[1]);
    unsigned kill_after = 1 + random() % 1500;
    Report told{};
    for (unsigned count = 0; read(pipes[0], &told, sizeof told) == sizeof told;) {
      newest = std::max(newest, told.revision);
      if (told.flow >= 0) {
        Step step = step_of(told.step);
        states[key_of(static_cast<int>(told.flow), step.key)] = step.remove ? "" : std::to_string(told.step);
        next_steps[static_cast<size_t>(told.flow)] = told.step + 1;
        if (told.revision != 0) EXPECT_TRUE(given.insert(told.revision).second) << "given twice: " << told.revision;
        if (++count == kill_after) kill(child, SIGKILL);
      }
    }
    close(pipes[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writing process ended itself: " << WEXITSTATUS(status);

    auto store = open_lmdb({.directory = folder});
    ASSERT_TRUE(store) << store.error().message();
    EXPECT_GE((*store)->revision(), newest);
    for (int flow = 0; flow < kFlows; ++flow) {
      // A step that happened without being told runs again; it is then a new change.
      expect_state(**store, *loop, flow, next_steps[static_cast<size_t>(flow)], states);
    }
    newest = (*store)->revision();
  }
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace store
