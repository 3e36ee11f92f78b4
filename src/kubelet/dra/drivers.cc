#include "kubelet/dra/drivers.h"

#include <algorithm>

#include "api/resource_k8s_io_v1.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/target.h"
#include "io/socket.h"
#include "rpc/rpc.h"

namespace kubelet {
namespace {

namespace dra = ::api::dra_v1;

constexpr auto kTimeout = std::chrono::seconds(45);
constexpr auto kWipeDelay = std::chrono::seconds(30);
constexpr io::Duration kWatchPause = std::chrono::seconds(2);
constexpr io::Duration kWatchPauseMax = std::chrono::seconds(30);
constexpr auto kWipeRetry = std::chrono::seconds(5);
constexpr const char* kAllDrivers = "";

// Messages are the same in all versions: only the names of the services differ.
struct Version {
  std::string_view name;
  std::string_view service;
};
constexpr Version kVersions[] = {{"v1.DRAPlugin", "/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/"},
                                 {"v1beta1.DRAPlugin", "/k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin/"}};

std::string_view service_of(const std::vector<std::string>& versions) {
  for (const auto& version : kVersions)
    if (std::ranges::find(versions, version.name) != versions.end()) return version.service;
  return "";
}

// Until the other side has closed it.
io::Task<void> wait_end(io::Transport& connection) {
  io::Event readable;
  io::Watch watch(connection.fd(), io::Ready::Read, [&](io::Ready) { readable.set(); });
  for (;;) {
    char nothing[256];
    auto read = connection.read(nothing, sizeof nothing);
    if (read.status == io::Transport::Status::End || read.status == io::Transport::Status::Failed) co_return;
    if (read.status == io::Transport::Status::Ok) continue;
    readable.reset();
    co_await readable.wait();
  }
}

}  // namespace

DraDrivers::DraDrivers(client::Client client, std::string node_name)
    : client_(std::move(client)), node_name_(std::move(node_name)) {}

PluginHandler DraDrivers::handler() {
  return {.registered =
              [this](std::string name, std::string endpoint, std::vector<std::string> versions) {
                return registered(std::move(name), std::move(endpoint), std::move(versions));
              },
          .gone = [this](const std::string& name, const std::string& endpoint) { gone(name, endpoint); }};
}

io::Task<void> DraDrivers::run() {
  io::Event never;
  begin_wiping(kAllDrivers);
  co_await never.wait();
}

io::Task<base::Result<void>> DraDrivers::registered(std::string name, std::string endpoint,
                                                    std::vector<std::string> versions) {
  auto service = service_of(versions);
  if (service.empty())
    co_return base::fail(base::Code::Invalid, base::cat({"invalid supported versions: [", base::join(versions, " "),
                                                         "], this kubelet speaks v1.DRAPlugin and v1beta1.DRAPlugin"}));
  auto& instances = drivers_[name];
  std::erase_if(instances, [&](auto& one) { return one.endpoint == endpoint; });
  instances.push_back({.endpoint = endpoint,
                       .service = std::string(service),
                       .client = std::make_shared<io::GrpcClient>(
                           io::GrpcClient::Options{.address = io::Address::unix_socket(endpoint)})});
  instances.back().watch = std::make_shared<io::Scope>();
  instances.back().watch->spawn(watch(name, endpoint));
  wiping_.erase(name);
  ready_();
  co_return {};
}

// Holds a connection, for as long as the driver lives. Nothing is sent over it, so a driver may close it in a while:
// then there is another.
io::Task<void> DraDrivers::watch(std::string name, std::string endpoint) {
  for (io::Duration pause = kWatchPause;;) {
    auto connection = co_await io::connect(io::Address::unix_socket(endpoint));
    set_away(name, endpoint, !connection);
    pause = connection ? kWatchPause : std::min<io::Duration>(pause * 2, kWatchPauseMax);
    if (connection) co_await wait_end(**connection);
    co_await io::sleep(pause);
  }
}

void DraDrivers::set_away(const std::string& name, const std::string& endpoint, bool away) {
  auto found = drivers_.find(name);
  if (found == drivers_.end()) return;
  bool before = std::ranges::all_of(found->second, [](auto& one) { return one.away; });
  for (auto& one : found->second)
    if (one.endpoint == endpoint) one.away = away;
  bool now = std::ranges::all_of(found->second, [](auto& one) { return one.away; });
  if (now && !before) begin_wiping(name);
  if (!now && before) wiping_.erase(name);
}

void DraDrivers::begin_wiping(const std::string& name) {
  wiping_[name] = std::make_unique<io::Scope>();
  wiping_[name]->spawn(wipe_later(name));
}

void DraDrivers::gone(const std::string& name, const std::string& endpoint) {
  auto found = drivers_.find(name);
  if (found == drivers_.end()) return;
  std::erase_if(found->second, [&](auto& one) { return one.endpoint == endpoint; });
  if (!found->second.empty()) return;
  drivers_.erase(found);
  begin_wiping(name);
}

io::Task<void> DraDrivers::wipe_later(std::string driver) {
  co_await io::sleep(kWipeDelay);
  co_await wipe(driver);
}

// Of one driver, or of all that are not here.
io::Task<void> DraDrivers::wipe(std::string driver) {
  using api::resource_k8s_io_v1::ResourceSlice;
  std::string selector = "spec.nodeName=" + node_name_;
  if (!driver.empty()) {
    selector += ",spec.driver=" + driver;
  } else {
    for (const auto& [name, instances] : drivers_) selector += ",spec.driver!=" + name;
  }
  for (;;) {
    // All at once: a node may not look at slices one by one.
    std::string target = client::target_of(client::resource_of(schema::type_of<ResourceSlice>()), "");
    client::add_list_options(target, {.field_selector = selector});
    auto reply = co_await client_.transport().call({.method = "DELETE", .target = std::move(target)});
    if (reply && reply->status < 300) co_return;
    LOG_WARNING("Cannot remove the ResourceSlices of drivers that are gone", {"selector", selector},
                {"error", reply ? "status " + std::to_string(reply->status) : std::string(reply.error().message())});
    co_await io::sleep(kWipeRetry);
  }
}

template <class Response, class Request>
io::Task<base::Result<Response>> DraDrivers::call(std::string driver, std::string_view method, Request request) {
  auto found = drivers_.find(driver);
  if (found == drivers_.end())
    co_return base::fail(base::Code::NotFound, base::cat({"DRA driver ", driver, " is not registered"}));
  Instance instance = found->second.back();
  std::string path = instance.service + std::string(method);
  CO_TRY(auto answer, co_await instance.client->call(path, schema::to_protobuf(request), kTimeout));
  co_return rpc::detail::decode<Response>(answer, path);
}

io::Task<base::Result<dra::NodePrepareResourcesResponse>> DraDrivers::prepare(std::string driver,
                                                                              std::vector<dra::Claim> claims) {
  dra::NodePrepareResourcesRequest request;
  request.claims = std::move(claims);
  return call<dra::NodePrepareResourcesResponse>(std::move(driver), "NodePrepareResources", std::move(request));
}

io::Task<base::Result<dra::NodeUnprepareResourcesResponse>> DraDrivers::unprepare(std::string driver,
                                                                                  std::vector<dra::Claim> claims) {
  dra::NodeUnprepareResourcesRequest request;
  request.claims = std::move(claims);
  return call<dra::NodeUnprepareResourcesResponse>(std::move(driver), "NodeUnprepareResources", std::move(request));
}

}  // namespace kubelet
