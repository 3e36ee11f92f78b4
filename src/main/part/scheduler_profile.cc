#include "main/part/scheduler_profile.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "schema/json.h"

namespace navarch {
namespace {

namespace v1 = api::kubescheduler_config_k8s_io_v1;
using scheduler::FitStrategy;
using scheduler::Profile;
using scheduler::WeighedResource;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

// As the documentation lists them; all are in use unless a profile says otherwise.
constexpr std::string_view kPlugins[] = {"SchedulingGates",
                                         "PrioritySort",
                                         "NodeUnschedulable",
                                         "NodeName",
                                         "TaintToleration",
                                         "NodeAffinity",
                                         "NodePorts",
                                         "NodeResourcesFit",
                                         "VolumeRestrictions",
                                         "NodeVolumeLimits",
                                         "VolumeBinding",
                                         "VolumeZone",
                                         "PodTopologySpread",
                                         "InterPodAffinity",
                                         "DynamicResources",
                                         "DefaultPreemption",
                                         "NodeResourcesBalancedAllocation",
                                         "ImageLocality",
                                         "DefaultBinder",
                                         "NodeDeclaredFeatures"};

bool is_known(std::string_view name) {
  return std::ranges::find(kPlugins, name) != std::end(kPlugins);
}

bool disables(const v1::PluginSet& set, std::string_view name) {
  return std::ranges::any_of(set.disabled, [&](auto& one) { return one.name == name || one.name == "*"; });
}

const v1::Plugin* enabled(const v1::PluginSet& set, std::string_view name) {
  auto found = std::ranges::find(set.enabled, name, &v1::Plugin::name);
  return found == set.enabled.end() ? nullptr : &*found;
}

// Which plugins are in use, and where.
class Choice {
 public:
  explicit Choice(const v1::Plugins& plugins) : plugins_(plugins) {}

  bool is_in(const v1::PluginSet& point, std::string_view name) const {
    return enabled(point, name) != nullptr || (is_anywhere(name) && !disables(point, name));
  }
  bool filters(std::string_view name) const { return is_in(plugins_.filter, name) && is_in(plugins_.pre_filter, name); }
  bool scores(std::string_view name) const { return is_in(plugins_.score, name) && is_in(plugins_.pre_score, name); }
  // Absent: its own.
  std::optional<int64_t> weight(std::string_view name) const {
    const v1::Plugin* here = enabled(plugins_.score, name);
    if (here == nullptr) here = enabled(plugins_.multi_point, name);
    if (here == nullptr) return std::nullopt;
    return std::max(1, here->weight.value_or(1));
  }

 private:
  bool is_anywhere(std::string_view name) const {
    return enabled(plugins_.multi_point, name) != nullptr || !disables(plugins_.multi_point, name);
  }

