// The files of an image on the host, as containerd's snapshotter keeps them: for those containerds whose CRI cannot
// give a container an image as a mount, which is all before 2.1. Asks containerd's own services, at the socket of the
// CRI.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "io/task.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

// Whether a runtime of this name and version needs it. Pure.
bool needs_image_views(std::string_view runtime, std::string_view version);

// From what the CRI tells of an image when asked for more: the name of its files among the snapshots; "" if it is not
// told. Pure.
std::string chain_id_of(std::string_view verbose_info);
// "overlayfs", from the folder where the CRI says that images lie. Pure.
std::string snapshotter_of(std::string_view image_folder);

// How to mount them. Nothing is left at containerd: the layers are there as long as the image is.
io::Task<base::Result<HostMount>> view_image(std::string endpoint, std::string snapshotter, std::string chain_id);
// From the answer of containerd's View(). Pure.
base::Result<HostMount> mount_of_view(std::string_view answer);

}  // namespace kubelet
