// A storage driver for tests: its volumes are folders below one of its own. It notes every call, and fails those it is
// told to fail.
//
//   <data>/volumes/<handle>   what is in the volume; "context" in it: what the driver was told of the pod
//   <data>/staged/<handle>    while it is staged
//   <data>/calls              one line a call: "NodePublishVolume h1"
//   <data>/fail               the name of the call that is to fail, when there is such a file
#pragma once

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <tuple>

#include "api/csi.h"
#include "api/pluginregistration_v1.h"
#include "base/file.h"
#include "base/strings.h"
#include "io/grpc_server.h"
#include "rpc/rpc.h"

namespace kubelet {

struct FakeCsiOptions {
  std::string name = "fake.example";
  std::string node_id = "node-id";
  std::string data;      // folder
  std::string socket;    // where it serves
  std::string registry;  // the kubelet's plugins_registry
  bool binds = false;    // mounts the volume's folder at the target; otherwise the target is a folder with its files
};

class FakeCsiDriver {
 public:
  int64_t volumes_max = 5;  // on this node

  explicit FakeCsiDriver(FakeCsiOptions options) : options_(std::move(options)) { describe(); }

  // Serves both sockets on the current loop. The registration socket last: the kubelet asks at once.
  base::Result<void> start() {
    for (auto folder : {"/volumes", "/staged"}) TRY(base::make_directories(options_.data + folder, 0755));
    unlink(options_.socket.c_str());
    TRY(node_, io::serve_grpc(node_services_, io::Address::unix_socket(options_.socket)));
    unlink(registration_socket().c_str());
    TRY(registration_, io::serve_grpc(registration_services_, io::Address::unix_socket(registration_socket())));
    return {};
  }
  void stop() {
    registration_.reset();
    node_.reset();
    unlink(registration_socket().c_str());
  }

  std::string calls() const { return base::read_file(options_.data + "/calls").value_or(""); }
  bool registered() const { return registered_; }

 private:
  template <class Response>
  using Answer = io::Task<base::Result<Response>>;

  std::string registration_socket() const { return options_.registry + "/" + options_.name + "-reg.sock"; }
  std::string volume(const std::string& handle) const { return options_.data + "/volumes/" + handle; }

  base::Result<void> note(std::string_view call, const std::string& handle) {
    if (FILE* file = fopen((options_.data + "/calls").c_str(), "ae")) {
      fprintf(file, "%s %s\n", std::string(call).c_str(), handle.c_str());
      fclose(file);
    }
    auto fails = base::read_file(options_.data + "/fail");
    if (fails && base::trim(*fails) == call) return base::fail(base::Code::Internal, "told to fail");
    return {};
  }

  template <class Response, class Request>
  void serve(std::string_view path, Answer<Response> (FakeCsiDriver::*method)(Request)) {
    rpc::serve_unary<Response, Request>(
        node_services_, path, [this, method](Request request) { return (this->*method)(std::move(request)); });
  }

  void describe() {
    namespace registration = api::pluginregistration_v1;
    rpc::serve_unary<registration::PluginInfo, registration::InfoRequest>(
        registration_services_, registration::registration::kGetInfo,
        [this](registration::InfoRequest) { return info(); });
    rpc::serve_unary<registration::RegistrationStatusResponse, registration::RegistrationStatus>(
        registration_services_, registration::registration::kNotifyRegistrationStatus,
        [this](registration::RegistrationStatus status) { return notified(std::move(status)); });
    namespace csi = api::csi;
    serve(csi::node::kNodeGetInfo, &FakeCsiDriver::node_info);
    serve(csi::node::kNodeGetCapabilities, &FakeCsiDriver::capabilities);
    serve(csi::node::kNodeStageVolume, &FakeCsiDriver::stage);
    serve(csi::node::kNodeUnstageVolume, &FakeCsiDriver::unstage);
    serve(csi::node::kNodePublishVolume, &FakeCsiDriver::publish);
    serve(csi::node::kNodeUnpublishVolume, &FakeCsiDriver::unpublish);
    serve(csi::node::kNodeExpandVolume, &FakeCsiDriver::expand);
    serve(csi::node::kNodeGetVolumeStats, &FakeCsiDriver::stats);
  }