  const v1::Plugins& plugins_;
};

struct NamedPoint {
  std::string_view name;
  const v1::PluginSet& set;
};
std::vector<NamedPoint> points_of(const v1::Plugins& plugins) {
  return {{"preEnqueue", plugins.pre_enqueue},
          {"queueSort", plugins.queue_sort},
          {"preFilter", plugins.pre_filter},
          {"filter", plugins.filter},
          {"postFilter", plugins.post_filter},
          {"preScore", plugins.pre_score},
          {"score", plugins.score},
          {"reserve", plugins.reserve},
          {"permit", plugins.permit},
          {"preBind", plugins.pre_bind},
          {"bind", plugins.bind},
          {"postBind", plugins.post_bind},
          {"multiPoint", plugins.multi_point},
          {"placementGenerate", plugins.placement_generate},
          {"placementScore", plugins.placement_score}};
}

void read_plugins(const v1::Plugins& from, Profile& profile, const FieldPath& path, FieldErrors& errors) {
  for (const auto& [point, set] : points_of(from)) {
    for (size_t i = 0; i < set.enabled.size(); ++i) {
      const std::string& name = set.enabled[i].name;
      FieldPath at = path.child(point, "enabled").index(i);
      if (!is_known(name)) errors.push_back(FieldError::not_found(at, name));
      if (std::ranges::count(set.enabled, name, &v1::Plugin::name) > 1 && enabled(set, name) != &set.enabled[i])
        errors.push_back(FieldError::duplicate(at, name));
    }
  }
  Choice choice(from);
  auto must_be_in = [&](std::string_view point, const v1::PluginSet& set, std::string_view name) {
    if (!choice.is_in(set, name))
      errors.push_back(FieldError::forbidden(path.child(point), base::cat({name, " cannot be left out"})));
  };
  must_be_in("queueSort", from.queue_sort, "PrioritySort");
  must_be_in("bind", from.bind, "DefaultBinder");

  auto& uses = profile.plugins.emplace();
  for (std::string_view name : kPlugins) {
    bool filters = choice.filters(name), scores = choice.scores(name);
    if (!filters && !scores) continue;
    uses[std::string(name)] = {.filters = filters, .weight = scores ? choice.weight(name) : 0};
    // What they promise to a pod must be so before it is bound.
    if (name != "VolumeBinding" && name != "DynamicResources") continue;
    must_be_in("reserve", from.reserve, name);
    must_be_in("preBind", from.pre_bind, name);
  }
  profile.preempts = choice.is_in(from.post_filter, "DefaultPreemption");
  profile.heeds_gates = choice.is_in(from.pre_enqueue, "SchedulingGates");
}

// The arguments of plugins, one after the other.
class Arguments {
 public:
  Arguments(Profile& profile, FieldErrors& errors) : profile_(profile), errors_(errors) {}

  void read(const v1::PluginConfig& config, const FieldPath& path) {
    const std::string& name = config.name;
    path_ = path.child("args");
    if (name == "NodeResourcesFit") return with<v1::NodeResourcesFitArgs>(config, [&](auto& args) { fit(args); });
    if (name == "NodeResourcesBalancedAllocation") {
      return with<v1::NodeResourcesBalancedAllocationArgs>(config, [&](auto& args) {
        if (!args.resources.empty()) profile_.balanced = resources(args.resources, path_.child("resources"));
      });
    }
    if (name == "InterPodAffinity") {
      return with<v1::InterPodAffinityArgs>(config, [&](auto& args) {
        profile_.pod_affinity.hard_weight = args.hard_pod_affinity_weight.value_or(1);
        profile_.pod_affinity.only_own_preferences = args.ignore_preferred_terms_of_existing_pods;
        check_percentage(path_.child("hardPodAffinityWeight"), profile_.pod_affinity.hard_weight, errors_);
      });
    }
    if (name == "NodeAffinity") {
      return with<v1::NodeAffinityArgs>(config, [&](auto& args) {
        if (args.added_affinity) profile_.added_affinity = *args.added_affinity;
      });
    }
    if (name == "PodTopologySpread") {
      return with<v1::PodTopologySpreadArgs>(config, [&](auto& args) { spread(args); });
    }
    if (name == "DefaultPreemption") {
      return with<v1::DefaultPreemptionArgs>(config, [&](auto& args) { preemption(args); });
    }
    if (name == "VolumeBinding") {
      return with<v1::VolumeBindingArgs>(config, [&](auto& args) {
        int64_t seconds = args.bind_timeout_seconds.value_or(600);
        if (seconds < 0)
          invalid("bindTimeoutSeconds", seconds, "invalid BindTimeoutSeconds, should not be a negative value");
        profile_.volume_timeout = std::chrono::seconds(seconds);
      });
    }
    if (name == "DynamicResources") {
      return with<v1::DynamicResourcesArgs>(config, [&](auto& args) { devices(args); });
    }
    if (is_known(name)) {
      errors_.push_back(FieldError::forbidden(path, name + " takes no arguments"));
    } else {
      errors_.push_back(FieldError::not_found(path, name));
    }
  }

