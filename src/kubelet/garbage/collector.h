// Removes what the node holds for nobody: images when the disk fills or they are old, remains of pods that have ended,
// folders of logs whose pod is gone, links to logs that are gone. Looks every five minutes, and when the disk runs low.
// One loop.
#pragma once

#include <functional>
#include <string>

#include "io/task.h"
#include "kubelet/garbage/image_records.h"
#include "kubelet/pods/context.h"
#include "kubelet/pods/pods.h"

namespace kubelet {

class GarbageCollector {
 public:
  // Borrowed: context, pods. `node_warning` records an event about the node.
  GarbageCollector(PodContext& context, Pods& pods,
                   std::function<void(std::string_view reason, std::string message)> node_warning)
      : context_(context), pods_(pods), node_warning_(std::move(node_warning)) {}

  // Until cancelled.
  io::Task<void> run();
  // Removes all that is not needed, whatever the disk says: remains of pods, images.
  io::Task<void> free_all();

 private:
  io::Task<base::Result<void>> look_at_images();
  io::Task<base::Result<void>> collect_images();
  io::Task<uint64_t> remove(std::vector<UnusedImage> images, std::string_view reason);
  io::Task<void> collect_logs();
  io::Task<void> collect_remains();

  PodContext& context_;
  Pods& pods_;
  std::function<void(std::string_view, std::string)> node_warning_;
  ImageRecords records_;
  int failures_ = 0;  // of collect_images(), in a row
};

// The folders of logs in `directory` ("namespace_name_uid") whose pod `is_known` does not know are removed, and links
// in `links` to files that are not there. Blocking.
void remove_orphaned_logs(const std::string& directory, const std::string& links,
                          const std::function<bool(std::string_view uid)>& is_known);

}  // namespace kubelet
