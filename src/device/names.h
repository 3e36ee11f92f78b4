// How claims of devices, and what they are made for, are called where components must agree. Pure. Kubernetes
// documentation, "Dynamic Resource Allocation".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "api/resource_k8s_io_v1.h"
#include "base/result.h"

namespace device {

// Of a claim that is allocated: it does not go before its devices are free.
inline constexpr std::string_view kFinalizer = "resource.kubernetes.io/delete-protection";
// Of a claim made of a template: the name of the pod's claim that it is made for.
inline constexpr std::string_view kPodClaimAnnotation = "resource.kubernetes.io/pod-claim-name";
// Of the claim that the scheduler makes for the extended resources of a pod: "true".
inline constexpr std::string_view kExtendedResourceAnnotation = "resource.kubernetes.io/extended-resource-claim";
// "deviceclass.resource.kubernetes.io/CLASS" asks for devices of a class as if they were an extended resource.
inline constexpr std::string_view kClassResourcePrefix = "deviceclass.resource.kubernetes.io/";
// How many may use a claim at a time.
inline constexpr size_t kReservationsMax = 256;

// The claim behind one of a pod's.
struct ClaimName {
  std::string name;       // "": none is needed
  bool made_for = false;  // of a template: it must be the pod's own
};
// NotFound while a claim of a template is not made yet.
base::Result<ClaimName> claim_name(const api::core_v1::Pod& pod, const api::core_v1::PodResourceClaim& claim);
// That the pod owns the claim; else the error says why not, in upstream's words.
base::Result<void> check_made_for(const api::core_v1::Pod& pod, const api::resource_k8s_io_v1::ResourceClaim& claim);

bool is_reserved_for(const api::resource_k8s_io_v1::ResourceClaim& claim, std::string_view pod_uid);
bool can_be_reserved(const api::resource_k8s_io_v1::ResourceClaim& claim);
api::resource_k8s_io_v1::ResourceClaimConsumerReference reference_to(const api::core_v1::Pod& pod);
bool has_finalizer(const api::resource_k8s_io_v1::ResourceClaim& claim);

// A device wherever it is named: "driver/pool/device", and "/share" of one that several share.
std::string device_id(std::string_view driver, std::string_view pool, std::string_view device);
// "request" of "request/alternative".
std::string_view base_request(std::string_view request);

bool tolerates(const std::vector<api::resource_k8s_io_v1::DeviceToleration>& tolerations,
               const api::resource_k8s_io_v1::DeviceTaint& taint);
bool tolerates(const api::resource_k8s_io_v1::DeviceToleration& toleration,
               const api::resource_k8s_io_v1::DeviceTaint& taint);

// Which of the classes offers an extended resource: the newest that names it, or the one that the name tells of. Null:
// none does.
const api::resource_k8s_io_v1::DeviceClass* class_of_resource(
    const std::vector<std::shared_ptr<const api::resource_k8s_io_v1::DeviceClass>>& classes, std::string_view resource);
// Whether devices could stand behind a resource of that name: not cpu, memory, hugepages or what else is the node's
// own.
bool is_extended_resource(std::string_view name);

}  // namespace device
