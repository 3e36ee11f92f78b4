// The admission steps that are off until --enable-admission-plugins names them.
#pragma once

#include <memory>

#include "apiserver/admission/plugin.h"
#include "apiserver/pipeline/authorizer.h"

namespace apiserver {

std::unique_ptr<AdmissionPlugin> make_always_admit();
std::unique_ptr<AdmissionPlugin> make_always_deny();
std::unique_ptr<AdmissionPlugin> make_always_pull_images();
std::unique_ptr<AdmissionPlugin> make_deny_external_ips();
std::unique_ptr<AdmissionPlugin> make_extended_resource_toleration();
std::unique_ptr<AdmissionPlugin> make_limit_anti_affinity();
std::unique_ptr<AdmissionPlugin> make_namespace_exists();
std::unique_ptr<AdmissionPlugin> make_owner_references_permission(const Authorizer& authorizer);
std::unique_ptr<AdmissionPlugin> make_pod_node_selector();

}  // namespace apiserver
