// Images on this node: present or pulled as the container's policy says, several at a time, with back-off. One loop.
// Rules: the Kubernetes documentation, "Images".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/loop.h"
#include "kubelet/api.h"
#include "kubelet/pods/back_off.h"
#include "kubelet/pods/plan.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

class Images {
 public:
  Images(Runtime& runtime, Api& api, int pulls_max);
  ~Images();
  Images(const Images&) = delete;

  struct Answer {
    enum class State : uint8_t { Present, Pulling, Failed } state = State::Pulling;
    cri::Image image;                 // Present
    WaitingReason reason;             // Failed: ErrImagePull, ImagePullBackOff, ErrImageNeverPull, InvalidImageName
    std::optional<int64_t> again_ns;  // Failed: when to ask again
  };
  // Asks for a container's image, for one start of it. Starts a pull if one is needed; `done` is called when that has
  // ended, and the next call tells how. `secrets` are the pod's pull secrets.
  io::Task<Answer> ensure(core::Pod pod, core::Container container, std::string field_path,
                          cri::PodSandboxConfig sandbox, std::vector<std::shared_ptr<const core::Secret>> secrets,
                          std::function<void()> done);
  // Ends what still pulls for the pod, and forgets its back-offs.
  void forget(const std::string& pod_uid);

 private:
  struct Pull;
  io::Task<void> pull(std::shared_ptr<Pull> work);

  Runtime& runtime_;
  Api& api_;
  int free_;
  io::Event freed_;
  BackOff back_off_;
  std::map<std::string, std::shared_ptr<Pull>> pulls_;  // by pod uid and container
};

}  // namespace kubelet
