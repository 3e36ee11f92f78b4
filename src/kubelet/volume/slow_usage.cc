#include "kubelet/volume/slow_usage.h"

namespace kubelet {
namespace {

constexpr int64_t kGoodForNs = 60'000'000'000;
constexpr int64_t kNothingGoodForNs = 10'000'000'000;  // a volume may not have been there yet
constexpr auto kWait = std::chrono::seconds(2);

int64_t now_ns() {
  return io::Loop::current().clock().monotonic_ns();
}

}  // namespace

io::Task<SlowUsage::Usage> SlowUsage::get(std::string path, std::function<io::Task<Usage>()> ask) {
  auto& place = known_[path];
  if (place == nullptr) place = std::make_shared<Known>();
  auto known = place;
  bool is_old = !known->at_ns || now_ns() - *known->at_ns >= (known->usage ? kGoodForNs : kNothingGoodForNs);
  if (is_old && !known->under_way) {
    known->under_way = true;
    known->done.reset();
    scope_.spawn(ask_once(std::move(ask), known));
    (void)co_await known->done.wait_for(kWait);
  }
  co_return known->usage;
}

io::Task<void> SlowUsage::ask_once(std::function<io::Task<Usage>()> ask, std::shared_ptr<Known> known) {
  known->usage = co_await ask();
  known->at_ns = now_ns();
  known->under_way = false;
  known->done.set();
}

}  // namespace kubelet
