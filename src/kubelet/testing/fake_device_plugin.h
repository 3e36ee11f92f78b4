// A device plugin for tests: offers the devices it is given, and notes what it is asked.
#pragma once

#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/deviceplugin_v1beta1.h"
#include "base/strings.h"
#include "io/grpc_client.h"
#include "io/grpc_server.h"
#include "rpc/rpc.h"

namespace kubelet {

class FakeDevicePlugin {
 public:
  // `folder` is the kubelet's device-plugins.
  FakeDevicePlugin(std::string resource, std::string folder)
      : resource_(std::move(resource)), folder_(std::move(folder)) {
    namespace v1 = api::deviceplugin_v1beta1;
    rpc::serve_unary<v1::DevicePluginOptions, v1::Empty>(services_, v1::device_plugin::kGetDevicePluginOptions,
                                                         [this](v1::Empty) { return get_options(); });
    rpc::serve_unary<v1::AllocateResponse, v1::AllocateRequest>(
        services_, v1::device_plugin::kAllocate, [this](v1::AllocateRequest request) { return allocate(request); });
    rpc::serve_unary<v1::PreferredAllocationResponse, v1::PreferredAllocationRequest>(
        services_, v1::device_plugin::kGetPreferredAllocation,
        [this](v1::PreferredAllocationRequest request) { return prefer(request); });
    rpc::serve_unary<v1::PreStartContainerResponse, v1::PreStartContainerRequest>(
        services_, v1::device_plugin::kPreStartContainer,
        [this](v1::PreStartContainerRequest request) { return pre_start(request); });
    rpc::serve_stream<v1::ListAndWatchResponse, v1::Empty>(
        services_, v1::device_plugin::kListAndWatch,
        [this](rpc::ServerCall<v1::ListAndWatchResponse, v1::Empty> call) { return list(call); });
  }
  base::Result<void> start() {
    std::string socket = folder_ + "/plugin.sock";
    unlink(socket.c_str());
    TRY(server_, io::serve_grpc(services_, io::Address::unix_socket(socket)));
    return {};
  }
  void stop() { server_.reset(); }
  io::Task<base::Result<void>> register_at_kubelet(std::string version = "v1beta1") {
    namespace v1 = api::deviceplugin_v1beta1;
    io::GrpcClient client({.address = io::Address::unix_socket(folder_ + "/kubelet.sock")});
    v1::RegisterRequest request;
    request.version = std::move(version);
    request.endpoint = "plugin.sock";
    request.resource_name = resource_;
    CO_TRY((co_await rpc::call<v1::Empty>(client, v1::registration::kRegister, std::move(request),
                                          std::chrono::seconds(5))));
    co_return {};
  }
  void set(const std::string& id, bool healthy) {
    devices_[id] = healthy;
    changed_.set();
  }

  std::vector<std::string> calls;      // "allocate a,b", "prestart a"
  std::vector<std::string> preferred;  // not empty: it has a preference
  std::string library = "/opt/lib";    // a folder of the host: mounted where devices are
  bool wants_pre_start = false;
  std::string failure;  // of Allocate

 private:
  template <class T>
  using Answer = io::Task<base::Result<T>>;
  Answer<api::deviceplugin_v1beta1::DevicePluginOptions> get_options() {
    api::deviceplugin_v1beta1::DevicePluginOptions out;
    out.pre_start_required = wants_pre_start;
    out.get_preferred_allocation_available = !preferred.empty();
    co_return out;
  }
  Answer<api::deviceplugin_v1beta1::AllocateResponse> allocate(api::deviceplugin_v1beta1::AllocateRequest request) {
    api::deviceplugin_v1beta1::AllocateResponse out;
    auto& ids = request.container_requests.at(0).devices_ids;
    calls.push_back("allocate " + base::join(ids, ","));
    if (!failure.empty()) co_return base::fail(base::Code::Internal, failure);
    auto& one = out.container_responses.emplace_back();
    one.envs["DEVICES"] = base::join(ids, ",");
    for (auto& id : ids) {
      auto& device = one.devices.emplace_back();
      device.host_path = "/dev/null";
      device.container_path = "/dev/" + id;
      device.permissions = "rw";
    }
    one.mounts.emplace_back().host_path = library;
    one.mounts.back().container_path = "/lib/fpga";
    one.mounts.back().read_only = true;
    one.annotations["example.com/devices"] = "yes";
    one.cdi_devices.emplace_back().name = "example.com/device=" + ids.at(0);
    co_return out;
  }
  Answer<api::deviceplugin_v1beta1::PreferredAllocationResponse> prefer(
      api::deviceplugin_v1beta1::PreferredAllocationRequest) {
    api::deviceplugin_v1beta1::PreferredAllocationResponse out;
    out.container_responses.emplace_back().device_ids = preferred;
    co_return out;
  }
  Answer<api::deviceplugin_v1beta1::PreStartContainerResponse> pre_start(
      api::deviceplugin_v1beta1::PreStartContainerRequest request) {
    calls.push_back("prestart " + base::join(request.devices_ids, ","));
    co_return api::deviceplugin_v1beta1::PreStartContainerResponse{};
  }
  io::Task<base::Result<void>> list(
      rpc::ServerCall<api::deviceplugin_v1beta1::ListAndWatchResponse, api::deviceplugin_v1beta1::Empty> call) {
    for (;;) {
      api::deviceplugin_v1beta1::ListAndWatchResponse out;
      for (auto& [id, healthy] : devices_) {
        auto& one = out.devices.emplace_back();
        one.id = id;
        one.health = healthy ? "Healthy" : "Unhealthy";
      }
      changed_.reset();
      CO_TRY(co_await call.write(std::move(out)));
      co_await changed_.wait();
    }
  }

  const std::string resource_;
  const std::string folder_;
  std::map<std::string, bool> devices_;
  io::Event changed_;
  io::GrpcServices services_;
  std::unique_ptr<io::HttpServer> server_;
};

}  // namespace kubelet
