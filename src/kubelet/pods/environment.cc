#include "kubelet/pods/environment.h"

#include <algorithm>

#include "base/strings.h"
#include "kubelet/pods/expansion.h"

namespace kubelet {
namespace {

std::string variable_name(std::string_view service) {
  std::string out;
  for (char c : service) out += c == '-' || c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

bool is_master(const core::Service& service) {
  return service.metadata.namespace_ == "default" && service.metadata.name == "kubernetes";
}

class Maker {
 public:
  explicit Maker(const EnvironmentInput& input) : in_(input) {}

  base::Result<Environment> run() {
    service_ = service_variables(in_.pod, in_.services);
    for (auto& from : in_.container.env_from) TRY(add_from(from));
    for (auto& variable : in_.container.env) TRY(add(variable));
    for (auto& [name, value] : service_)
      if (!place_.contains(name)) set(name, value);
    return std::move(out_);
  }

 private:
  void set(const std::string& name, std::string value) {
    auto [at, fresh] = place_.try_emplace(name, out_.size());
    if (fresh) {
      out_.emplace_back(name, std::move(value));
    } else {
      out_[at->second].second = std::move(value);
    }
  }

  template <class Map>
  void add_all(const std::string& prefix, const Map& data) {
    for (auto& [key, value] : data) {
      std::string name = prefix + key;
      if (!name.empty() && !name.contains('=')) set(name, value);
    }
  }

  base::Result<void> add_from(const core::EnvFromSource& from) {
    if (from.config_map_ref) {
      auto found = in_.objects.config_maps.find(from.config_map_ref->name);
      if (found == in_.objects.config_maps.end() || found->second == nullptr) {
        if (from.config_map_ref->optional.value_or(false)) return {};
        return base::fail(base::Code::NotFound, "configmap " + base::quote(from.config_map_ref->name) + " not found");
      }
      add_all(from.prefix, found->second->data);
    }
    if (from.secret_ref) {
      auto found = in_.objects.secrets.find(from.secret_ref->name);
      if (found == in_.objects.secrets.end() || found->second == nullptr) {
        if (from.secret_ref->optional.value_or(false)) return {};
        return base::fail(base::Code::NotFound, "secret " + base::quote(from.secret_ref->name) + " not found");
      }
      add_all(from.prefix, found->second->data);
    }
    return {};
  }

  std::optional<std::string> look_up(std::string_view name) const {
    if (auto found = place_.find(std::string(name)); found != place_.end()) return out_[found->second].second;
    if (auto found = service_.find(std::string(name)); found != service_.end()) return found->second;
    return {};
  }

  base::Result<void> add(const core::EnvVar& variable) {
    if (!variable.value_from) {
      set(variable.name, expand(variable.value, [this](std::string_view name) { return look_up(name); }));
      return {};
    }
    auto& from = *variable.value_from;
    if (from.field_ref) {
      TRY(auto value, field_value(in_.pod, from.field_ref->field_path, in_.host_ips, in_.pod_ips));
      set(variable.name, std::move(value));
    } else if (from.resource_field_ref) {
      TRY(auto value, resource_value(in_.pod, *from.resource_field_ref, in_.container.name, in_.node_allocatable));
      set(variable.name, std::move(value));
    } else if (from.config_map_key_ref) {
      auto& ref = *from.config_map_key_ref;
      bool optional = ref.optional.value_or(false);
      auto found = in_.objects.config_maps.find(ref.name);
      if (found == in_.objects.config_maps.end() || found->second == nullptr) {
        if (optional) return {};
        return base::fail(base::Code::NotFound, "configmap " + base::quote(ref.name) + " not found");
      }
      auto value = found->second->data.find(ref.key);
      if (value == found->second->data.end()) {
        if (optional) return {};
        return base::fail(base::Code::NotFound, "couldn't find key " + ref.key + " in ConfigMap " +
                                                    in_.pod.metadata.namespace_ + "/" + ref.name);
      }
      set(variable.name, value->second);
    } else if (from.secret_key_ref) {
      auto& ref = *from.secret_key_ref;
      bool optional = ref.optional.value_or(false);
      auto found = in_.objects.secrets.find(ref.name);
      if (found == in_.objects.secrets.end() || found->second == nullptr) {
        if (optional) return {};
        return base::fail(base::Code::NotFound, "secret " + base::quote(ref.name) + " not found");
      }
      auto value = found->second->data.find(ref.key);
      if (value == found->second->data.end()) {
        if (optional) return {};
        return base::fail(base::Code::NotFound, "couldn't find key " + ref.key + " in Secret " +
                                                    in_.pod.metadata.namespace_ + "/" + ref.name);
      }
      set(variable.name, value->second);
    } else if (from.file_key_ref) {
      auto& ref = *from.file_key_ref;
      auto file = in_.files.find({ref.volume_name, ref.path});
      if (file != in_.files.end()) {
        if (auto value = file->second.find(ref.key); value != file->second.end()) {
          set(variable.name, value->second);
          return {};
        }
      }
      if (ref.optional.value_or(false)) return {};
      return base::fail(base::Code::NotFound,
                        base::cat({"environment variable key ", base::quote(ref.key), " not found in file ",
                                   base::quote(ref.path), " of volume ", base::quote(ref.volume_name)}));
    }
    return {};
  }

  const EnvironmentInput& in_;
  Environment out_;
  std::map<std::string, size_t> place_;
  std::map<std::string, std::string> service_;
};

// key="value" lines, as downward API files hold labels.
std::string lines_of(const std::map<std::string, std::string, std::less<>>& map) {
  std::string out;
  for (auto& [key, value] : map) {
    if (!out.empty()) out += "\n";
    out += key + "=" + base::quote(value);
  }
  return out;
}

}  // namespace

base::Result<Environment> make_environment(const EnvironmentInput& input) {
  return Maker(input).run();
}

std::map<std::string, std::string> service_variables(
    const core::Pod& pod, const std::vector<std::shared_ptr<const core::Service>>& services) {
  std::map<std::string, std::string> out;
  bool links = pod.spec.enable_service_links.value_or(true);
  auto add = [&out](const core::Service& service) {
    auto& ip = service.spec.cluster_ip;
    if (ip.empty() || ip == "None" || service.spec.ports.empty()) return;
    std::string name = variable_name(service.metadata.name);
    std::string host = ip.contains(':') ? "[" + ip + "]" : ip;
    auto& first = service.spec.ports.front();
    out[name + "_SERVICE_HOST"] = ip;
    out[name + "_SERVICE_PORT"] = std::to_string(first.port);
    for (auto& port : service.spec.ports) {
      std::string number = std::to_string(port.port);
      std::string protocol = port.protocol.empty() ? "TCP" : port.protocol;
      std::string url = base::to_lower(protocol) + "://" + host + ":" + number;
      if (!port.name.empty()) out[name + "_SERVICE_PORT_" + variable_name(port.name)] = number;
      if (&port == &first) out[name + "_PORT"] = url;
      std::string prefix = name + "_PORT_" + number + "_" + protocol;
      out[prefix] = url;
      out[prefix + "_PROTO"] = base::to_lower(protocol);
      out[prefix + "_PORT"] = number;
      out[prefix + "_ADDR"] = ip;
    }
  };
  // The API's own service is seen everywhere; one of the pod's namespace wins over it.
  for (auto& service : services)
    if (is_master(*service)) add(*service);
  if (links)
    for (auto& service : services)
      if (service->metadata.namespace_ == pod.metadata.namespace_ && !is_master(*service)) add(*service);
  return out;
}

base::Result<std::string> field_value(const core::Pod& pod, const std::string& path,
                                      const std::vector<std::string>& host_ips,
                                      const std::vector<std::string>& pod_ips) {
  auto& meta = pod.metadata;
  if (path == "metadata.name") return meta.name;
  if (path == "metadata.namespace") return meta.namespace_;
  if (path == "metadata.uid") return meta.uid;
  if (path == "metadata.labels") return lines_of(meta.labels);
  if (path == "metadata.annotations") return lines_of(meta.annotations);
  if (path == "spec.nodeName") return pod.spec.node_name;
  if (path == "spec.serviceAccountName") return pod.spec.service_account_name;
  if (path == "status.hostIP") return host_ips.empty() ? std::string() : host_ips.front();
  if (path == "status.hostIPs") return base::join(host_ips, ",");
  if (path == "status.podIP") return pod_ips.empty() ? std::string() : pod_ips.front();
  if (path == "status.podIPs") return base::join(pod_ips, ",");
  for (auto [prefix, map] : {std::pair{std::string_view("metadata.labels['"), &meta.labels},
                             std::pair{std::string_view("metadata.annotations['"), &meta.annotations}}) {
    if (!path.starts_with(prefix) || !path.ends_with("']")) continue;
    auto found = map->find(path.substr(prefix.size(), path.size() - prefix.size() - 2));
    return found == map->end() ? std::string() : found->second;
  }
  return base::fail(base::Code::Invalid, "unsupported fieldPath: " + path);
}

base::Result<std::string> resource_value(const core::Pod& pod, const core::ResourceFieldSelector& selector,
                                         const std::string& container_name, const ResourceList& node_allocatable) {
  auto& name = selector.container_name.empty() ? container_name : selector.container_name;
  auto* container = find_container(pod, name);
  if (container == nullptr) return base::fail(base::Code::NotFound, "container " + name + " not found");
  bool limits = selector.resource.starts_with("limits.");
  if (!limits && !selector.resource.starts_with("requests."))
    return base::fail(base::Code::Invalid, "unsupported container resource : " + selector.resource);
  std::string resource = selector.resource.substr(selector.resource.find('.') + 1);
  auto& list = limits ? container->resources.limits : container->resources.requests;
  base::Quantity amount;
  if (auto found = list.find(resource); found != list.end()) {
    amount = found->second;
  } else if (limits) {
    // What is not bounded is bounded by the node.
    if (auto node = node_allocatable.find(resource); node != node_allocatable.end()) amount = node->second;
  }
  if (resource == "cpu") {
    int64_t divisor = selector.divisor.is_zero() ? 1000 : selector.divisor.milli_value();
    return std::to_string((amount.milli_value() + divisor - 1) / divisor);
  }
  int64_t divisor = selector.divisor.is_zero() ? 1 : selector.divisor.value();
  return std::to_string((amount.value() + divisor - 1) / divisor);
}

ObjectNames referenced_objects(const core::Pod& pod) {
  ObjectNames out;
  auto config_map = [&](const std::string& name) { out.config_maps.push_back(name); };
  auto secret = [&](const std::string& name) { out.secrets.push_back(name); };
  auto look = [&](const auto& container) {
    for (auto& from : container.env_from) {
      if (from.config_map_ref) config_map(from.config_map_ref->name);
      if (from.secret_ref) secret(from.secret_ref->name);
    }
    for (auto& variable : container.env) {
      if (!variable.value_from) continue;
      if (variable.value_from->config_map_key_ref) config_map(variable.value_from->config_map_key_ref->name);
      if (variable.value_from->secret_key_ref) secret(variable.value_from->secret_key_ref->name);
    }
  };
  for (auto& container : pod.spec.init_containers) look(container);
  for (auto& container : pod.spec.containers) look(container);
  for (auto& container : pod.spec.ephemeral_containers) look(container);
  for (auto& volume : pod.spec.volumes) {
    if (volume.config_map) config_map(volume.config_map->name);
    if (volume.secret) secret(volume.secret->secret_name);
    if (!volume.projected) continue;
    for (auto& source : volume.projected->sources) {
      if (source.config_map) config_map(source.config_map->name);
      if (source.secret) secret(source.secret->name);
    }
  }
  for (auto& pull : pod.spec.image_pull_secrets)
    if (!pull.name.empty()) secret(pull.name);
  for (auto* list : {&out.config_maps, &out.secrets}) {
    std::ranges::sort(*list);
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  return out;
}

}  // namespace kubelet