 private:
  template <class Args, class Use>
  void with(const v1::PluginConfig& config, Use use) {
    std::vector<std::string> strict_errors;
    auto args = schema::from_json<Args>(config.args.empty() ? "{}" : config.args, &strict_errors);
    if (!args) strict_errors.push_back(args.error().message());
    for (const auto& error : strict_errors)
      errors_.push_back(FieldError::invalid(path_, schema::BadValue::json(config.args), error));
    if (args) use(*args);
  }

  void invalid(std::string_view field, int64_t value, std::string_view why) {
    errors_.push_back(FieldError::invalid(path_.child(field), value, why));
  }

  std::vector<WeighedResource> resources(const std::vector<v1::ResourceSpec>& from, const FieldPath& path) {
    std::vector<WeighedResource> out;
    for (size_t i = 0; i < from.size(); ++i) {
      int64_t weight = from[i].weight == 0 ? 1 : from[i].weight;
      if (weight < 1 || weight > 100) {
        errors_.push_back(FieldError::invalid(path.index(i).child("weight"), weight,
                                              "resource weight of " + from[i].name + " not in valid range [1, 100]"));
      }
      out.push_back({.name = from[i].name, .weight = weight});
    }
    return out;
  }

  void fit(const v1::NodeResourcesFitArgs& args) {
    auto& fit = profile_.fit;
    fit.ignored_resources = args.ignored_resources;
    fit.ignored_groups = args.ignored_resource_groups;
    for (size_t i = 0; i < fit.ignored_groups.size(); ++i) {
      if (fit.ignored_groups[i].find('/') == std::string::npos) continue;
      errors_.push_back(FieldError::invalid(path_.child("ignoredResourceGroups").index(i), fit.ignored_groups[i],
                                            "resource group name can't contain '/'"));
    }
    if (!args.scoring_strategy) return;
    const auto& strategy = *args.scoring_strategy;
    FieldPath path = path_.child("scoringStrategy");
    if (strategy.type == "MostAllocated") {
      fit.strategy = FitStrategy::MostAllocated;
    } else if (strategy.type == "RequestedToCapacityRatio") {
      fit.strategy = FitStrategy::RequestedToCapacityRatio;
      shape(strategy.requested_to_capacity_ratio ? strategy.requested_to_capacity_ratio->shape
                                                 : std::vector<v1::UtilizationShapePoint>(),
            path.child("requestedToCapacityRatio", "shape"));
    } else if (!strategy.type.empty() && strategy.type != "LeastAllocated") {
      errors_.push_back(FieldError::not_supported(path.child("type"), strategy.type,
                                                  {"LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"}));
    }
    if (!strategy.resources.empty()) fit.resources = resources(strategy.resources, path.child("resources"));
  }

  void shape(const std::vector<v1::UtilizationShapePoint>& from, const FieldPath& path) {
    constexpr int64_t kScoreMax = 10;
    if (from.empty()) errors_.push_back(FieldError::required(path, "at least one point must be specified"));
    for (size_t i = 0; i < from.size(); ++i) {
      FieldPath at = path.index(i);
      check_percentage(at.child("utilization"), from[i].utilization, errors_);
      if (i > 0 && from[i].utilization <= from[i - 1].utilization) {
        errors_.push_back(FieldError::invalid(at.child("utilization"), from[i].utilization,
                                              "utilization values must be sorted in increasing order"));
      }
      if (from[i].score < 0 || from[i].score > kScoreMax) {
        errors_.push_back(FieldError::invalid(at.child("score"), from[i].score, "not in valid range [0-10]"));
      }
      profile_.fit.shape.push_back({from[i].utilization, from[i].score * scheduler::kScoreMax / kScoreMax});
    }
  }

