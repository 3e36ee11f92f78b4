#include "controller/common/together.h"

#include <algorithm>

#include "io/loop.h"

namespace controller {
namespace {

using base::Result;
using Results = std::vector<Result<void>>;

io::Task<void> one(io::Task<Result<void>> task, Result<void>* result, size_t* left, io::Event* all_done) {
  *result = co_await std::move(task);
  if (--*left == 0) all_done->set();
}

}  // namespace

io::Task<Results> together(size_t count, Step step) {
  Results results(count);
  if (count == 0) co_return results;
  size_t left = count;
  io::Event all_done;
  io::Scope scope;
  for (size_t number = 0; number < count; number++) scope.spawn(one(step(number), &results[number], &left, &all_done));
  co_await all_done.wait();
  co_return results;
}

io::Task<Results> slow_start(size_t count, Step step) {
  Results results;
  for (size_t batch = 1; results.size() < count; batch *= 2) {
    size_t done = results.size();
    Results some =
        co_await together(std::min(batch, count - done), [&step, done](size_t number) { return step(done + number); });
    bool well = first_failure(some).has_value();
    std::move(some.begin(), some.end(), std::back_inserter(results));
    if (!well) break;
  }
  co_return results;
}

Result<void> first_failure(const Results& results) {
  for (const auto& result : results) {
    if (!result) return result;
  }
  return {};
}

}  // namespace controller
