// The node part of one storage driver: a client of its CSI Node service. One loop; hold it while a call is under way.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "api/csi.h"
#include "base/result.h"
#include "io/grpc_client.h"
#include "rpc/rpc.h"

namespace kubelet {

namespace csi = ::api::csi;

class CsiDriver {
 public:
  using Rpc = csi::NodeRpcCapability::Rpc;

  // Asks the driver at that socket what it can do and how it calls this node.
  static io::Task<base::Result<std::shared_ptr<CsiDriver>>> connect(std::string name, std::string endpoint);

  const std::string& name() const { return name_; }
  const csi::NodeGetInfoResponse& info() const { return info_; }
  // Asks again. An Error leaves what was known.
  io::Task<base::Result<void>> ask_info();
  bool can(Rpc what) const { return capabilities_.contains(what); }

  // A call of the Node service; Timeout after two minutes, and the driver may have done it all the same.
  template <class Response, class Request>
  io::Task<base::Result<Response>> call(std::string_view path, Request request) {
    return rpc::call<Response>(client_, path, std::move(request), kTimeout);
  }

 private:
  static constexpr auto kTimeout = std::chrono::minutes(2);
  CsiDriver(std::string name, std::string endpoint);

  std::string name_;
  io::GrpcClient client_;
  csi::NodeGetInfoResponse info_;
  std::set<Rpc> capabilities_;
};

}  // namespace kubelet
