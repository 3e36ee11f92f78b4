// The admission steps that are off until --enable-admission-plugins names them.
#pragma once

#include <memory>
#include <string_view>

#include "apiserver/admission/plugin.h"
#include "apiserver/pipeline/authorizer.h"
#include "base/random.h"
#include "base/result.h"

namespace apiserver {

std::unique_ptr<AdmissionPlugin> make_always_admit();
std::unique_ptr<AdmissionPlugin> make_always_deny();
std::unique_ptr<AdmissionPlugin> make_always_pull_images();
std::unique_ptr<AdmissionPlugin> make_deny_external_ips();
std::unique_ptr<AdmissionPlugin> make_extended_resource_toleration();
std::unique_ptr<AdmissionPlugin> make_limit_anti_affinity();
std::unique_ptr<AdmissionPlugin> make_namespace_auto_provision(base::Random& random);
std::unique_ptr<AdmissionPlugin> make_namespace_exists();
std::unique_ptr<AdmissionPlugin> make_owner_references_permission(const Authorizer& authorizer);
std::unique_ptr<AdmissionPlugin> make_pod_node_selector();

// Steps with a document of their own in the admission control file; `document` is its JSON, or "". BadRequest when it
// cannot be read.
base::Result<std::unique_ptr<AdmissionPlugin>> make_event_rate_limit(std::string_view document);
base::Result<std::unique_ptr<AdmissionPlugin>> make_image_policy_webhook(std::string_view document);
base::Result<std::unique_ptr<AdmissionPlugin>> make_pod_toleration_restriction(std::string_view document);

}  // namespace apiserver
