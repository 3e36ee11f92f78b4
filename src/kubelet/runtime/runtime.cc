#include "kubelet/runtime/runtime.h"

#include <algorithm>

namespace kubelet {

io::Task<base::Result<std::optional<CgroupDriver>>> Runtime::cgroup_driver() {
  co_return std::optional<CgroupDriver>();
}

io::Task<base::Result<cri::ImageFsInfoResponse>> Runtime::image_filesystems() {
  co_return cri::ImageFsInfoResponse();
}

io::Task<base::Result<void>> Runtime::checkpoint_container(std::string, std::string, int64_t) {
  co_return base::fail(base::Code::MethodNotAllowed, "this runtime cannot checkpoint containers");
}

const cri::RuntimeHandler* find_handler(const std::vector<cri::RuntimeHandler>& handlers, std::string_view name) {
  auto found = std::ranges::find(handlers, name, &cri::RuntimeHandler::name);
  return found == handlers.end() ? nullptr : &*found;
}

io::Task<base::Result<std::optional<HostMount>>> Runtime::host_mount_of(std::string) {
  co_return std::optional<HostMount>();
}

}  // namespace kubelet
