#include "kubelet/device_plugins/device_plugins.h"

#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "device/names.h"
#include "kubelet/device_plugins/record.h"
#include "rpc/rpc.h"

namespace kubelet {
namespace {

namespace plugin = ::api::deviceplugin_v1beta1;

constexpr std::string_view kVersion = "v1beta1";
constexpr const char* kRecord = "kubelet_internal_checkpoint";
constexpr auto kCallTimeout = std::chrono::seconds(30);
// So long a resource whose plugin has gone is still part of what the node has, though nobody gets any of it.
constexpr auto kGrace = std::chrono::minutes(5);

bool is_acceptable(const std::string& resource) {
  return device::is_extended_resource(resource) && !resource.starts_with(device::kClassResourcePrefix);
}

}  // namespace

DevicePlugins::DevicePlugins(std::string root_directory) : folder_(std::move(root_directory) + "/device-plugins") {
  rpc::serve_unary<plugin::Empty, plugin::RegisterRequest>(
      services_, plugin::registration::kRegister,
      [this](plugin::RegisterRequest request) { return register_plugin(std::move(request)); });
}

DevicePlugins::~DevicePlugins() = default;

base::Result<void> DevicePlugins::start() {
  TRY(base::make_directories(folder_, 0750));
  if (auto read = read_device_record(folder_ + "/" + kRecord, inventory_); !read)
    LOG_ERROR("What containers have of devices is not known any more", {"error", read.error().message()});
  TRY(auto names, base::list_directory(folder_));
  for (const auto& name : names)
    if (name != kRecord && name != "DEPRECATION") unlink((folder_ + "/" + name).c_str());
  TRY(server_, io::serve_grpc(services_, io::Address::unix_socket(folder_ + "/kubelet.sock")));
  for (const auto& resource : inventory_.resources()) {
    forgetting_[resource] = std::make_unique<io::Scope>();
    forgetting_[resource]->spawn(forget_later(resource));
  }
  return {};
}

io::Task<base::Result<plugin::Empty>> DevicePlugins::register_plugin(plugin::RegisterRequest request) {
  if (request.version != kVersion)
    co_return base::fail(base::Code::Invalid,
                         base::cat({"requested API version ", base::quote(request.version),
                                    " is not supported by kubelet. Supported version is [", kVersion, "]"}));
  if (!is_acceptable(request.resource_name))
    co_return base::fail(base::Code::Invalid,
                         base::cat({"the ResourceName ", base::quote(request.resource_name), " is invalid"}));
  std::string resource = request.resource_name;
  auto made = std::make_unique<Plugin>();
  made->endpoint = request.endpoint;
  if (request.options) made->options = *request.options;
  made->client = std::make_shared<io::GrpcClient>(
      io::GrpcClient::Options{.address = io::Address::unix_socket(folder_ + "/" + request.endpoint)});
  LOG_INFO("A device plugin is registered", {"resource", resource}, {"endpoint", request.endpoint});
  forgetting_.erase(resource);
  gone_.erase(resource);
  auto& kept = plugins_[resource];
  kept = std::move(made);
  kept->scope.spawn(follow(resource, kept->client));
  co_return plugin::Empty{};
}

io::Task<void> DevicePlugins::follow(std::string resource, std::shared_ptr<io::GrpcClient> client) {
  auto ended = co_await watch(resource, client);
  LOG_INFO("A device plugin has gone", {"resource", resource},
           {"why", ended ? std::string("it ended its list") : std::string(ended.error().message())});
  inventory_.set_all_unhealthy(resource);
  inventory_.expect(resource);
  forgetting_[resource] = std::make_unique<io::Scope>();
  forgetting_[resource]->spawn(forget_later(resource));
  changed_();
}

io::Task<base::Result<void>> DevicePlugins::watch(std::string resource, std::shared_ptr<io::GrpcClient> client) {
  CO_TRY(auto options, (co_await rpc::call<plugin::DevicePluginOptions>(
                           *client, plugin::device_plugin::kGetDevicePluginOptions, plugin::Empty{}, kCallTimeout)));
  plugins_[resource]->options = options;
  CO_TRY(auto lists, (co_await rpc::server_stream<plugin::ListAndWatchResponse>(
                         *client, plugin::device_plugin::kListAndWatch, plugin::Empty{})));
  for (;;) {
    CO_TRY(auto list, co_await lists.read());
    if (!list) co_return {};
    inventory_.set_devices(resource, list->devices);
    save();
    changed_();
  }
}

io::Task<void> DevicePlugins::forget_later(std::string resource) {
  co_await io::sleep(kGrace);
  inventory_.forget(resource);
  gone_.insert(resource);
  save();
  changed_();
}

base::Result<void> DevicePlugins::check(const core::Pod& pod) const {
  for (const auto* container : containers_in_order(pod)) TRY(inventory_.needs_of(pod, *container));
  return {};
}

io::Task<base::Result<void>> DevicePlugins::allocate(core::Pod pod) {
  bool wants = std::ranges::any_of(containers_in_order(pod), [&](auto* container) {
    return std::ranges::any_of(container->resources.limits, [&](auto& one) { return inventory_.is_known(one.first); });
  });
  if (!wants) co_return {};
  while (allocating_) {
    turn_ended_.reset();
    co_await turn_ended_.wait();
  }
  // Also when the task is given up.
  struct Turn {
    DevicePlugins& plugins;
    ~Turn() {
      plugins.allocating_ = false;
      plugins.turn_ended_.set();
    }
  };
  allocating_ = true;
  Turn turn{*this};
  co_return co_await allocate_in_turn(std::move(pod));
}

io::Task<base::Result<void>> DevicePlugins::allocate_in_turn(core::Pod pod) {
  for (const auto* container : containers_in_order(pod)) {
    CO_TRY(auto needs, inventory_.needs_of(pod, *container));
    for (auto& need : needs) CO_TRY(co_await allocate_one(pod.metadata.uid, std::move(need)));
  }
  co_return {};
}

io::Task<base::Result<void>> DevicePlugins::allocate_one(std::string pod_uid, DeviceInventory::Need need) {
  auto found = plugins_.find(need.resource);
  if (found == plugins_.end())
    co_return base::fail(base::Code::Unavailable, base::cat({"cannot allocate unregistered device ", need.resource}));
  auto client = found->second->client;
  DeviceGrant grant{.pod_uid = std::move(pod_uid), .container = need.container, .resource = need.resource};
  grant.devices = need.reused;
  if (need.missing() > 0) {
    auto chosen = co_await choose(need, nodes_of_(grant.pod_uid, need.container), *found->second);
    grant.devices.insert(chosen.begin(), chosen.end());
  }
  inventory_.grant(grant);
  plugin::AllocateRequest request;
  auto& one = request.container_requests.emplace_back();
  one.devices_ids.assign(grant.devices.begin(), grant.devices.end());
  CO_TRY(auto answer, (co_await rpc::call<plugin::AllocateResponse>(*client, plugin::device_plugin::kAllocate,
                                                                    std::move(request), kCallTimeout)));
  if (answer.container_responses.empty())
    co_return base::fail(base::Code::Internal, "no containers return in allocation response");
  grant.given = std::move(answer.container_responses.front());
  grant.complete = true;
  inventory_.grant(std::move(grant));
  save();
  co_return {};
}

// Those the plugin prefers, if it has a preference that will do; else the first.
bool DevicePlugins::is_near(const std::string& resource, const std::string& id, uint64_t nodes) const {
  auto& devices = inventory_.devices(resource);
  auto found = devices.find(id);
  if (found == devices.end() || !found->second.topology) return false;
  return std::ranges::any_of(found->second.topology->nodes,
                             [&](auto& node) { return node.id >= 0 && node.id < 64 && (nodes >> node.id & 1) != 0; });
}

io::Task<DeviceIds> DevicePlugins::choose(const DeviceInventory::Need& need, std::optional<uint64_t> nodes,
                                          const Plugin& from) {
  DeviceIds out;
  auto available = need.available;
  auto missing = need.missing();
  if (nodes) {
    DeviceIds near;
    for (const auto& id : available)
      if (is_near(need.resource, id, *nodes)) near.insert(id);
    if (near.size() >= missing) {
      available = std::move(near);
    } else {
      out = std::move(near);
    }
  }
  if (from.options.get_preferred_allocation_available) {
    plugin::PreferredAllocationRequest request;
    auto& one = request.container_requests.emplace_back();
    one.available_device_ids.assign(available.begin(), available.end());
    one.available_device_ids.insert(one.available_device_ids.end(), need.reused.begin(), need.reused.end());
    one.must_include_device_ids.assign(need.reused.begin(), need.reused.end());
    one.allocation_size = static_cast<int32_t>(need.count);
    auto client = from.client;
    auto answer = co_await rpc::call<plugin::PreferredAllocationResponse>(
        *client, plugin::device_plugin::kGetPreferredAllocation, std::move(request), kCallTimeout);
    if (answer && !answer->container_responses.empty())
      for (const auto& id : answer->container_responses.front().device_ids)
        if (available.contains(id) && out.size() < missing) out.insert(id);
  }
  for (const auto& id : available)
    if (out.size() < missing) out.insert(id);
  co_return out;
}

void DevicePlugins::apply(const core::Pod& pod, const core::Container& container,
                          api::cri::ContainerConfig& config) const {
  for (const auto& grant : inventory_.grants()) {
    if (grant.pod_uid != pod.metadata.uid || grant.container != container.name) continue;
    for (const auto& [name, value] : grant.given.envs) {
      // What the pod says itself stands.
      bool said = std::ranges::any_of(config.envs, [&](auto& one) { return one.key == name; });
      if (said) continue;
      auto& one = config.envs.emplace_back();
      one.key = name;
      one.value = value;
    }
    for (const auto& mount : grant.given.mounts) {
      auto& one = config.mounts.emplace_back();
      one.container_path = mount.container_path;
      one.host_path = mount.host_path;
      one.readonly = mount.read_only;
    }
    for (const auto& device : grant.given.devices) {
      auto& one = config.devices.emplace_back();
      one.container_path = device.container_path;
      one.host_path = device.host_path;
      one.permissions = device.permissions;
    }
    for (const auto& [key, value] : grant.given.annotations) config.annotations.try_emplace(key, value);
    for (const auto& device : grant.given.cdi_devices) config.cdi_devices.emplace_back().name = device.name;
  }
}

io::Task<base::Result<void>> DevicePlugins::before_start(core::Pod pod, core::Container container) {
  std::vector<std::pair<std::string, plugin::PreStartContainerRequest>> calls;
  for (const auto& grant : inventory_.grants()) {
    if (grant.pod_uid != pod.metadata.uid || grant.container != container.name) continue;
    auto& [resource, request] = calls.emplace_back();
    resource = grant.resource;
    request.devices_ids.assign(grant.devices.begin(), grant.devices.end());
  }
  for (auto& [resource, request] : calls) {
    auto found = plugins_.find(resource);
    if (found == plugins_.end() || !found->second->options.pre_start_required) continue;
    auto client = found->second->client;
    auto told = co_await rpc::call<plugin::PreStartContainerResponse>(
        *client, plugin::device_plugin::kPreStartContainer, std::move(request), kCallTimeout);
    if (!told) co_return base::fail(told.error().with_context("device plugin PreStartContainer rpc failed with err"));
  }
  co_return {};
}

void DevicePlugins::release(const std::string& pod_uid) {
  bool has = std::ranges::any_of(inventory_.grants(), [&](auto& one) { return one.pod_uid == pod_uid; });
  if (!has) return;
  inventory_.release(pod_uid);
  save();
}

void DevicePlugins::keep_only(const std::function<bool(const std::string&)>& is_here) {
  std::set<std::string> ended;
  for (const auto& grant : inventory_.grants())
    if (!is_here(grant.pod_uid)) ended.insert(grant.pod_uid);
  for (const auto& uid : ended) release(uid);
}

std::map<std::string, int64_t> DevicePlugins::capacity() const {
  std::map<std::string, int64_t> out;
  for (const auto& name : gone_) out[name] = 0;
  for (const auto& name : inventory_.resources()) out[name] = static_cast<int64_t>(inventory_.capacity(name));
  return out;
}

std::map<std::string, int64_t> DevicePlugins::allocatable() const {
  std::map<std::string, int64_t> out;
  for (const auto& name : gone_) out[name] = 0;
  for (const auto& name : inventory_.resources()) out[name] = static_cast<int64_t>(inventory_.allocatable(name));
  return out;
}

void DevicePlugins::save() const {
  if (auto saved = write_device_record(folder_ + "/" + kRecord, inventory_); !saved)
    LOG_ERROR("What containers have of devices cannot be written down", {"error", saved.error().message()});
}

}  // namespace kubelet
