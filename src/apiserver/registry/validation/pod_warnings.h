// What is allowed of pods and their templates but not wise.
#pragma once

#include <string_view>

#include "api/core_v1.h"
#include "apiserver/registry/validation/warnings.h"

namespace apiserver {

void warn_about_pod(Warnings& warnings, const api::core_v1::Pod& pod);
// Addresses in its status.
void warn_about_pod_status(Warnings& warnings, const api::core_v1::PodStatus& status);
// Of a spec in the place `at`.
void warn_about_volumes(Warnings& warnings, const api::core_v1::PodSpec& spec, const Place& at);
void warn_about_template(Warnings& warnings, const api::core_v1::PodTemplateSpec& pod, std::string_view at);

// Names that become names of hosts had better be labels.
enum class NameUse : uint8_t { PodHostname, PodNames };
void warn_about_name(Warnings& warnings, std::string_view name, NameUse use);

}  // namespace apiserver
