#include "controller/endpointslice/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/ip.h"
#include "controller/common/ownership.h"

namespace controller::endpointslice {
namespace {

using api::core_v1::Pod;
using api::core_v1::Service;
using api::discovery_k8s_io_v1::Endpoint;
using api::discovery_k8s_io_v1::EndpointPort;
using Ports = std::vector<EndpointPort>;

Ports ports_in(const Service& service, const Pod& pod) {
  Ports ports;
  for (const auto& port : service.spec.ports) {
    auto number = port_in_pod(port, pod);
    if (!number) continue;
    EndpointPort& added = ports.emplace_back();
    added.name = port.name;
    added.protocol = port.protocol.empty() ? "TCP" : port.protocol;
    added.port = *number;
    added.app_protocol = port.app_protocol;
  }
  return ports;
}

std::vector<std::string> addresses_in(const Pod& pod, bool v4) {
  std::vector<std::string> addresses;
  auto add = [&](const std::string& text) {
    auto address = base::IpAddress::parse(text);
    if (address && address->is_v4() == v4) addresses.push_back(text);
  };
  for (const auto& one : pod.status.pod_ips) add(one.ip);
  if (pod.status.pod_ips.empty()) add(pod.status.pod_ip);
  return addresses;
}

// Slices with the same of these can share endpoints: the text orders and tells them apart.
std::string port_key(const Ports& ports) {
  std::vector<std::string> parts;
  for (const EndpointPort& port : ports) {
    parts.push_back(port.name.value_or("") + "/" + port.protocol.value_or("") + "/" +
                    (port.port ? std::to_string(*port.port) : "") + "/" + port.app_protocol.value_or("-"));
  }
  std::sort(parts.begin(), parts.end());
  std::string key;
  for (const std::string& part : parts) key += part + ";";
  return key;
}

std::string uid_of(const Endpoint& endpoint) {
  return endpoint.target_ref ? endpoint.target_ref->uid : "";
}

struct Wanted {
  Endpoint endpoint;
  base::Time changed;  // what made it so
};

// The endpoints of one family and one set of ports.
struct Group {
  Ports ports;
  std::map<std::string, Wanted> wanted;  // by uid of the pod
  std::vector<SlicePointer> slices;
};

class Planner {
 public:
  Planner(const Service& service, size_t max_endpoints, Plan& plan)
      : service_(service), max_(std::max<size_t>(max_endpoints, 1)), plan_(plan) {}

  void family(const std::string& type, const std::vector<PodPointer>& pods, const std::vector<SlicePointer>& slices,
              const std::function<std::string(const std::string&)>& zone_of) {
    std::map<std::string, Group> groups;
    for (const PodPointer& pod : pods) {
      auto addresses = addresses_in(*pod, type == "IPv4");
      if (addresses.empty() || !can_be_endpoint(*pod, true)) continue;
      Ports ports = ports_in(service_, *pod);
      Group& group = groups[port_key(ports)];
      group.ports = std::move(ports);
      group.wanted.emplace(pod->metadata.uid,
                           Wanted{endpoint_of(*pod, std::move(addresses), zone_of), ready_change(*pod)});
    }
    // A service without endpoints keeps one empty slice, so that its absence says something.
    if (groups.empty()) groups[""];
    for (const SlicePointer& slice : slices) {
      auto group = groups.find(port_key(slice->ports));
      if (group == groups.end()) {
        plan_.remove.push_back(slice);
      } else {
        group->second.slices.push_back(slice);
      }
    }
    for (auto& [key, group] : groups) reconcile(type, group);
  }

 private:
  Endpoint endpoint_of(const Pod& pod, std::vector<std::string> addresses,
                       const std::function<std::string(const std::string&)>& zone_of) {
    bool serving = is_ready(pod);
    bool terminating = is_being_deleted(pod.metadata);
    Endpoint endpoint;
    endpoint.addresses = std::move(addresses);
    endpoint.conditions.ready = service_.spec.publish_not_ready_addresses || (serving && !terminating);
    endpoint.conditions.serving = serving;
    endpoint.conditions.terminating = terminating;
    if (std::string hostname = endpoint_hostname(pod, service_); !hostname.empty())
      endpoint.hostname = std::move(hostname);
    endpoint.target_ref = endpoint_target(pod);
    if (!pod.spec.node_name.empty()) {
      endpoint.node_name = pod.spec.node_name;
      if (std::string zone = zone_of(pod.spec.node_name); !zone.empty()) endpoint.zone = std::move(zone);
    }
    add_hints(endpoint);
    return endpoint;
  }

  // Who should use it: those in its zone, or on its node, when the service wants its traffic to stay near. Kubernetes
  // documentation, "Traffic distribution".
  void add_hints(Endpoint& endpoint) const {
    auto& wish = service_.spec.traffic_distribution;
    if (!wish || !endpoint.conditions.ready.value_or(false)) return;
    if (*wish != "PreferClose" && *wish != "PreferSameZone" && *wish != "PreferSameNode") return;
    api::discovery_k8s_io_v1::EndpointHints hints;
    if (endpoint.zone && !endpoint.zone->empty()) hints.for_zones.emplace_back().name = *endpoint.zone;
    if (*wish == "PreferSameNode" && endpoint.node_name) hints.for_nodes.emplace_back().name = *endpoint.node_name;
    if (!hints.for_zones.empty() || !hints.for_nodes.empty()) endpoint.hints = std::move(hints);
  }

