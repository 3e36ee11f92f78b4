// Small questions about a pod that many ask. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/core_v1.h"

namespace kubelet {

namespace core = ::api::core_v1;

// The condition of a pod whose containers are all being stopped, to run anew.
inline constexpr std::string_view kAllContainersRestarting = "AllContainersRestarting";

// "name_namespace(uid)", as events and messages name a pod.
std::string pod_text(const core::Pod& pod);

// An init container that goes on running beside the others.
bool is_sidecar(const core::Container& init_container);

// Whether a container that ended with `exit_code` is to run again: its own rules and policy, else the pod's.
bool restarts_after(const core::Pod& pod, const core::Container& container, bool is_init, int32_t exit_code);

// Whether that end asks for all containers of the pod to run anew (a rule with the action RestartAllContainers).
bool restarts_all_after(const core::Container& container, int32_t exit_code);

// What a change of makes the container be made anew. Hexadecimal.
std::string container_hash(const core::Container& container);

const core::Container* find_container(const core::Pod& pod, std::string_view name);  // of any kind but ephemeral
// An ephemeral container as a container.
core::Container from_ephemeral(const core::EphemeralContainer& container);

bool is_mirror_or_static(const core::Pod& pod);
bool is_critical(const core::Pod& pod);  // by priority: system-node-critical and above
bool is_terminal(const core::Pod& pod);  // its phase is Failed or Succeeded

// Seconds that its containers have to end, by the deletion if there is one, else by the spec.
int64_t grace_seconds(const core::Pod& pod);

// /var/log/pods/<this>
std::string log_directory_name(std::string_view namespace_, std::string_view name, std::string_view uid);

const core::ContainerStatus* find_status(const core::PodStatus& status, std::string_view container);
const core::PodCondition* find_condition(const core::PodStatus& status, std::string_view type);

}  // namespace kubelet
