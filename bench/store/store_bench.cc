// What the store costs: durable writes, memory per object, starting with many objects, telling many watchers.
//   store_bench [FOLDER]     the folder's disk is measured; default: the temporary folder
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "io/loop.h"
#include "store/store.h"

namespace {

using store::Attributes;
using store::Change;
using store::Entry;
using store::Store;

constexpr int kObjects = 100'000;
constexpr size_t kPodBytes = 5'000;

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of all threads, user and system.
double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

size_t heap_bytes() {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

double resident_megabytes(const char* which) {
  FILE* file = fopen("/proc/self/status", "r");
  char line[256];
  double found = 0;
  std::string format = std::string(which) + ": %lf";
  while (fgets(line, sizeof line, file) != nullptr) sscanf(line, format.c_str(), &found);
  fclose(file);
  return found / 1024;
}

// As many attributes as a Pod has.
Attributes pod_attributes(std::string_view, std::string_view) {
  return {.labels = {{"app", "web"}, {"pod-template-hash", "5d9c6b7f4d"}},
          .fields = {{"spec.host", ""},
                     {"spec.nodeName", "node-4711"},
                     {"spec.restartPolicy", "Always"},
                     {"spec.schedulerName", "default-scheduler"},
                     {"spec.serviceAccountName", "default"},
                     {"status.phase", "Running"},
                     {"status.podIP", "10.42.17.3"}}};
}

std::string pod_key(int number) {
  return "/registry/pods/namespace-" + std::to_string(number % 100) + "/deployment-5d9c6b7f4d-" +
         std::to_string(100000 + number);
}

struct Load {
  Store* store;
  int next = 0;
  int count;
  size_t bytes;
  int running;
  io::Event* ended;
};

io::Task<void> write_some(Load* load) {
  while (load->next < load->count) {
    std::string key = pod_key(load->next++);
    auto written = co_await load->store->update(
        key, [load](const Entry*) { return Change::put(base::Bytes(std::string(load->bytes, 'x'))); });
    if (!written) {
      fprintf(stderr, "%s\n", written.error().message().c_str());
      abort();
    }
  }
  if (--load->running == 0) load->ended->set();
}

io::Task<void> write_all(Store* store, int count, size_t bytes, int in_flight) {
  io::Event ended;
  Load load{.store = store, .count = count, .bytes = bytes, .running = in_flight, .ended = &ended};
  io::Scope scope;
  for (int i = 0; i < in_flight; ++i) scope.spawn(write_some(&load));
  co_await ended.wait();
}

void durable_puts(io::Loop& loop, const std::string& folder) {
  printf("durable puts of 1 KB over 20,000 keys\n  in flight     ops/s   CPU us/op   wall us/op\n");
  for (int in_flight : {1, 16, 64}) {
    auto store = store::open_lmdb({.directory = folder + "/puts", .indexer = pod_attributes});
    if (!store) abort();
    int count = in_flight == 1 ? 4'000 : 20'000;
    double wall = wall_seconds();
    double cpu = cpu_seconds();
    loop.run_task(write_all(store->get(), count, 1'000, in_flight));
    wall = wall_seconds() - wall;
    cpu = cpu_seconds() - cpu;
    printf("  %9d %9.0f %11.1f %12.1f\n", in_flight, count / wall, cpu / count * 1e6, wall / count * in_flight * 1e6);
  }
}

void memory_per_object(io::Loop& loop) {
  size_t before = heap_bytes();
  auto store = store::open_memory({.indexer = pod_attributes});
  double cpu = cpu_seconds();
  loop.run_task(write_all(store.get(), kObjects, kPodBytes, 1));
  cpu = cpu_seconds() - cpu;
  double each = static_cast<double>(heap_bytes() - before) / kObjects;
  printf(
      "%d objects of %zu bytes in memory: %.0f bytes each (%.2f times, history of their creation included), CPU %.1f "
      "us/op\n",
      kObjects, kPodBytes, each, each / static_cast<double>(kPodBytes), cpu / kObjects * 1e6);
  double wall = wall_seconds();
  auto page = loop.run_task(store->list("/registry/pods/", {.limit = 5000}));
  printf("list of %zu of them: %.2f ms\n", page->entries.size(), (wall_seconds() - wall) * 1e3);
}

void cold_start(io::Loop& loop, const std::string& folder) {
  {
    auto store = store::open_lmdb({.directory = folder + "/cold", .indexer = pod_attributes});
    loop.run_task(write_all(store->get(), kObjects, kPodBytes, 512));
  }
  malloc_trim(0);
  double wall = wall_seconds();
  double cpu = cpu_seconds();
  auto store = store::open_lmdb({.directory = folder + "/cold", .indexer = pod_attributes});
  printf(
      "opening with %d objects of %zu bytes: %.2f s wall, %.2f s CPU; resident then %.0f MB, %.0f MB of them "
      "anonymous\n",
      kObjects, kPodBytes, wall_seconds() - wall, cpu_seconds() - cpu, resident_megabytes("VmRSS"),
      resident_megabytes("RssAnon"));
}

struct Fan {
  int running;
  io::Event* ended;
};

io::Task<void> listen(Store* store, int events, Fan* fan) {
  auto watch = store->watch("/registry/pods/", store->revision());
  for (int seen = 0; seen < events;) {
    auto batch = co_await (*watch)->next();
    if (!batch) abort();
    seen += static_cast<int>(batch->size());
  }
  if (--fan->running == 0) fan->ended->set();
}

io::Task<void> tell_all(Store* store, int watchers, int events, double* writing) {
  io::Event ended;
  Fan fan{watchers, &ended};
  io::Scope scope;
  for (int i = 0; i < watchers; ++i) scope.spawn(listen(store, events, &fan));
  *writing = cpu_seconds();
  co_await write_all(store, events, 1'000, 4);
  co_await ended.wait();
}

void fan_out(io::Loop& loop) {
  constexpr int kWatchers = 500;
  constexpr int kEvents = 2'000;
  auto store = store::open_memory({.indexer = pod_attributes});
  double start = 0;
  loop.run_task(tell_all(store.get(), kWatchers, kEvents, &start));
  double cpu = cpu_seconds() - start;
  printf("%d watchers, %d events: %.3f us CPU per event and watcher\n", kWatchers, kEvents,
         cpu / kWatchers / kEvents * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder =
      (argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::temp_directory_path()) / "store-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return 1;
  auto loop = *io::Loop::create();
  durable_puts(*loop, folder);
  fan_out(*loop);
  memory_per_object(*loop);
  malloc_trim(0);
  cold_start(*loop, folder);
  std::filesystem::remove_all(folder);
  return 0;
}
