#include "kubelet/shutdown/graceful_shutdown.h"

#include <algorithm>

#include "base/log.h"

namespace kubelet {
namespace {

constexpr auto kListenAgain = std::chrono::seconds(30);
constexpr auto kLookEvery = std::chrono::milliseconds(200);
constexpr std::string_view kMessage = "Pod was terminated in response to imminent node shutdown.";

}  // namespace

std::vector<ShutdownGroup> shutdown_groups(const std::vector<ShutdownGrace>& graces,
                                           const std::vector<const core::Pod*>& pods) {
  if (graces.empty()) return {};
  std::vector<ShutdownGroup> out(graces.size());
  for (size_t i = 0; i < graces.size(); ++i) out[i].seconds = graces[i].seconds;
  for (const auto* pod : pods) {
    int32_t priority = pod->spec.priority.value_or(0);
    // The highest range that begins at or below it; below all of them it is the first.
    size_t place = 0;
    while (place + 1 < graces.size() && graces[place + 1].priority <= priority) ++place;
    int64_t grace = std::min(graces[place].seconds, pod->spec.termination_grace_period_seconds.value_or(INT64_MAX));
    out[place].members.push_back({.uid = pod->metadata.uid, .grace_seconds = grace});
  }
  std::erase_if(out, [](const auto& group) { return group.members.empty(); });
  return out;
}

std::optional<PodFailure> GracefulShutdown::refuses(const core::Pod&) const {
  if (!shutting_down_) return {};
  return PodFailure{"NodeShutdown", "Pod was rejected: Pod was rejected as the node is shutting down."};
}

io::Task<void> GracefulShutdown::run() {
  if (std::ranges::all_of(options_.shutdown, [](const auto& one) { return one.seconds == 0; })) co_return;
  bool told = false;
  for (;;) {
    auto held = notice_->hold();
    if (held) {
      co_await listen();
    } else if (!told) {
      LOG_WARNING("Nobody tells when this machine is shut down", {"error", held.error().message()});
    }
    told = true;
    notice_->release();
    co_await io::sleep(kListenAgain);
  }
}

io::Task<void> GracefulShutdown::listen() {
  for (;;) {
    auto word = co_await notice_->next();
    if (!word) {
      LOG_WARNING("Cannot hear of a shutdown any more", {"error", word.error().message()});
      co_return;
    }
    LOG_INFO("Shutdown manager detected new shutdown event", {"isNodeShuttingDownNow", *word});
    bool before = std::exchange(shutting_down_, *word);
    if (before != shutting_down_) changed_();
    if (!shutting_down_ || before) continue;
    co_await end_pods();
    LOG_INFO("Shutdown manager completed processing shutdown event, node will shutdown shortly");
    notice_->release();
    // It may be called off: that is heard only by who listens.
    if (!notice_->hold()) co_return;
  }
}

bool GracefulShutdown::any_left(const ShutdownGroup& group) const {
  return std::ranges::any_of(pods_.workers(), [&](const auto* worker) {
    return !worker->has_ended() && std::ranges::any_of(group.members, [&](const auto& member) {
      return member.uid == worker->pod().metadata.uid;
    });
  });
}

io::Task<void> GracefulShutdown::end_pods() {
  std::vector<const core::Pod*> active;
  for (const auto* worker : pods_.workers())
    if (worker->is_active()) active.push_back(&worker->pod());
  for (const auto& group : shutdown_groups(options_.shutdown, active)) {
    for (const auto& member : group.members)
      pods_.evict(member.uid, {.reason = "Terminated", .message = std::string(kMessage), .disruption = true},
                  member.grace_seconds);
    int64_t end = io::Loop::current().clock().monotonic_ns() + group.seconds * 1'000'000'000;
    while (any_left(group) && io::Loop::current().clock().monotonic_ns() < end) co_await io::sleep(kLookEvery);
  }
}

}  // namespace kubelet