  // The labels a slice has of its service, and ours.
  std::map<std::string, std::string, std::less<>> labels() const {
    auto labels = service_.metadata.labels;
    labels.erase(std::string(kHeadless));
    labels[std::string(kServiceName)] = service_.metadata.name;
    labels[std::string(kManagedBy)] = kController;
    if (is_headless(service_)) labels[std::string(kHeadless)] = "";
    return labels;
  }

  EndpointSlice fresh(const std::string& type, const Ports& ports) const {
    EndpointSlice slice;
    slice.metadata.namespace_ = service_.metadata.namespace_;
    slice.metadata.generate_name = service_.metadata.name + "-";
    slice.metadata.labels = labels();
    slice.metadata.owner_references.push_back(controller_reference(service_));
    slice.address_type = type;
    slice.ports = ports;
    return slice;
  }

  static void note_trigger(EndpointSlice& slice, base::Time trigger) {
    if (trigger.is_zero()) {
      if (auto old = slice.metadata.annotations.find(kTriggerTime); old != slice.metadata.annotations.end())
        slice.metadata.annotations.erase(old);
    } else {
      slice.metadata.annotations[std::string(kTriggerTime)] = base::format_rfc3339(trigger);
    }
  }

  void reconcile(const std::string& type, Group& group) {
    struct Draft {
      EndpointSlice slice;
      SlicePointer before;  // null for a new one
      bool changed = false;
      base::Time trigger;  // the earliest of what changed
      void note(base::Time moment) {
        changed = true;
        if (!moment.is_zero() && (trigger.is_zero() || moment < trigger)) trigger = moment;
      }
    };
    std::vector<Draft> drafts;
    auto left = group.wanted;
    auto wanted_labels = labels();
    for (const SlicePointer& before : group.slices) {
      Draft draft{.slice = *before, .before = before};
      std::vector<Endpoint> kept;
      for (Endpoint& endpoint : draft.slice.endpoints) {
        auto wanted = left.find(uid_of(endpoint));
        if (wanted == left.end()) {
          draft.changed = true;
          continue;
        }
        if (endpoint != wanted->second.endpoint) draft.note(wanted->second.changed);
        kept.push_back(std::move(wanted->second.endpoint));
        left.erase(wanted);
      }
      draft.slice.endpoints = std::move(kept);
      if (draft.slice.metadata.labels != wanted_labels) {
        draft.slice.metadata.labels = wanted_labels;
        draft.changed = true;
      }
      drafts.push_back(std::move(draft));
    }
    // New ones go into slices that are written anyway, then into the fullest that has room for all, then into new
    // slices.
    auto fill = [&](Draft& draft) {
      while (!left.empty() && draft.slice.endpoints.size() < max_) {
        draft.note(left.begin()->second.changed);
        draft.slice.endpoints.push_back(std::move(left.begin()->second.endpoint));
        left.erase(left.begin());
      }
    };
    for (Draft& draft : drafts) {
      if (draft.changed) fill(draft);
    }
    while (!left.empty()) {
      Draft* fullest = nullptr;
      for (Draft& draft : drafts) {
        if (draft.changed || draft.slice.endpoints.size() + left.size() > max_) continue;
        if (fullest == nullptr || draft.slice.endpoints.size() > fullest->slice.endpoints.size()) fullest = &draft;
      }
      if (fullest == nullptr)
        fullest = &drafts.emplace_back(Draft{.slice = fresh(type, group.ports), .before = nullptr});
      fill(*fullest);
    }
    if (drafts.empty()) drafts.push_back(Draft{.slice = fresh(type, group.ports), .before = nullptr, .changed = true});

    size_t live = drafts.size();
    for (Draft& draft : drafts) {
      bool empty = draft.slice.endpoints.empty();
      if (empty && draft.before && live > 1) {
        plan_.remove.push_back(draft.before);
        live--;
        continue;
      }
      if (!draft.changed) continue;
      note_trigger(draft.slice, draft.trigger);
      (draft.before ? plan_.update : plan_.create).push_back(std::move(draft.slice));
    }
  }

  const Service& service_;
  size_t max_;
  Plan& plan_;
};

}  // namespace

Plan plan(const Service& service, const std::vector<PodPointer>& pods, const std::vector<SlicePointer>& slices,
          const std::function<std::string(const std::string& node)>& zone_of, size_t max_endpoints) {
  Plan plan;
  std::vector<std::string> types = service.spec.ip_families;
  if (types.empty()) types = {"IPv4"};
  Planner planner(service, max_endpoints, plan);
  for (const std::string& type : types) {
    std::vector<SlicePointer> own;
    std::copy_if(slices.begin(), slices.end(), std::back_inserter(own),
                 [&](const SlicePointer& slice) { return slice->address_type == type; });
    planner.family(type, pods, own, zone_of);
  }
  for (const SlicePointer& slice : slices) {
    if (std::find(types.begin(), types.end(), slice->address_type) == types.end()) plan.remove.push_back(slice);
  }
  return plan;
}

}  // namespace controller::endpointslice
