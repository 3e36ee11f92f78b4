#include "scheduler/plugin/list.h"

#include "scheduler/plugin/dynamic_resources/dynamic_resources.h"
#include "scheduler/plugin/image_locality/image_locality.h"
#include "scheduler/plugin/inter_pod_affinity/inter_pod_affinity.h"
#include "scheduler/plugin/node_affinity/node_affinity.h"
#include "scheduler/plugin/node_declared_features/node_declared_features.h"
#include "scheduler/plugin/node_name/node_name.h"
#include "scheduler/plugin/node_ports/node_ports.h"
#include "scheduler/plugin/node_resources/balanced_allocation.h"
#include "scheduler/plugin/node_resources/fit.h"
#include "scheduler/plugin/node_unschedulable/node_unschedulable.h"
#include "scheduler/plugin/node_volume_limits/node_volume_limits.h"
#include "scheduler/plugin/pod_topology_spread/pod_topology_spread.h"
#include "scheduler/plugin/taint_toleration/taint_toleration.h"
#include "scheduler/plugin/volume_binding/volume_binding.h"
#include "scheduler/plugin/volume_restrictions/volume_restrictions.h"
#include "scheduler/plugin/volume_zone/volume_zone.h"

namespace scheduler {

Plugins make_plugins(const Profile& profile, PluginServices services) {
  Plugins plugins;
  plugins.push_back(make_node_unschedulable());
  plugins.push_back(make_node_name());
  plugins.push_back(make_node_declared_features());
  plugins.push_back(make_taint_toleration());
  plugins.push_back(make_node_affinity(profile.added_affinity));
  plugins.push_back(make_node_ports());
  plugins.push_back(make_node_resources_fit(services.devices, profile.fit));
  if (services.storage != nullptr) {
    plugins.push_back(make_volume_restrictions(*services.storage));
    plugins.push_back(make_node_volume_limits(*services.storage));
    plugins.push_back(make_volume_binding(*services.client, *services.storage, profile.volume_timeout));
    plugins.push_back(make_volume_zone(*services.storage));
  }
  if (services.devices != nullptr)
    plugins.push_back(make_dynamic_resources(*services.client, *services.devices, *services.clock, *services.random,
                                             profile.devices_ready_within));
  plugins.push_back(make_node_resources_balanced_allocation(profile.balanced));
  plugins.push_back(make_pod_topology_spread(profile.default_constraints));
  plugins.push_back(make_inter_pod_affinity(profile.pod_affinity));
  plugins.push_back(make_image_locality());
  if (!profile.plugins) return plugins;
  std::erase_if(plugins, [&](auto& plugin) { return !profile.plugins->contains(plugin->name()); });
  for (auto& plugin : plugins) {
    const PluginUse& use = profile.plugins->find(plugin->name())->second;
    plugin.filters = plugin.filters && use.filters;
    if (plugin.weight != 0) plugin.weight = use.weight.value_or(plugin.weight);
  }
  return plugins;
}

}  // namespace scheduler
