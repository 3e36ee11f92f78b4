// The rules of the networking group's kinds, beyond those of metadata. `current` null: at birth. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/networking_k8s_io_v1.h"
#include "schema/field_error.h"
#include "schema/names.h"

namespace apiserver {

schema::FieldErrors validate_ingress(const api::networking_k8s_io_v1::Ingress& next,
                                     const api::networking_k8s_io_v1::Ingress* current);
schema::FieldErrors validate_ingress_status(const api::networking_k8s_io_v1::Ingress& next,
                                            const api::networking_k8s_io_v1::Ingress& current);
schema::FieldErrors validate_ingress_class(const api::networking_k8s_io_v1::IngressClass& next,
                                           const api::networking_k8s_io_v1::IngressClass* current);
schema::FieldErrors validate_network_policy(const api::networking_k8s_io_v1::NetworkPolicy& next,
                                            const api::networking_k8s_io_v1::NetworkPolicy* current);
void warn_about_network_policy(std::vector<std::string>& warnings,
                               const api::networking_k8s_io_v1::NetworkPolicy& policy);
schema::FieldErrors validate_ip_address(const api::networking_k8s_io_v1::IPAddress& next,
                                        const api::networking_k8s_io_v1::IPAddress* current);
schema::FieldErrors validate_service_cidr(const api::networking_k8s_io_v1::ServiceCIDR& next,
                                          const api::networking_k8s_io_v1::ServiceCIDR* current);

}  // namespace apiserver
