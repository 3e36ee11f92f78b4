// Images on this node: present or pulled as the container's policy says, several at a time, with back-off, and used by
// those who may. One loop. Rules: the Kubernetes documentation, "Images".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/loop.h"
#include "io/pool.h"
#include "kubelet/api.h"
#include "kubelet/metrics/kubelet_metrics.h"
#include "kubelet/pods/back_off.h"
#include "kubelet/pods/credential_providers.h"
#include "kubelet/pods/image_options.h"
#include "kubelet/pods/plan.h"
#include "kubelet/pods/pull_records.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

class Images {
 public:
  // All borrowed.
  Images(Runtime& runtime, Api& api, io::Pool& pool, const ImageOptions& options, KubeletMetrics* metrics = nullptr);
  ~Images();
  Images(const Images&) = delete;

  struct Answer {
    enum class State : uint8_t { Present, Pulling, Failed } state = State::Pulling;
    cri::Image image;      // Present
    WaitingReason reason;  // Failed: ErrImagePull, ImagePullBackOff, ErrImageNeverPull, RegistryUnavailable...
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
  using Secrets = std::vector<std::shared_ptr<const core::Secret>>;
  io::Task<void> load();
  io::Task<bool> may_use(core::Pod pod, std::string image, std::string ref, Secrets secrets);
  // What a pod can show for an image, the pod's own first.
  io::Task<std::vector<RegistryCredential>> credentials(core::Pod pod, std::string image, Secrets secrets);
  // While a pull that failed is fresh or a pause after it lasts: what is said of it.
  std::optional<Answer> failed_before(const core::Pod& pod, const core::Container& container,
                                      const std::string& field_path, Pull& before);
  io::Task<void> pull(std::shared_ptr<Pull> work);
  io::Task<void> wait_for_turn();  // no more pulls begin in a second than may
  // The credential that opened it; null when it needed none.
  io::Task<base::Result<std::optional<RegistryCredential>>> try_all(const Pull& work,
                                                                    std::vector<RegistryCredential> known);

  Runtime& runtime_;
  Api& api_;
  io::Pool& pool_;
  const ImageOptions options_;
  KubeletMetrics* metrics_;  // null: nobody counts
  PullRecords records_;
  std::unique_ptr<CredentialProviders> providers_;  // null: none
  bool loading_ = false;
  io::Event loaded_;
  int free_;
  io::Event freed_;
  int64_t next_pull_ns_ = 0;  // monotonic: when a pull could begin if there were no bursts
  BackOff back_off_;
  std::map<std::string, std::shared_ptr<Pull>> pulls_;  // by pod uid and container
  io::Scope scope_;
};

}  // namespace kubelet
