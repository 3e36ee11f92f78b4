#include "kubelet/csi/driver.h"

namespace kubelet {
namespace {

std::string path_of(std::string endpoint) {
  for (std::string_view scheme : {"unix://", "unix:"})
    if (endpoint.starts_with(scheme)) return endpoint.substr(scheme.size());
  return endpoint;
}

}  // namespace

CsiDriver::CsiDriver(std::string name, std::string endpoint)
    : name_(std::move(name)), client_({.address = io::Address::unix_socket(path_of(std::move(endpoint)))}) {}

io::Task<base::Result<void>> CsiDriver::ask_info() {
  CO_TRY(info_, co_await call<csi::NodeGetInfoResponse>(csi::node::kNodeGetInfo, csi::NodeGetInfoRequest{}));
  co_return {};
}

io::Task<base::Result<std::shared_ptr<CsiDriver>>> CsiDriver::connect(std::string name, std::string endpoint) {
  std::shared_ptr<CsiDriver> driver(new CsiDriver(std::move(name), std::move(endpoint)));
  CO_TRY(co_await driver->ask_info());
  if (driver->info_.node_id.empty())
    co_return base::fail(base::Code::Invalid, "driver " + driver->name_ + " gave an empty node id");
  CO_TRY(auto known, co_await driver->call<csi::NodeGetCapabilitiesResponse>(csi::node::kNodeGetCapabilities,
                                                                             csi::NodeGetCapabilitiesRequest{}));
  for (auto& one : known.capabilities)
    if (one.rpc) driver->capabilities_.insert(one.rpc->type);
  co_return driver;
}

}  // namespace kubelet