  void spread(const v1::PodTopologySpreadArgs& args) {
    if (args.defaulting_type == "List") {
      profile_.default_constraints = args.default_constraints;
    } else if (!args.default_constraints.empty()) {
      errors_.push_back(FieldError::invalid(path_.child("defaultingType"), args.defaulting_type,
                                            "when .defaultConstraints are not empty, must be List"));
    } else if (!args.defaulting_type.empty() && args.defaulting_type != "System") {
      errors_.push_back(
          FieldError::not_supported(path_.child("defaultingType"), args.defaulting_type, {"System", "List"}));
    }
    for (size_t i = 0; i < args.default_constraints.size(); ++i) {
      const auto& one = args.default_constraints[i];
      FieldPath at = path_.child("defaultConstraints").index(i);
      if (one.max_skew <= 0)
        errors_.push_back(FieldError::invalid(at.child("maxSkew"), one.max_skew, "must be greater than zero"));
      if (one.topology_key.empty())
        errors_.push_back(FieldError::required(at.child("topologyKey"), "can not be empty"));
      if (one.when_unsatisfiable != "DoNotSchedule" && one.when_unsatisfiable != "ScheduleAnyway") {
        errors_.push_back(FieldError::not_supported(at.child("whenUnsatisfiable"), one.when_unsatisfiable,
                                                    {"DoNotSchedule", "ScheduleAnyway"}));
      }
      if (one.label_selector)
        errors_.push_back(FieldError::forbidden(at.child("labelSelector"),
                                                "constraint must not define a selector, as they deduced for each pod"));
    }
  }

  // The search for devices is bounded by how many it tries, not by a time.
  void devices(const v1::DynamicResourcesArgs& args) {
    for (auto& [field, value] :
         {std::pair("filterTimeout", args.filter_timeout), {"bindingTimeout", args.binding_timeout}})
      if (value && value->ns < 0) invalid(field, value->ns, "must be greater than or equal to 0");
    if (args.binding_timeout) profile_.devices_ready_within = io::Duration(args.binding_timeout->ns);
  }

  void preemption(const v1::DefaultPreemptionArgs& args) {
    int64_t share = args.min_candidate_nodes_percentage.value_or(10);
    int64_t least = args.min_candidate_nodes_absolute.value_or(100);
    check_percentage(path_.child("minCandidateNodesPercentage"), share, errors_);
    if (least < 0) invalid("minCandidateNodesAbsolute", least, "not in valid range [0, inf)");
    if (share == 0 && least == 0)
      invalid("minCandidateNodesAbsolute", least, "cannot be zero when minCandidateNodesPercentage is zero");
    if (share < 0 || least < 0) return;
    profile_.preemption = {.candidates_share = static_cast<size_t>(share),
                           .candidates_least = static_cast<size_t>(least)};
  }

  Profile& profile_;
  FieldErrors& errors_;
  FieldPath path_;
};

}  // namespace

void check_percentage(const FieldPath& path, int64_t value, FieldErrors& errors) {
  if (value < 0 || value > 100) errors.push_back(FieldError::invalid(path, value, "not in valid range [0-100]"));
}

Profile read_scheduler_profile(const v1::KubeSchedulerProfile& from, Profile common, const FieldPath& path,
                               FieldErrors& errors) {
  Profile profile = std::move(common);
  if (from.scheduler_name) profile.name = *from.scheduler_name;
  if (from.percentage_of_nodes_to_score) {
    profile.nodes_share = *from.percentage_of_nodes_to_score;
    check_percentage(path.child("percentageOfNodesToScore"), profile.nodes_share, errors);
  }
  if (from.plugins) read_plugins(*from.plugins, profile, path.child("plugins"), errors);
  std::set<std::string_view> seen;
  Arguments arguments(profile, errors);
  for (size_t i = 0; i < from.plugin_config.size(); ++i) {
    FieldPath at = path.child("pluginConfig").index(i);
    if (!seen.insert(from.plugin_config[i].name).second)
      errors.push_back(FieldError::duplicate(at, from.plugin_config[i].name));
    arguments.read(from.plugin_config[i], at);
  }
  return profile;
}

}  // namespace navarch
