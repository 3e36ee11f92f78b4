#include "kubelet/dra/claims.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "device/names.h"

namespace kubelet {
namespace {

namespace dra = ::api::dra_v1;

constexpr auto kSweepPause = std::chrono::seconds(60);

dra::Claim message_of(const PreparedClaim& claim) {
  dra::Claim out;
  out.namespace_ = claim.namespace_;
  out.uid = claim.uid;
  out.name = claim.name;
  return out;
}

bool is_for(const PreparedDevice& device, std::string_view request) {
  if (request.empty() || device.requests.empty()) return true;
  return std::ranges::any_of(device.requests,
                             [&](const auto& one) { return one == request || device::base_request(one) == request; });
}

}  // namespace

// Holds the turn of a claim for as long as it lives.
class DraClaims::Turn {
 public:
  Turn(DraClaims& claims, std::string uid) : claims_(claims), uid_(std::move(uid)) {}
  ~Turn() { claims_.end_turn(uid_); }
  Turn(const Turn&) = delete;

 private:
  DraClaims& claims_;
  std::string uid_;
};

DraClaims::DraClaims(std::string root_directory, client::Client client, DraDrivers& drivers)
    : path_(std::move(root_directory) + "/dra_manager_state"), client_(std::move(client)), drivers_(drivers) {}

base::Result<void> DraClaims::load() {
  TRY(claims_, read_prepared(path_));
  // What a driver has answered stays so. One that was asked and died with us is asked again.
  for (auto& [uid, claim] : claims_)
    claim.prepared =
        !claim.drivers.empty() && std::ranges::none_of(claim.drivers, [](auto& one) { return one.second.empty(); });
  return {};
}

base::Result<void> DraClaims::save() const {
  return write_prepared(path_, claims_);
}

bool DraClaims::uses_claims(const core::Pod& pod) {
  return !pod.spec.resource_claims.empty() || pod.status.extended_resource_claim_status;
}

base::Result<std::vector<DraClaims::Named>> DraClaims::claims_of(const core::Pod& pod) {
  std::vector<Named> out;
  for (const auto& one : pod.spec.resource_claims) {
    TRY(auto name, device::claim_name(pod, one));
    if (!name.name.empty()) out.push_back({name.name, name.made_for, one.name});
  }
  if (auto& extended = pod.status.extended_resource_claim_status)
    out.push_back({extended->resource_claim_name, true, ""});
  return out;
}

io::Task<void> DraClaims::wait_turn(std::string uid) {
  while (!busy_.insert(uid).second) {
    turn_ended_.reset();
    co_await turn_ended_.wait();
  }
}

void DraClaims::end_turn(const std::string& uid) {
  busy_.erase(uid);
  turn_ended_.set();
}

io::Task<base::Result<void>> DraClaims::prepare(core::Pod pod) {
  CO_TRY(auto names, claims_of(pod));
  for (auto& one : names) CO_TRY(co_await prepare_one(pod, one));
  co_return {};
}

io::Task<base::Result<void>> DraClaims::prepare_one(core::Pod pod, Named named) {
  auto fetched = co_await client_.get<Claim>(pod.metadata.namespace_, named.name);
  if (!fetched)
    co_return base::fail(fetched.error().with_context(
        base::cat({"failed to fetch ResourceClaim ", named.name, " referenced by pod ", pod.metadata.name})));
  if (named.made_for) CO_TRY(device::check_made_for(pod, *fetched));
  std::string uid = fetched->metadata.uid;
  co_await wait_turn(uid);
  Turn turn(*this, uid);
  if (!device::is_reserved_for(*fetched, pod.metadata.uid))
    co_return base::fail(base::Code::Forbidden,
                         base::cat({"pod ", pod.metadata.name, " (", pod.metadata.uid,
                                    ") is not allowed to use resource claim ", named.name, " (", uid, ")"}));
  if (!fetched->status.allocation)
    co_return base::fail(base::Code::Conflict, base::cat({"ResourceClaim ", named.name, " is not allocated"}));
  // Another of the same name that has gone, but is still prepared: first that is taken back.
  for (auto& [other, claim] : claims_)
    if (other != uid && claim.namespace_ == pod.metadata.namespace_ && claim.name == named.name)
      co_return base::fail(base::Code::Conflict, base::cat({"old ResourceClaim with same name ", named.name,
                                                            " and different UID ", other, " still exists"}));
  auto& claim = claims_[uid];
  claim.uid = uid;
  claim.namespace_ = fetched->metadata.namespace_;
  claim.name = fetched->metadata.name;
  bool known = claim.pods.contains(pod.metadata.uid);
  claim.pods.insert(pod.metadata.uid);
  for (const auto& result : fetched->status.allocation->devices.results) claim.drivers.try_emplace(result.driver);
  // The record comes first: whatever a driver has done after a crash will be taken back.
  if (!known || !claim.prepared) CO_TRY(save());
  if (claim.prepared) co_return {};
  std::vector<std::string> drivers;
  for (const auto& [driver, devices] : claim.drivers) drivers.push_back(driver);
  for (const auto& driver : drivers) CO_TRY(co_await ask_driver(uid, driver));
  claims_[uid].prepared = true;
  co_return save();
}

io::Task<base::Result<void>> DraClaims::ask_driver(std::string uid, std::string driver) {
  std::vector<dra::Claim> request = {message_of(claims_[uid])};
  std::string name = claims_[uid].name;
  auto answer = co_await drivers_.prepare(driver, std::move(request));
  if (!answer)
    co_return base::fail(answer.error().with_context(
        base::cat({"NodePrepareResources failed for driver ", driver, ", ResourceClaim ", name})));
  auto found = answer->claims.find(uid);
  if (found == answer->claims.end())
    co_return base::fail(base::Code::Internal,
                         base::cat({"NodePrepareResources skipped ResourceClaim ", name, " of driver ", driver}));
  if (!found->second.error.empty())
    co_return base::fail(base::Code::Internal, base::cat({"NodePrepareResources failed for ResourceClaim ", name, ": ",
                                                          found->second.error}));
  auto& devices = claims_[uid].drivers[driver];
  devices.clear();
  for (auto& one : found->second.devices)
    devices.push_back({.pool = one.pool_name,
                       .device = one.device_name,
                       .share_id = one.share_id,
                       .requests = one.request_names,
                       .cdi_ids = one.cdi_device_ids});
  co_return {};
}

io::Task<base::Result<void>> DraClaims::unprepare(std::string pod_uid) {
  std::vector<std::string> uids;
  for (const auto& [uid, claim] : claims_)
    if (claim.pods.contains(pod_uid)) uids.push_back(uid);
  base::Result<void> outcome;
  for (const auto& uid : uids)
    if (auto done = co_await take_back(uid, pod_uid); !done) outcome = std::move(done);
  co_return outcome;
}

io::Task<base::Result<void>> DraClaims::take_back(std::string uid, std::string pod_uid) {
  co_await wait_turn(uid);
  Turn turn(*this, uid);
  auto found = claims_.find(uid);
  if (found == claims_.end() || !found->second.pods.contains(pod_uid)) co_return {};
  if (found->second.pods.size() > 1) {
    found->second.pods.erase(pod_uid);
    co_return save();
  }
  // From here on it has to be prepared again for whoever wants it.
  found->second.prepared = false;
  PreparedClaim claim = found->second;
  for (const auto& [driver, devices] : claim.drivers) {
    std::vector<dra::Claim> request = {message_of(claim)};
    auto answer = co_await drivers_.unprepare(driver, std::move(request));
    if (!answer)
      co_return base::fail(answer.error().with_context(
          base::cat({"NodeUnprepareResources failed for driver ", driver, ", ResourceClaim ", claim.name})));
    auto one = answer->claims.find(uid);
    if (one == answer->claims.end())
      co_return base::fail(base::Code::Internal,
                           base::cat({"NodeUnprepareResources skipped ResourceClaim ", claim.name}));
    if (!one->second.error.empty())
      co_return base::fail(base::Code::Internal, base::cat({"NodeUnprepareResources failed for ResourceClaim ",
                                                            claim.name, ": ", one->second.error}));
  }
  claims_.erase(uid);
  co_return save();
}

io::Task<void> DraClaims::sweep(std::function<bool(const std::string& pod_uid)> is_here) {
  for (;;) {
    std::set<std::string> ended;
    for (const auto& [uid, claim] : claims_)
      for (const auto& pod : claim.pods)
        if (!is_here(pod)) ended.insert(pod);
    for (const auto& pod : ended)
      if (auto done = co_await unprepare(pod); !done)
        LOG_WARNING("Devices of a pod that is gone cannot be taken back", {"pod", pod},
                    {"error", done.error().message()});
    co_await io::sleep(kSweepPause);
  }
}

const PreparedClaim* DraClaims::find(const std::string& namespace_, const std::string& name,
                                     const std::string& pod_uid) const {
  for (const auto& [uid, claim] : claims_)
    if (claim.name == name && claim.namespace_ == namespace_ && claim.pods.contains(pod_uid)) return &claim;
  return nullptr;
}

std::vector<DraClaims::Given> DraClaims::given_to(const core::Pod& pod, const core::Container& container) const {
  std::vector<Given> out;
  auto add = [&](const PreparedClaim* claim, std::string_view request) {
    if (claim == nullptr) return;
    for (const auto& [driver, devices] : claim->drivers)
      for (const auto& device : devices)
        if (is_for(device, request)) out.push_back({claim, driver, &device});
  };
  for (const auto& wanted : container.resources.claims)
    for (const auto& one : pod.spec.resource_claims) {
      if (one.name != wanted.name) continue;
      if (auto name = device::claim_name(pod, one); name && !name->name.empty())
        add(find(pod.metadata.namespace_, name->name, pod.metadata.uid), wanted.request);
    }
  if (auto& extended = pod.status.extended_resource_claim_status) {
    const auto* claim = find(pod.metadata.namespace_, extended->resource_claim_name, pod.metadata.uid);
    for (const auto& mapping : extended->request_mappings)
      if (mapping.container_name == container.name) add(claim, mapping.request_name);
  }
  return out;
}

base::Result<std::vector<std::string>> DraClaims::devices_of(const core::Pod& pod,
                                                             const core::Container& container) const {
  for (const auto& wanted : container.resources.claims)
    for (const auto& one : pod.spec.resource_claims) {
      if (one.name != wanted.name) continue;
      TRY(auto name, device::claim_name(pod, one));
      if (name.name.empty()) continue;
      const auto* claim = find(pod.metadata.namespace_, name.name, pod.metadata.uid);
      if (claim == nullptr || !claim->prepared)
        return base::fail(
            base::Code::Unavailable,
            base::cat({"unable to get resource for namespace: ", pod.metadata.namespace_, ", claim: ", name.name}));
    }
  std::vector<std::string> out;
  for (const auto& one : given_to(pod, container))
    for (const auto& id : one.device->cdi_ids)
      if (std::ranges::find(out, id) == out.end()) out.push_back(id);
  return out;
}

}  // namespace kubelet
