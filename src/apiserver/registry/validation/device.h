// The rules of dynamic resource allocation's kinds, beyond those of metadata and those that are declared at the fields.
// `current` null: at birth. Pure.
#pragma once

#include "api/resource_k8s_io_v1.h"
#include "apiserver/registry/validation/report.h"

namespace apiserver {

schema::FieldErrors validate_device_class(const api::resource_k8s_io_v1::DeviceClass& next,
                                          const api::resource_k8s_io_v1::DeviceClass* current);
schema::FieldErrors validate_resource_claim(const api::resource_k8s_io_v1::ResourceClaim& next,
                                            const api::resource_k8s_io_v1::ResourceClaim* current);
schema::FieldErrors validate_resource_claim_status(const api::resource_k8s_io_v1::ResourceClaim& next,
                                                   const api::resource_k8s_io_v1::ResourceClaim& current);
schema::FieldErrors validate_resource_claim_template(const api::resource_k8s_io_v1::ResourceClaimTemplate& next,
                                                     const api::resource_k8s_io_v1::ResourceClaimTemplate* current);
schema::FieldErrors validate_resource_slice(const api::resource_k8s_io_v1::ResourceSlice& next,
                                            const api::resource_k8s_io_v1::ResourceSlice* current);

// Parts that several of them have.
void check_device_claim(Report& report, const api::resource_k8s_io_v1::DeviceClaim& claim, const Place& at);
void check_device_selectors(Report& report, const std::vector<api::resource_k8s_io_v1::DeviceSelector>& selectors,
                            const Place& at);
void check_device_configuration(Report& report, const api::resource_k8s_io_v1::DeviceConfiguration& configuration,
                                const Place& at);
void check_device_toleration(Report& report, const api::resource_k8s_io_v1::DeviceToleration& toleration,
                             const Place& at);
void check_binding_conditions(Report& report, const std::vector<std::string>& conditions,
                              const std::vector<std::string>& failures, const Place& at);
void check_pool_name(Report& report, const std::string& name, const Place& at);
void check_device_qualified_name(Report& report, std::string_view name, const Place& at);
// JSON of an object, of at most that many bytes.
void check_opaque_json(Report& report, const std::string& json, const Place& at);
// How a claim's request, or "request/subrequest", is referred to.
void check_request_reference(Report& report, std::string_view name, const api::resource_k8s_io_v1::DeviceClaim& claim,
                             const Place& at);

}  // namespace apiserver
