// Claims, volumes and classes for tests, in a few words: claim("data").of("fast").asking("1Gi").
#pragma once

#include <string>

#include "api/core_v1.h"
#include "api/storage_k8s_io_v1.h"

namespace controller::testing {

class ClaimBuilder {
 public:
  explicit ClaimBuilder(std::string name, std::string size = "1Gi") {
    claim_.metadata.namespace_ = "default";
    claim_.metadata.name = name;
    claim_.metadata.uid = "uid-of-" + name;
    claim_.spec.access_modes = {"ReadWriteOnce"};
    claim_.spec.storage_class_name = "";
    claim_.spec.resources.requests["storage"] = *base::Quantity::parse(size);
    claim_.status.phase = "Pending";
  }
  ClaimBuilder& of(std::string class_name) {
    claim_.spec.storage_class_name = std::move(class_name);
    return *this;
  }
  ClaimBuilder& naming(std::string volume) {
    claim_.spec.volume_name = std::move(volume);
    return *this;
  }
  ClaimBuilder& bound_to(std::string volume) {
    claim_.spec.volume_name = std::move(volume);
    claim_.metadata.annotations["pv.kubernetes.io/bind-completed"] = "yes";
    claim_.status.phase = "Bound";
    return *this;
  }
  ClaimBuilder& noted(std::string key, std::string value) {
    claim_.metadata.annotations[std::move(key)] = std::move(value);
    return *this;
  }
  operator api::core_v1::PersistentVolumeClaim() const { return claim_; }  // NOLINT

 private:
  api::core_v1::PersistentVolumeClaim claim_;
};
inline ClaimBuilder claim(std::string name, std::string size = "1Gi") {
  return ClaimBuilder(std::move(name), std::move(size));
}

class VolumeBuilder {
 public:
  explicit VolumeBuilder(std::string name, std::string size = "1Gi") {
    volume_.metadata.name = std::move(name);
    volume_.spec.access_modes = {"ReadWriteOnce"};
    volume_.spec.capacity["storage"] = *base::Quantity::parse(size);
    volume_.spec.persistent_volume_reclaim_policy = "Retain";
    volume_.status.phase = "Available";
  }
  VolumeBuilder& of(std::string class_name) {
    volume_.spec.storage_class_name = std::move(class_name);
    return *this;
  }
  VolumeBuilder& for_claim(std::string name, std::string uid = "") {
    auto& reference = volume_.spec.claim_ref.emplace();
    reference.namespace_ = "default";
    reference.name = std::move(name);
    reference.uid = std::move(uid);
    return *this;
  }
  VolumeBuilder& policy(std::string policy) {
    volume_.spec.persistent_volume_reclaim_policy = std::move(policy);
    return *this;
  }
  VolumeBuilder& driver(std::string driver, std::string handle) {
    auto& csi = volume_.spec.csi.emplace();
    csi.driver = std::move(driver);
    csi.volume_handle = std::move(handle);
    return *this;
  }
  VolumeBuilder& noted(std::string key, std::string value) {
    volume_.metadata.annotations[std::move(key)] = std::move(value);
    return *this;
  }
  VolumeBuilder& phase(std::string phase) {
    volume_.status.phase = std::move(phase);
    return *this;
  }
  operator api::core_v1::PersistentVolume() const { return volume_; }  // NOLINT

 private:
  api::core_v1::PersistentVolume volume_;
};
inline VolumeBuilder volume(std::string name, std::string size = "1Gi") {
  return VolumeBuilder(std::move(name), std::move(size));
}

inline api::storage_k8s_io_v1::StorageClass storage_class(std::string name, std::string provisioner,
                                                          bool waits_for_consumer = false) {
  api::storage_k8s_io_v1::StorageClass out;
  out.metadata.name = std::move(name);
  out.provisioner = std::move(provisioner);
  out.volume_binding_mode = waits_for_consumer ? "WaitForFirstConsumer" : "Immediate";
  return out;
}

// A volume of the pod that is the claim's.
inline void use_claim(api::core_v1::Pod& pod, std::string claim) {
  auto& volume = pod.spec.volumes.emplace_back();
  volume.name = claim;
  volume.persistent_volume_claim.emplace().claim_name = std::move(claim);
}

}  // namespace controller::testing
