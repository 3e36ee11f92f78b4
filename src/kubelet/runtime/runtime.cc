#include "kubelet/runtime/runtime.h"

namespace kubelet {

io::Task<base::Result<cri::ImageFsInfoResponse>> Runtime::image_filesystems() {
  co_return cri::ImageFsInfoResponse();
}

}  // namespace kubelet
