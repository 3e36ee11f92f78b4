#include "scheduler/plugin/dynamic_resources/extended.h"

#include <algorithm>

#include "base/strings.h"
#include "device/names.h"

namespace scheduler::dynamic_resources {
namespace {

namespace core = api::core_v1;
namespace resource = api::resource_k8s_io_v1;

bool runs_alongside(const core::Container& container, bool init) {
  return !init || (container.restart_policy && *container.restart_policy == "Always");
}

std::string request_name(size_t container, const core::Container& of, const std::string& name) {
  auto& requests = of.resources.requests;
  auto place = std::distance(requests.begin(), requests.find(name));
  return base::cat({"container-", std::to_string(container), "-request-", std::to_string(place)});
}

resource::DeviceRequest make_request(std::string name, const std::string& device_class, int64_t count) {
  resource::DeviceRequest out;
  out.name = std::move(name);
  auto& exactly = out.exactly.emplace();
  exactly.device_class_name = device_class;
  exactly.allocation_mode = "ExactCount";
  exactly.count = count;
  return out;
}

// All that is asked for of one resource.
class OneResource {
 public:
  OneResource(const core::Pod& pod, const std::string& name, const std::string& device_class)
      : name_(name), class_(device_class), inits_(pod.spec.init_containers.size()) {
    for (const auto& one : pod.spec.init_containers) containers_.push_back(&one);
    for (const auto& one : pod.spec.containers) containers_.push_back(&one);
    lasting_.resize(containers_.size());
    for (size_t i = 0; i < containers_.size(); ++i)
      if (runs_alongside(*containers_[i], i < inits_)) add_lasting(i);
    for (size_t i = 0; i < inits_; ++i)
      if (!runs_alongside(*containers_[i], true)) add_passing(i);
  }

  void put_into(ExtendedClaim& out) && {
    auto& requests = out.claim.spec.devices.requests;
    if (passing_count_ > 0) requests.push_back(make_request(passing_name_, class_, passing_count_));
    for (size_t i = 0; i < lasting_.size(); ++i)
      if (lasting_[i] > 0)
        requests.push_back(make_request(request_name(i, *containers_[i], name_), class_, lasting_[i]));
    out.mappings.insert(out.mappings.end(), mappings_.begin(), mappings_.end());
    for (auto& [container, request] : passing_) {
      map(*containers_[container], request.empty() ? passing_name_ : request);
      out.mappings.push_back(std::move(mappings_.back()));
    }
  }

 private:
  int64_t count_of(size_t container) const {
    auto& requests = containers_[container]->resources.requests;
    auto found = requests.find(name_);
    return found == requests.end() ? 0 : found->second.value();
  }
  void map(const core::Container& container, std::string request) {
    auto& one = mappings_.emplace_back();
    one.container_name = container.name;
    one.resource_name = name_;
    one.request_name = std::move(request);
  }
  void add_lasting(size_t i) {
    lasting_[i] = count_of(i);
    if (lasting_[i] > 0) map(*containers_[i], request_name(i, *containers_[i], name_));
  }
  void add_passing(size_t i) {
    int64_t lacking = count_of(i);
    for (size_t later = i; later < lasting_.size() && lacking > 0; ++later) {
      if (lasting_[later] == 0) continue;
      passing_.emplace_back(i, request_name(later, *containers_[later], name_));
      lacking -= lasting_[later];
    }
    if (lacking <= 0) return;
    passing_.emplace_back(i, "");
    if (lacking <= passing_count_) return;
    passing_count_ = lacking;
    passing_name_ = request_name(i, *containers_[i], name_);
  }

  const std::string& name_;
  const std::string& class_;
  const size_t inits_;
  std::vector<const core::Container*> containers_;
  std::vector<int64_t> lasting_;  // by container: devices of a request of its own
  std::vector<core::ContainerExtendedResourceRequest> mappings_;
  std::vector<std::pair<size_t, std::string>> passing_;  // of init containers; "": the request that they share
  int64_t passing_count_ = 0;
  std::string passing_name_;
};

}  // namespace

std::set<std::string> backed_resources(const PodInfo& pod, const Devices& devices) {
  std::set<std::string> out;
  for (const auto& [name, amount] : pod.requests.other)
    if (amount > 0 && device::is_extended_resource(name) && devices.class_of_resource(name) != nullptr)
      out.insert(name);
  return out;
}

std::set<std::string> missing_on(const NodeInfo& node, const std::set<std::string>& resources) {
  std::set<std::string> out;
  for (const auto& name : resources) {
    auto has = node.allocatable.other.find(name);
    if (has == node.allocatable.other.end() || has->second == 0) out.insert(name);
  }
  return out;
}

ExtendedClaim claim_for(const core::Pod& pod, const std::set<std::string>& resources, const Devices& devices) {
  ExtendedClaim out;
  auto& meta = out.claim.metadata;
  meta.namespace_ = pod.metadata.namespace_;
  meta.generate_name = pod.metadata.name + "-extended-resources-";
  meta.annotations[std::string(device::kExtendedResourceAnnotation)] = "true";
  auto& owner = meta.owner_references.emplace_back();
  owner.api_version = "v1";
  owner.kind = "Pod";
  owner.name = pod.metadata.name;
  owner.uid = pod.metadata.uid;
  owner.controller = true;
  for (const auto& name : resources)
    if (auto device_class = devices.class_of_resource(name))
      OneResource(pod, name, device_class->metadata.name).put_into(out);
  std::ranges::sort(out.claim.spec.devices.requests, {}, &resource::DeviceRequest::name);
  return out;
}

}  // namespace scheduler::dynamic_resources
