#include "kubelet/runtime/cri/lost_task.h"

#include "base/log.h"
#include "io/grpc.h"
#include "io/grpc_client.h"
#include "io/loop.h"
#include "kubelet/runtime/cri/wire_fields.h"

namespace kubelet {

io::Task<void> end_task(std::string endpoint, std::string container_id) {
  constexpr auto kTimeout = std::chrono::seconds(10);
  auto address = io::Address::parse(endpoint);
  if (!address) co_return;
  io::GrpcClient::Options options{.address = std::move(*address), .tls = nullptr};
  options.metadata.add("containerd-namespace", "k8s.io");
  io::GrpcClient client(std::move(options));
  // KillRequest: 1 container, 3 signal, 4 all its processes. DeleteTaskRequest: 1 container.
  std::string task;
  add_field(task, 1, container_id);
  std::string kill = task + "\x18\x09\x20\x01";
  auto killed = co_await client.call("/containerd.services.tasks.v1.Tasks/Kill", std::move(kill), kTimeout);
  if (!killed && io::grpc_code_of(killed.error()) == io::GrpcCode::Unimplemented) co_return;
  // It takes a moment to be dead.
  auto pause = std::chrono::milliseconds(5);
  for (int attempt = 0; attempt < 8; ++attempt, pause *= 2) {
    auto deleted = co_await client.call("/containerd.services.tasks.v1.Tasks/Delete", task, kTimeout);
    if (deleted) LOG_INFO("Ended what containerd had lost sight of", {"container", container_id});
    if (deleted || io::grpc_code_of(deleted.error()) == io::GrpcCode::NotFound) co_return;
    co_await io::sleep(pause);
  }
}

}  // namespace kubelet
