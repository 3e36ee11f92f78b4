// The addresses of services inside the cluster: clusterIP(s), ipFamilies and ipFamilyPolicy, which have to agree.
#pragma once

#include "api/core_v1.h"
#include "apiserver/registry/validation/report.h"

namespace apiserver {

bool is_headless(const api::core_v1::ServiceSpec& spec);
void check_cluster_addresses(Report& report, const api::core_v1::Service& next, const api::core_v1::Service* current);
// A second family may come and go; the first stays.
void check_cluster_addresses_change(Report& report, const api::core_v1::ServiceSpec& next,
                                    const api::core_v1::ServiceSpec& current);

}  // namespace apiserver
