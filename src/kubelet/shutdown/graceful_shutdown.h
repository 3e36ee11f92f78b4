// Ends the node's pods in good order when the machine goes down: the least important first, each range of priorities in
// the time it was given. No new pod is let in meanwhile, and the node is not Ready.
// Rules: the Kubernetes documentation, "Node Shutdowns". One loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kubelet/options.h"
#include "kubelet/pods/pods.h"
#include "kubelet/shutdown/shutdown_notice.h"

namespace kubelet {

struct ShutdownGroup {
  int64_t seconds = 0;
  struct Member {
    std::string uid;
    int64_t grace_seconds = 0;
    bool operator==(const Member&) const = default;
  };
  std::vector<Member> members;
};
// Pods by the range of priorities they fall into, in the order in which they are ended; ranges without pods are left
// out. Pure. `graces` is sorted by priority.
std::vector<ShutdownGroup> shutdown_groups(const std::vector<ShutdownGrace>& graces,
                                           const std::vector<const core::Pod*>& pods);

class GracefulShutdown {
 public:
  // Borrowed: options, pods. `changed`: shutting_down() has.
  GracefulShutdown(const KubeletOptions& options, Pods& pods, std::unique_ptr<ShutdownNotice> notice,
                   std::function<void()> changed)
      : options_(options), pods_(pods), notice_(std::move(notice)), changed_(std::move(changed)) {}

  // Until cancelled. Comes back at once when pods were given no time.
  io::Task<void> run();
  bool shutting_down() const { return shutting_down_; }
  std::optional<PodFailure> refuses(const core::Pod& pod) const;

 private:
  io::Task<void> listen();
  io::Task<void> end_pods();
  bool any_left(const ShutdownGroup& group) const;

  const KubeletOptions& options_;
  Pods& pods_;
  std::unique_ptr<ShutdownNotice> notice_;
  std::function<void()> changed_;
  bool shutting_down_ = false;
};

}  // namespace kubelet
