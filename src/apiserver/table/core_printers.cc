#include <algorithm>
#include <set>

#include "api/discovery_k8s_io_v1.h"
#include "api/events_k8s_io_v1.h"
#include "api/networking_k8s_io_v1.h"
#include "api/storage_k8s_io_v1.h"
#include "apiserver/table/cells.h"
#include "apiserver/table/pod.h"
#include "base/strings.h"

namespace apiserver::table {
namespace {

namespace core = api::core_v1;
namespace networking = api::networking_k8s_io_v1;
namespace storage = api::storage_k8s_io_v1;

std::string join_up_to(const std::vector<std::string>& parts, size_t shown) {
  std::vector<std::string> first(parts.begin(), parts.begin() + static_cast<ptrdiff_t>(std::min(shown, parts.size())));
  auto text = base::join(first, ",");
  if (parts.size() > shown) text += base::cat({" + ", std::to_string(parts.size() - shown), " more..."});
  return text;
}

void config_map(const core::ConfigMap& map, Cells& cells) {
  cells.text(map.metadata.name)
      .number(static_cast<int64_t>(map.data.size() + map.binary_data.size()))
      .age(map.metadata.creation_timestamp);
}

void secret(const core::Secret& secret, Cells& cells) {
  cells.text(secret.metadata.name)
      .text(secret.type)
      .number(static_cast<int64_t>(secret.data.size()))
      .age(secret.metadata.creation_timestamp);
}

void service_account(const core::ServiceAccount& account, Cells& cells) {
  cells.text(account.metadata.name).age(account.metadata.creation_timestamp);
}

void namespace_(const core::Namespace& space, Cells& cells) {
  cells.text(space.metadata.name).text(space.status.phase).age(space.metadata.creation_timestamp);
}

std::string host_and_port(const std::string& ip, int32_t port) {
  bool v6 = ip.find(':') != std::string::npos;
  return base::cat({v6 ? "[" : "", ip, v6 ? "]:" : ":", std::to_string(port)});
}

void endpoints(const core::Endpoints& endpoints, Cells& cells) {
  std::vector<std::string> parts;
  for (const auto& subset : endpoints.subsets) {
    if (subset.ports.empty()) {
      for (const auto& address : subset.addresses) parts.push_back(address.ip);
    }
    for (const auto& port : subset.ports) {
      for (const auto& address : subset.addresses) parts.push_back(host_and_port(address.ip, port.port));
    }
  }
  cells.text(endpoints.metadata.name)
      .text(endpoints.subsets.empty() ? "<none>" : join_up_to(parts, 3))
      .age(endpoints.metadata.creation_timestamp);
}

void endpoint_slice(const api::discovery_k8s_io_v1::EndpointSlice& slice, Cells& cells) {
  std::vector<std::string> ports, addresses;
  for (const auto& port : slice.ports) {
    if (port.port) {
      ports.push_back(std::to_string(*port.port));
    } else {
      ports.emplace_back(port.name.value_or("") == "" ? "*" : *port.name);
    }
  }
  for (const auto& endpoint : slice.endpoints)
    addresses.insert(addresses.end(), endpoint.addresses.begin(), endpoint.addresses.end());
  cells.text(slice.metadata.name)
      .text(slice.address_type)
      .text(ports.empty() ? "<unset>" : join_up_to(ports, 3))
      .text(addresses.empty() ? "<unset>" : join_up_to(addresses, 3))
      .age(slice.metadata.creation_timestamp);
}

std::string external_ip_text(const core::Service& service) {
  const auto& spec = service.spec;
  if (spec.type == "ExternalName") return spec.external_name;
  if (spec.type != "LoadBalancer") return spec.external_ips.empty() ? "<none>" : base::join(spec.external_ips, ",");
  std::vector<std::string> all;
  std::set<std::string> given;
  for (const auto& ingress : service.status.load_balancer.ingress)
    given.insert(ingress.ip.empty() ? ingress.hostname : ingress.ip);
  all.assign(given.begin(), given.end());
  all.insert(all.end(), spec.external_ips.begin(), spec.external_ips.end());
  return all.empty() ? "<pending>" : base::join(all, ",");
}

void service(const core::Service& service, Cells& cells) {
  std::string ports;
  for (const auto& port : service.spec.ports) {
    ports += base::cat({ports.empty() ? "" : ",", std::to_string(port.port), port.node_port ? ":" : "",
                        port.node_port ? std::to_string(port.node_port) : "", "/", port.protocol});
  }
  std::string address = service.spec.cluster_ips.empty() ? service.spec.cluster_ip : service.spec.cluster_ips[0];
  cells.text(service.metadata.name)
      .text(service.spec.type)
      .text_or(address, "<none>")
      .text(external_ip_text(service))
      .text_or(ports, "<none>")
      .age(service.metadata.creation_timestamp)
      .text(labels_text(service.spec.selector));
}

std::string node_status(const core::Node& node) {
  std::string text = "Unknown";
  for (const auto& condition : node.status.conditions) {
    if (condition.type == "Ready") text = condition.status == "True" ? "Ready" : "NotReady";
  }
  return node.spec.unschedulable ? text + ",SchedulingDisabled" : text;
}

std::string node_roles(const core::Node& node) {
  constexpr std::string_view kPrefix = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  for (const auto& [key, value] : node.metadata.labels) {
    if (key.starts_with(kPrefix) && key.size() > kPrefix.size()) roles.insert(key.substr(kPrefix.size()));
    if (key == "kubernetes.io/role" && !value.empty()) roles.insert(value);
  }
  return roles.empty() ? "<none>" : base::join(std::vector<std::string>(roles.begin(), roles.end()), ",");
}

std::string node_address(const core::Node& node, std::string_view type) {
  for (const auto& address : node.status.addresses) {
    if (address.type == type) return address.address;
  }
  return "<none>";
}

void node(const core::Node& node, Cells& cells) {
  const auto& info = node.status.node_info;
  cells.text(node.metadata.name)
      .text(node_status(node))
      .text(node_roles(node))
      .age(node.metadata.creation_timestamp)
      .text(info.kubelet_version)
      .text(node_address(node, "InternalIP"))
      .text(node_address(node, "ExternalIP"))
      .text_or(info.os_image, "<unknown>")
      .text_or(info.kernel_version, "<unknown>")
      .text_or(info.container_runtime_version, "<unknown>");
}

void event(const core::Event& event, Cells& cells) {
  base::Time first = event.first_timestamp.is_zero() ? event.event_time : event.first_timestamp;
  base::Time last = event.last_timestamp;
  int64_t count = event.count;
  if (event.series) {
    count = event.series->count;
    last = event.series->last_observed_time;
  } else if (last.is_zero()) {
    last = first;
  }
  if (count == 0 && !event.series) count = 1;
  std::string object = base::to_lower(event.involved_object.kind);
  if (!event.involved_object.name.empty()) object += "/" + event.involved_object.name;
  std::string source = event.source.component.empty() ? event.reporting_component : event.source.component;
  std::string instance = event.source.host.empty() ? event.reporting_instance : event.source.host;
  if (!instance.empty()) source += ", " + instance;
  cells.age(last)
      .text(event.type)
      .text(event.reason)
      .text(object)
      .text(event.involved_object.field_path)
      .text(source)
      .text(base::trim(event.message))
      .age(first)
      .number(count)
      .text(event.metadata.name);
}

void new_event(const api::events_k8s_io_v1::Event& from, Cells& cells) {
  core::Event same;
  same.metadata = from.metadata;
  same.involved_object = from.regarding;
  same.reason = from.reason;
  same.message = from.note;
  same.type = from.type;
  same.event_time = from.event_time;
  same.reporting_component = from.reporting_controller;
  same.reporting_instance = from.reporting_instance;
  same.source = from.deprecated_source;
  same.first_timestamp = from.deprecated_first_timestamp;
  same.last_timestamp = from.deprecated_last_timestamp;
  same.count = from.deprecated_count;
  if (from.series) {
    auto& series = same.series.emplace();
    series.count = from.series->count;
    series.last_observed_time = from.series->last_observed_time;
  }
  event(same, cells);
}

std::string access_modes(const std::vector<std::string>& modes) {
  std::string out;
  for (const char* known : {"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"}) {
    if (std::find(modes.begin(), modes.end(), known) == modes.end()) continue;
    std::string_view name = known;
    std::string_view brief = name == "ReadWriteOnce"   ? "RWO"
                             : name == "ReadOnlyMany"  ? "ROX"
                             : name == "ReadWriteMany" ? "RWX"
                                                       : "RWOP";
    out += base::cat({out.empty() ? "" : ",", brief});
  }
  return out;
}

std::string storage_of(const std::map<std::string, base::Quantity, std::less<>>& amounts) {
  auto found = amounts.find("storage");
  return found == amounts.end() ? "0" : found->second.to_string();
}

void volume(const core::PersistentVolume& volume, Cells& cells) {
  std::string claim;
  if (const auto& ref = volume.spec.claim_ref) claim = base::cat({ref->namespace_, "/", ref->name});
  std::string phase = volume.metadata.deletion_timestamp.is_zero() ? volume.status.phase : "Terminating";
  auto annotated = volume.metadata.annotations.find("volume.beta.kubernetes.io/storage-class");
  cells.text(volume.metadata.name)
      .text(storage_of(volume.spec.capacity))
      .text(access_modes(volume.spec.access_modes))
      .text(volume.spec.persistent_volume_reclaim_policy)
      .text(phase)
      .text(claim)
      .text(annotated == volume.metadata.annotations.end() ? volume.spec.storage_class_name : annotated->second)
      .text_or(volume.spec.volume_attributes_class_name.value_or(""), "<unset>")
      .text(volume.status.reason)
      .age(volume.metadata.creation_timestamp)
      .text_or(volume.spec.volume_mode.value_or(""), "<unset>");
}

void claim(const core::PersistentVolumeClaim& claim, Cells& cells) {
  bool bound = !claim.spec.volume_name.empty();
  std::string phase = claim.metadata.deletion_timestamp.is_zero() ? claim.status.phase : "Terminating";
  auto annotated = claim.metadata.annotations.find("volume.beta.kubernetes.io/storage-class");
  cells.text(claim.metadata.name)
      .text(phase)
      .text(claim.spec.volume_name)
      .text(bound ? storage_of(claim.status.capacity) : "")
      .text(bound ? access_modes(claim.status.access_modes) : "")
      .text(annotated == claim.metadata.annotations.end() ? claim.spec.storage_class_name.value_or("")
                                                          : annotated->second)
      .text_or(claim.spec.volume_attributes_class_name.value_or(""), "<unset>")
      .age(claim.metadata.creation_timestamp)
      .text_or(claim.spec.volume_mode.value_or(""), "<unset>");
}

void pod_template(const core::PodTemplate& pod_template, Cells& cells) {
  const auto& spec = pod_template.template_.spec;
  cells.text(pod_template.metadata.name)
      .text(container_names(spec.containers))
      .text(container_images(spec.containers))
      .text(labels_text(pod_template.template_.metadata.labels));
}

// "cpu: 1/2, memory: 1Gi/2Gi": requests (and counts) in one column, limits in the other.
void quota(const core::ResourceQuota& quota, Cells& cells) {
  std::string requests, limits;
  for (const auto& [name, hard] : quota.status.hard) {
    auto used = quota.status.used.find(name);
    std::string amount = used == quota.status.used.end() ? "0" : used->second.to_string();
    auto& column = name.starts_with("limits.") ? limits : requests;
    column += base::cat({column.empty() ? "" : ", ", name, ": ", amount, "/", hard.to_string()});
  }
  cells.text(quota.metadata.name).text(requests).text(limits).age(quota.metadata.creation_timestamp);
}

void component_status(const core::ComponentStatus& status, Cells& cells) {
  std::string state = "Unknown", message, error;
  for (const auto& condition : status.conditions) {
    if (condition.type != "Healthy") continue;
    state = condition.status == "True" ? "Healthy" : "Unhealthy";
    message = condition.message;
    error = condition.error;
  }
  cells.text(status.metadata.name).text(state).text(message).text(error);
}

void ingress(const networking::Ingress& ingress, Cells& cells) {
  constexpr size_t kShown = 3;
  std::string hosts;
  size_t shown = 0;
  bool more = false;
  for (const auto& rule : ingress.spec.rules) {
    more |= shown == kShown;  // whether or not it names a host
    if (rule.host.empty() || more) continue;
    hosts += base::cat({shown++ == 0 ? "" : ",", rule.host});
  }
  if (more) hosts += base::cat({" + ", std::to_string(ingress.spec.rules.size() - kShown), " more..."});
  std::set<std::string> addresses;
  for (const auto& one : ingress.status.load_balancer.ingress) {
    const std::string& address = one.ip.empty() ? one.hostname : one.ip;
    if (!address.empty()) addresses.insert(address);
  }
  cells.text(ingress.metadata.name)
      .text_or(ingress.spec.ingress_class_name.value_or(""), "<none>")
      .text_or(hosts, "*")
      .text(base::join(std::vector<std::string>(addresses.begin(), addresses.end()), ","))
      .text(ingress.spec.tls.empty() ? "80" : "80, 443")
      .age(ingress.metadata.creation_timestamp);
}

void ingress_class(const networking::IngressClass& one, Cells& cells) {
  std::string parameters = "<none>";
  if (const auto& ref = one.spec.parameters) {
    parameters = ref->api_group && !ref->api_group->empty()
                     ? base::cat({ref->kind, ".", *ref->api_group, "/", ref->name})
                     : base::cat({ref->kind, "/", ref->name});
  }
  cells.text(one.metadata.name).text(one.spec.controller).text(parameters).age(one.metadata.creation_timestamp);
}

void network_policy(const networking::NetworkPolicy& policy, Cells& cells) {
  cells.text(policy.metadata.name)
      .text(selector_text(policy.spec.pod_selector))
      .age(policy.metadata.creation_timestamp);
}

void ip_address(const networking::IPAddress& address, Cells& cells) {
  std::string parent;
  if (const auto& ref = address.spec.parent_ref) {
    parent = ref->resource;
    if (!ref->group.empty()) parent += "." + ref->group;
    for (const auto* part : {&ref->namespace_, &ref->name}) {
      if (!part->empty()) parent += "/" + *part;
    }
  }
  // The age has no column.
  cells.text(address.metadata.name).text_or(parent, "<none>").age(address.metadata.creation_timestamp);
}

void service_cidr(const networking::ServiceCIDR& range, Cells& cells) {
  cells.text(range.metadata.name).text(base::join(range.spec.cidrs, ",")).age(range.metadata.creation_timestamp);
}

void storage_class(const storage::StorageClass& one, Cells& cells) {
  auto says_default = [&](std::string_view key) {
    auto found = one.metadata.annotations.find(key);
    return found != one.metadata.annotations.end() && found->second == "true";
  };
  std::string name = one.metadata.name;
  if (says_default("storageclass.kubernetes.io/is-default-class") ||
      says_default("storageclass.beta.kubernetes.io/is-default-class")) {
    name += " (default)";
  }
  cells.text(name)
      .text(one.provisioner)
      .text_or(one.reclaim_policy.value_or(""), "Delete")
      .text_or(one.volume_binding_mode.value_or(""), "Immediate")
      .flag(one.allow_volume_expansion.value_or(false))
      .age(one.metadata.creation_timestamp);
}

void csi_node(const storage::CSINode& one, Cells& cells) {
  cells.text(one.metadata.name)
      .number(static_cast<int64_t>(one.spec.drivers.size()))
      .age(one.metadata.creation_timestamp);
}

void csi_driver(const storage::CSIDriver& one, Cells& cells) {
  std::vector<std::string> audiences;
  for (const auto& request : one.spec.token_requests) audiences.push_back(request.audience);
  std::string modes = base::join(one.spec.volume_lifecycle_modes, ",");
  cells.text(one.metadata.name)
      .flag(one.spec.attach_required.value_or(true))
      .flag(one.spec.pod_info_on_mount.value_or(false))
      .flag(one.spec.storage_capacity.value_or(false))
      .text_or(base::join(audiences, ","), "<unset>")
      .flag(one.spec.requires_republish.value_or(false))
      .text_or(modes, "<none>")
      .age(one.metadata.creation_timestamp);
}

void attachment(const storage::VolumeAttachment& one, Cells& cells) {
  cells.text(one.metadata.name)
      .text(one.spec.attacher)
      .text(one.spec.source.persistent_volume_name.value_or(""))
      .text(one.spec.node_name)
      .flag(one.status.attached)
      .age(one.metadata.creation_timestamp);
}

void attributes_class(const storage::VolumeAttributesClass& one, Cells& cells) {
  cells.text(one.metadata.name).text(one.driver_name).age(one.metadata.creation_timestamp);
}

}  // namespace

const std::vector<PrinterEntry>& core_printers() {
  static const std::vector<PrinterEntry> list = {
      {&core::Pod::kType, print_pod},
      printer<core::ConfigMap, config_map>(),
      printer<core::Secret, secret>(),
      printer<core::ServiceAccount, service_account>(),
      printer<core::Namespace, namespace_>(),
      printer<core::Endpoints, endpoints>(),
      printer<api::discovery_k8s_io_v1::EndpointSlice, endpoint_slice>(),
      printer<core::Service, service>(),
      printer<core::Node, node>(),
      printer<core::Event, event>(),
      printer<api::events_k8s_io_v1::Event, new_event>(),
      printer<core::PersistentVolume, volume>(),
      printer<core::PersistentVolumeClaim, claim>(),
      printer<core::PodTemplate, pod_template>(),
      printer<core::ResourceQuota, quota>(),
      printer<core::ComponentStatus, component_status>(),
      printer<networking::Ingress, ingress>(),
      printer<networking::IngressClass, ingress_class>(),
      printer<networking::NetworkPolicy, network_policy>(),
      printer<networking::IPAddress, ip_address>(),
      printer<networking::ServiceCIDR, service_cidr>(),
      printer<storage::StorageClass, storage_class>(),
      printer<storage::CSINode, csi_node>(),
      printer<storage::CSIDriver, csi_driver>(),
      printer<storage::VolumeAttachment, attachment>(),
      printer<storage::VolumeAttributesClass, attributes_class>(),
  };
  return list;
}

}  // namespace apiserver::table
