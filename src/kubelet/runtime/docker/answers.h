// What the Engine says of containers and images, as the CRI's messages. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cri.h"
#include "kubelet/runtime/docker/names.h"
#include "schema/value.h"

namespace kubelet::docker {

// One of GET /containers/json. Nothing for what is not ours.
std::optional<cri::PodSandbox> to_sandbox(const schema::Value& entry);
std::optional<cri::Container> to_container(const schema::Value& entry);

// GET /containers/ID/json. Addresses are not the Engine's to tell.
cri::PodSandboxStatus to_sandbox_status(const schema::Value& inspected);
// A container that could not be started has exited, with code 128 and reason StartError, as containerd has it.
cri::ContainerStatus to_container_status(const schema::Value& inspected);

// The runtimes that GET /info tells of and what they can do; "" is the default one. No Engine maps users for each
// container; mounts are read-only all the way down from version 1.44 of the API on, and kernel 5.12.
std::vector<cri::RuntimeHandler> handlers(const schema::Value& info, const schema::Value& version);

// Ns since 1970; 0 for the zero time.
int64_t moment_at(const schema::Value& value, std::initializer_list<std::string_view> path);

// GET /images/NAME/json, or one of GET /images/json.
cri::Image to_image(const schema::Value& value);
// How a container's status names its image: by digest where it came from a registry, by id otherwise.
std::string image_reference(const cri::Image& image);

}  // namespace kubelet::docker
