// What a pod's worker asks of the API. The real one is over client::Client, see client_api.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "base/result.h"
#include "io/task.h"

namespace kubelet {

struct IssuedToken {
  std::string token;
  int64_t expires_ns = 0;  // since 1970
};

class Api {
 public:
  virtual ~Api() = default;
  // Writes `pod.status`, whatever the resource version is by now; the new one. NotFound if no pod of that uid is there
  // any more.
  virtual io::Task<base::Result<std::string>> write_status(api::core_v1::Pod pod) = 0;
  // Deletes the pod for good (grace 0) if it still has that uid. Absent is fine.
  virtual io::Task<base::Result<void>> finish_deletion(std::string namespace_, std::string name, std::string uid) = 0;
  // Null if there is no such object.
  virtual io::Task<base::Result<std::shared_ptr<const api::core_v1::ConfigMap>>> config_map(std::string namespace_,
                                                                                            std::string name) = 0;
  virtual io::Task<base::Result<std::shared_ptr<const api::core_v1::Secret>>> secret(std::string namespace_,
                                                                                     std::string name) = 0;
  // NotFound if there is no such account.
  virtual io::Task<base::Result<api::core_v1::ServiceAccount>> service_account(std::string namespace_,
                                                                               std::string name) = 0;
  // Which of the runtime's handlers a RuntimeClass stands for. NotFound if there is no such class.
  virtual io::Task<base::Result<std::string>> runtime_handler(std::string runtime_class) = 0;
  virtual io::Task<base::Result<IssuedToken>> token(api::core_v1::Pod pod, std::string audience,
                                                    int64_t expiration_seconds) = 0;
  // Best effort. `container` is "spec.containers{name}", or "".
  virtual void event(const api::core_v1::Pod& pod, bool warning, std::string_view reason, std::string message,
                     std::string container) = 0;
  // The same with annotations.
  virtual void event_with(const api::core_v1::Pod& pod, bool warning, std::string_view reason, std::string message,
                          std::map<std::string, std::string, std::less<>> annotations) = 0;
  // The same about a claim.
  virtual void claim_event(const api::core_v1::PersistentVolumeClaim& claim, bool warning, std::string_view reason,
                           std::string message) = 0;
  // While the answer lives, config_map() and secret() of these are current without asking, and changes are told of.
  virtual std::shared_ptr<void> hold(const std::string& namespace_, const std::vector<std::string>& config_maps,
                                     const std::vector<std::string>& secrets) = 0;
};

}  // namespace kubelet
