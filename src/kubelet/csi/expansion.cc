#include "kubelet/csi/expansion.h"

#include <algorithm>

#include "io/grpc.h"
#include "volume/claim.h"

namespace kubelet {
namespace {

namespace core = ::api::core_v1;

constexpr std::string_view kStorage = "storage";
constexpr std::string_view kFailed = "NodeResizeError";

}  // namespace

bool is_to_grow(const core::PersistentVolumeClaim& claim, const core::PersistentVolume& volume) {
  auto known = claim.status.capacity.find(kStorage);
  return known != claim.status.capacity.end() && known->second < volume::capacity(volume);
}

core::PersistentVolumeClaim growing(core::PersistentVolumeClaim claim) {
  auto& statuses = claim.status.allocated_resource_statuses;
  if (auto found = statuses.find(kStorage); found != statuses.end()) found->second = "NodeResizeInProgress";
  return claim;
}

core::PersistentVolumeClaim grown(core::PersistentVolumeClaim claim, base::Quantity size) {
  claim.status.capacity[std::string(kStorage)] = size;
  claim.status.allocated_resource_statuses.erase(std::string(kStorage));
  std::erase_if(claim.status.conditions, [](auto& condition) {
    return condition.type == "FileSystemResizePending" || condition.type == "Resizing" || condition.type == kFailed;
  });
  return claim;
}

core::PersistentVolumeClaim not_grown(core::PersistentVolumeClaim claim, const std::string& why, bool infeasible,
                                      base::Time now) {
  auto& conditions = claim.status.conditions;
  auto found = std::ranges::find_if(conditions, [](auto& one) { return one.type == kFailed; });
  if (found == conditions.end()) {
    conditions.emplace_back().type = kFailed;
    found = conditions.end() - 1;
    found->status = "True";
    found->last_transition_time = now.truncated_to_seconds();
  }
  found->message = why;
  auto& statuses = claim.status.allocated_resource_statuses;
  if (auto status = statuses.find(kStorage); infeasible && status != statuses.end())
    status->second = "NodeResizeInfeasible";
  return claim;
}

bool is_infeasible(const base::Error& error) {
  auto code = io::grpc_code_of(error);
  return code == io::GrpcCode::InvalidArgument || code == io::GrpcCode::OutOfRange || code == io::GrpcCode::NotFound;
}

}  // namespace kubelet
