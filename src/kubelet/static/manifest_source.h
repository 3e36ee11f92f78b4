// Where manifests come from: a file or a folder, heard of by inotify and looked at now and then; a URL, asked now and
// then. Tells the whole set of pods whenever it was read. One loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/pool.h"
#include "io/task.h"
#include "kubelet/options.h"
#include "kubelet/pods/pod.h"

namespace kubelet {

using StaticPodsRead = std::function<void(std::vector<core::Pod>)>;

// Reads a file, or all files of a folder whose name does not begin with a dot. What is no manifest is logged and left
// out. Nothing there is no pods. Blocking.
std::vector<core::Pod> read_manifest_files(const std::string& path, const std::string& node_name, int64_t now_ns);

// Until cancelled. What was read is told at once, and then whenever something may have changed.
io::Task<void> follow_manifest_files(io::Pool& pool, StaticPodOptions options, std::string node_name,
                                     StaticPodsRead read);
// The same; while the URL does not answer properly nothing is told.
io::Task<void> follow_manifest_url(StaticPodOptions options, std::string node_name, StaticPodsRead read);

}  // namespace kubelet
