// A driver of devices for tests: prepares whatever it is asked for, with one device for each claim. It notes every
// call, and fails those it is told to fail.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "api/dra_v1.h"
#include "api/pluginregistration_v1.h"
#include "io/grpc_server.h"
#include "rpc/rpc.h"

namespace kubelet {

class FakeDraDriver {
 public:
  // Serves in `folder`, and registers in the kubelet's `registry`; both on the current loop.
  FakeDraDriver(std::string name, std::string folder, std::string registry)
      : name_(std::move(name)), folder_(std::move(folder)), registry_(std::move(registry)) {
    namespace dra = api::dra_v1;
    namespace registration = api::pluginregistration_v1;
    rpc::serve_unary<dra::NodePrepareResourcesResponse, dra::NodePrepareResourcesRequest>(
        services_, dra::dra_plugin::kNodePrepareResources,
        [this](dra::NodePrepareResourcesRequest request) { return prepare(std::move(request)); });
    rpc::serve_unary<dra::NodeUnprepareResourcesResponse, dra::NodeUnprepareResourcesRequest>(
        services_, dra::dra_plugin::kNodeUnprepareResources,
        [this](dra::NodeUnprepareResourcesRequest request) { return unprepare(std::move(request)); });
    rpc::serve_unary<registration::PluginInfo, registration::InfoRequest>(
        registration_services_, registration::registration::kGetInfo,
        [this](registration::InfoRequest) { return info(); });
    rpc::serve_unary<registration::RegistrationStatusResponse, registration::RegistrationStatus>(
        registration_services_, registration::registration::kNotifyRegistrationStatus,
        [](registration::RegistrationStatus) { return notified(); });
  }
  base::Result<void> start() {
    unlink(socket().c_str());
    TRY(server_, io::serve_grpc(services_, io::Address::unix_socket(socket())));
    unlink(registration_socket().c_str());
    TRY(registration_, io::serve_grpc(registration_services_, io::Address::unix_socket(registration_socket())));
    return {};
  }
  void stop() {
    registration_.reset();
    server_.reset();
    unlink(registration_socket().c_str());
    unlink(socket().c_str());
  }
  std::string socket() const { return folder_ + "/" + name_ + ".sock"; }
  std::string registration_socket() const { return registry_ + "/" + name_ + "-reg.sock"; }

  std::vector<std::string> calls;  // "prepare uid", "unprepare uid"
  std::string failure;             // what is answered instead; "" for success
  std::string record;              // a file to which calls are written too; "" for none

 private:
  void note(std::string call) {
    if (!record.empty())
      if (FILE* file = fopen(record.c_str(), "ae")) {
        fprintf(file, "%s\n", call.c_str());
        fclose(file);
      }
    calls.push_back(std::move(call));
  }
  io::Task<base::Result<api::dra_v1::NodePrepareResourcesResponse>> prepare(
      api::dra_v1::NodePrepareResourcesRequest request) {
    api::dra_v1::NodePrepareResourcesResponse out;
    for (auto& claim : request.claims) {
      note("prepare " + claim.uid);
      auto& one = out.claims[claim.uid];
      one.error = failure;
      if (!failure.empty()) continue;
      auto& device = one.devices.emplace_back();
      device.request_names = {"gpu"};
      device.pool_name = "node";
      device.device_name = "gpu-0";
      device.cdi_device_ids = {name_ + "/gpu=" + claim.name};
    }
    co_return out;
  }
  io::Task<base::Result<api::dra_v1::NodeUnprepareResourcesResponse>> unprepare(
      api::dra_v1::NodeUnprepareResourcesRequest request) {
    api::dra_v1::NodeUnprepareResourcesResponse out;
    for (auto& claim : request.claims) {
      note("unprepare " + claim.uid);
      out.claims[claim.uid].error = failure;
    }
    co_return out;
  }
  io::Task<base::Result<api::pluginregistration_v1::PluginInfo>> info() {
    api::pluginregistration_v1::PluginInfo out;
    out.type = "DRAPlugin";
    out.name = name_;
    out.endpoint = socket();
    out.supported_versions = {"v1.DRAPlugin"};
    co_return out;
  }
  static io::Task<base::Result<api::pluginregistration_v1::RegistrationStatusResponse>> notified() {
    co_return api::pluginregistration_v1::RegistrationStatusResponse{};
  }

  const std::string name_;
  const std::string folder_;
  const std::string registry_;
  io::GrpcServices services_;
  io::GrpcServices registration_services_;
  std::unique_ptr<io::HttpServer> server_;
  std::unique_ptr<io::HttpServer> registration_;
};

}  // namespace kubelet