  Answer<api::pluginregistration_v1::PluginInfo> info() {
    api::pluginregistration_v1::PluginInfo out;
    out.type = "CSIPlugin";
    out.name = options_.name;
    out.endpoint = options_.socket;
    out.supported_versions = {"1.0.0"};
    co_return out;
  }
  Answer<api::pluginregistration_v1::RegistrationStatusResponse> notified(
      api::pluginregistration_v1::RegistrationStatus status) {
    registered_ = status.plugin_registered;
    co_return api::pluginregistration_v1::RegistrationStatusResponse();
  }
  Answer<api::csi::NodeGetInfoResponse> node_info(api::csi::NodeGetInfoRequest) {
    api::csi::NodeGetInfoResponse out;
    out.node_id = options_.node_id;
    out.max_volumes_per_node = volumes_max;
    out.accessible_topology.emplace().segments["fake.example/node"] = options_.node_id;
    co_return out;
  }
  Answer<api::csi::NodeGetCapabilitiesResponse> capabilities(api::csi::NodeGetCapabilitiesRequest) {
    using Rpc = api::csi::NodeRpcCapability::Rpc;
    api::csi::NodeGetCapabilitiesResponse out;
    for (auto what : {Rpc::StageUnstageVolume, Rpc::ExpandVolume, Rpc::GetVolumeStats})
      out.capabilities.emplace_back().rpc.emplace().type = what;
    co_return out;
  }
  Answer<api::csi::NodeStageVolumeResponse> stage(api::csi::NodeStageVolumeRequest request) {
    CO_TRY(note("NodeStageVolume", request.volume_id));
    CO_TRY(base::make_directories(volume(request.volume_id), 0777));
    CO_TRY(base::write_file(options_.data + "/staged/" + request.volume_id, request.staging_target_path, 0644));
    co_return api::csi::NodeStageVolumeResponse();
  }
  Answer<api::csi::NodeUnstageVolumeResponse> unstage(api::csi::NodeUnstageVolumeRequest request) {
    CO_TRY(note("NodeUnstageVolume", request.volume_id));
    unlink((options_.data + "/staged/" + request.volume_id).c_str());
    co_return api::csi::NodeUnstageVolumeResponse();
  }
  Answer<api::csi::NodePublishVolumeResponse> publish(api::csi::NodePublishVolumeRequest request) {
    CO_TRY(note("NodePublishVolume", request.volume_id));
    std::string from = volume(request.volume_id);
    CO_TRY(base::make_directories(from, 0777));
    std::string context;
    for (auto* map : {&request.volume_context, &request.publish_context, &request.secrets})
      for (auto& [key, value] : *map) context += base::cat({key, "=", value, "\n"});
    CO_TRY(base::write_file(from + "/context", context, 0644));
    auto& target = request.target_path;
    if (request.volume_capability->block) {
      if (!base::exists(target) && mknod(target.c_str(), S_IFCHR | 0660, makedev(1, 5)) != 0)
        co_return base::fail(base::system_error("mknod " + target, errno));
      co_return api::csi::NodePublishVolumeResponse();
    }
    bool fresh = !base::exists(target);
    CO_TRY(base::make_directories(target, 0777));
    if (!options_.binds) {
      CO_TRY(base::write_file(target + "/context", context, 0644));
    } else if (fresh && mount(from.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      co_return base::fail(base::system_error("mount " + target, errno));
    }
    if (options_.binds && request.readonly &&
        mount(nullptr, target.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0)
      co_return base::fail(base::system_error("remount " + target, errno));
    co_return api::csi::NodePublishVolumeResponse();
  }
  Answer<api::csi::NodeUnpublishVolumeResponse> unpublish(api::csi::NodeUnpublishVolumeRequest request) {
    CO_TRY(note("NodeUnpublishVolume", request.volume_id));
    auto& target = request.target_path;
    if (options_.binds) (void)umount2(target.c_str(), UMOUNT_NOFOLLOW);
    CO_TRY(base::remove_tree(target));
    co_return api::csi::NodeUnpublishVolumeResponse();
  }
  Answer<api::csi::NodeExpandVolumeResponse> expand(api::csi::NodeExpandVolumeRequest request) {
    CO_TRY(note("NodeExpandVolume", request.volume_id));
    api::csi::NodeExpandVolumeResponse out;
    out.capacity_bytes = request.capacity_range ? request.capacity_range->required_bytes : 0;
    co_return out;
  }

  // 1000 bytes and 10 files, of which 400 and 3 are used.
  Answer<api::csi::NodeGetVolumeStatsResponse> stats(api::csi::NodeGetVolumeStatsRequest request) {
    CO_TRY(note("NodeGetVolumeStats", request.volume_id));
    using Unit = api::csi::VolumeUsage::Unit;
    api::csi::NodeGetVolumeStatsResponse out;
    for (auto [unit, total, used] : {std::tuple(Unit::Bytes, 1000, 400), {Unit::Inodes, 10, 3}}) {
      auto& one = out.usage.emplace_back();
      one.unit = unit;
      one.total = total;
      one.used = used;
      one.available = total - used;
    }
    co_return out;
  }

  FakeCsiOptions options_;
  bool registered_ = false;
  io::GrpcServices node_services_, registration_services_;
  std::unique_ptr<io::HttpServer> node_, registration_;
};

}  // namespace kubelet
