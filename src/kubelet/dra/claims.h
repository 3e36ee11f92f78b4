// Has drivers prepare the devices of pods' claims, before the first container of a pod begins, and take them back when
// the last pod that uses a claim has ended. Kubernetes documentation, "Dynamic Resource Allocation". One loop.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "api/resource_k8s_io_v1.h"
#include "client/client.h"
#include "io/loop.h"
#include "kubelet/dra/drivers.h"
#include "kubelet/dra/prepared.h"

namespace kubelet {

namespace core = ::api::core_v1;

class DraClaims {
 public:
  // Borrows the drivers.
  DraClaims(std::string root_directory, client::Client client, DraDrivers& drivers);
  DraClaims(const DraClaims&) = delete;

  // Reads what was prepared before. An Error when the record is damaged: then nothing is forgotten by mistake.
  base::Result<void> load();

  // All claims of the pod are prepared, now or already.
  io::Task<base::Result<void>> prepare(core::Pod pod);
  // The pod has ended: what no other pod uses is taken back.
  io::Task<base::Result<void>> unprepare(std::string pod_uid);
  // Takes back what pods had that are not among these. Until cancelled: what fails is tried again.
  io::Task<void> sweep(std::function<bool(const std::string& pod_uid)> is_here);

  static bool uses_claims(const core::Pod& pod);
  // CDI device ids for a container of the pod, each once. An Error when a claim of it is not prepared.
  base::Result<std::vector<std::string>> devices_of(const core::Pod& pod, const core::Container& container) const;

  struct Given {
    const PreparedClaim* claim;
    std::string driver;
    const PreparedDevice* device;
  };
  // The same for those who ask what is in use; the pointers are good until something is awaited.
  std::vector<Given> given_to(const core::Pod& pod, const core::Container& container) const;

 private:
  using Claim = api::resource_k8s_io_v1::ResourceClaim;
  class Turn;  // one at a time works on a claim
  struct Named {
    std::string name;
    bool made_for;
    std::string pod_claim;  // the pod's name for it; "": of extended resources
  };
  static base::Result<std::vector<Named>> claims_of(const core::Pod& pod);
  io::Task<base::Result<void>> prepare_one(core::Pod pod, Named named);
  io::Task<base::Result<void>> ask_driver(std::string uid, std::string driver);
  io::Task<base::Result<void>> take_back(std::string uid, std::string pod_uid);
  io::Task<void> wait_turn(std::string uid);
  void end_turn(const std::string& uid);
  base::Result<void> save() const;  // blocks; some kilobytes
  const PreparedClaim* find(const std::string& namespace_, const std::string& name, const std::string& pod_uid) const;

  const std::string path_;
  client::Client client_;
  DraDrivers& drivers_;
  PreparedClaims claims_;
  std::set<std::string> busy_;  // uids of claims that somebody works on
  io::Event turn_ended_;
};

}  // namespace kubelet
