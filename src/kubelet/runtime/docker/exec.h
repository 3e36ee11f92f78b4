// Commands in a container through the Engine. One loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/cri.h"
#include "base/result.h"
#include "io/http.h"
#include "io/task.h"
#include "kubelet/runtime/docker/engine.h"

namespace kubelet::docker {

namespace cri = ::api::cri;

struct Exec {
  std::string id;
  std::unique_ptr<io::Stream> stream;  // raw with a terminal, frames without
};
// Starts it.
io::Task<base::Result<Exec>> start_exec(Engine& engine, cri::ExecRequest request);
// Once its stream has ended.
io::Task<base::Result<int32_t>> exec_exit_code(Engine& engine, std::string id);
// To its end, as Runtime::exec_sync().
io::Task<base::Result<cri::ExecSyncResponse>> run_exec(Engine& engine, std::string container_id,
                                                       std::vector<std::string> command, int64_t timeout_seconds);

}  // namespace kubelet::docker
