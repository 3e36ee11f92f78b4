#include "apiserver/authz/node.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "base/strings.h"
#include "schema/selector.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kNodePrefix = "system:node:";
constexpr std::string_view kNodeGroup = "system:nodes";
constexpr std::string_view kNodeLeases = "kube-node-lease";
constexpr const char* kMirror = "kubernetes.io/config.mirror";

std::string object_key(std::string_view kind, std::string_view namespace_, std::string_view name) {
  return base::cat({kind, "/", namespace_, "/", name});
}

// The node behind a user, if it is one.
std::optional<std::string> node_of(const User& user) {
  if (!user.name.starts_with(kNodePrefix)) return std::nullopt;
  if (std::find(user.groups.begin(), user.groups.end(), kNodeGroup) == user.groups.end()) return std::nullopt;
  return user.name.substr(kNodePrefix.size());
}

// Collects what a pod refers to by name in its own namespace.
class References {
 public:
  explicit References(const core::Pod& pod) : namespace_(pod.metadata.namespace_) {
    const auto& spec = pod.spec;
    add("serviceaccount", spec.service_account_name);
    for (const auto& secret : spec.image_pull_secrets) add("secret", secret.name);
    for (const auto& container : spec.init_containers) add_environment(container);
    for (const auto& container : spec.containers) add_environment(container);
    for (const auto& container : spec.ephemeral_containers) add_environment(container);
    for (const auto& volume : spec.volumes) add_volume(pod, volume);
    for (const auto& status : pod.status.resource_claim_statuses) {
      if (status.resource_claim_name) add("resourceclaim", *status.resource_claim_name);
    }
    if (const auto& extended = pod.status.extended_resource_claim_status)
      add("resourceclaim", extended->resource_claim_name);
    for (const auto& claim : spec.resource_claims) {
      if (claim.resource_claim_name) add("resourceclaim", *claim.resource_claim_name);
    }
  }
  std::vector<std::string> take() && {
    std::sort(objects_.begin(), objects_.end());
    objects_.erase(std::unique(objects_.begin(), objects_.end()), objects_.end());
    return std::move(objects_);
  }

 private:
  void add(std::string_view kind, std::string_view name) {
    if (!name.empty()) objects_.push_back(object_key(kind, namespace_, name));
  }
  template <class Reference>
  void add_secret(const Reference& reference) {
    if (reference) add("secret", reference->name);
  }
  template <class Container>
  void add_environment(const Container& container) {
    for (const auto& source : container.env_from) {
      if (source.config_map_ref) add("configmap", source.config_map_ref->name);
      if (source.secret_ref) add("secret", source.secret_ref->name);
    }
    for (const auto& variable : container.env) {
      if (!variable.value_from) continue;
      if (variable.value_from->config_map_key_ref) add("configmap", variable.value_from->config_map_key_ref->name);
      if (variable.value_from->secret_key_ref) add("secret", variable.value_from->secret_key_ref->name);
    }
  }
  void add_volume(const core::Pod& pod, const core::Volume& volume) {
    if (volume.secret) add("secret", volume.secret->secret_name);
    if (volume.config_map) add("configmap", volume.config_map->name);
    if (volume.persistent_volume_claim) add("persistentvolumeclaim", volume.persistent_volume_claim->claim_name);
    if (volume.ephemeral) add("persistentvolumeclaim", base::cat({pod.metadata.name, "-", volume.name}));
    if (volume.csi && volume.csi->node_publish_secret_ref) add("secret", volume.csi->node_publish_secret_ref->name);
    if (volume.azure_file) add("secret", volume.azure_file->secret_name);
    if (volume.cephfs) add_secret(volume.cephfs->secret_ref);
    if (volume.cinder) add_secret(volume.cinder->secret_ref);
    if (volume.flex_volume) add_secret(volume.flex_volume->secret_ref);
    if (volume.iscsi) add_secret(volume.iscsi->secret_ref);
    if (volume.rbd) add_secret(volume.rbd->secret_ref);
    if (volume.scale_io) add_secret(volume.scale_io->secret_ref);
    if (volume.storageos) add_secret(volume.storageos->secret_ref);
    if (!volume.projected) return;
    for (const auto& source : volume.projected->sources) {
      if (source.secret) add("secret", source.secret->name);
      if (source.config_map) add("configmap", source.config_map->name);
    }
  }

  const std::string& namespace_;
  std::vector<std::string> objects_;
};

// The kind of object whose reads the graph narrows, or "" if it does not.
std::string_view narrowed_kind(const AuthorizationAttributes& attributes) {
  if (attributes.api_group.empty()) {
    if (attributes.resource == "secrets") return "secret";
    if (attributes.resource == "configmaps") return "configmap";
    if (attributes.resource == "persistentvolumeclaims") return "persistentvolumeclaim";
    if (attributes.resource == "persistentvolumes") return "persistentvolume";
    if (attributes.resource == "serviceaccounts") return "serviceaccount";
  }
  if (attributes.api_group == "resource.k8s.io" && attributes.resource == "resourceclaims") return "resourceclaim";
  return "";
}

// Objects of a node's own name: it may not touch another node's.
bool is_named_after_node(const AuthorizationAttributes& attributes) {
  if (attributes.api_group == "coordination.k8s.io") return attributes.resource == "leases";
  if (attributes.api_group == "storage.k8s.io") return attributes.resource == "csinodes";
  return attributes.api_group.empty() && attributes.resource == "nodes";
}

std::string why_not_another(const AuthorizationAttributes& attributes, const std::string& node) {
  if (attributes.resource == "leases") return "can only access node lease with the same name as the requesting node";
  if (attributes.resource == "csinodes") return "can only access CSINode with the same name as the requesting node";
  bool reads = attributes.verb == "get" || attributes.verb == "list" || attributes.verb == "watch";
  if (!reads) return base::cat({"node '", node, "' cannot ", attributes.verb, " other nodes"});
  if (attributes.name.empty()) return base::cat({"node '", node, "' cannot read all nodes, only its own Node object"});
  return base::cat({"node '", node, "' cannot read '", attributes.name, "', only its own Node object"});
}

// Whether only pods of `node` are asked for.
bool selects_node(std::string_view field_selector, std::string_view node) {
  auto selector = schema::FieldSelector::parse(field_selector);
  return selector && selector->exact("spec.nodeName") == node;
}

Authorization no_opinion(std::string reason) {
  return {Decision::NoOpinion, std::move(reason), {}};
}

}  // namespace

NodeAuthorizer::NodeAuthorizer(std::vector<PolicyRule> rules) : rules_(std::move(rules)) {}

std::optional<Authorization> NodeAuthorizer::decide(const AuthorizationAttributes& attributes) const {
  auto node = node_of(attributes.user);
  if (!node) return Authorization{Decision::NoOpinion, {}, {}};
  bool permitted =
      std::any_of(rules_.begin(), rules_.end(), [&](const auto& rule) { return rule_allows(rule, attributes); });
  if (!permitted) return Authorization{Decision::NoOpinion, {}, {}};
  if (!attributes.resource_request) return Authorization{Decision::Allow, {}, {}};

  if (is_named_after_node(attributes)) {
    if (attributes.resource == "leases" && attributes.namespace_ != kNodeLeases) {
      return no_opinion("can only access leases in the \"kube-node-lease\" system namespace");
    }
    bool names_itself = attributes.name == *node;
    if (attributes.verb == "create")
      return Authorization{Decision::Allow, {}, {}};  // NodeRestriction looks at the name in the body
    if (names_itself) return Authorization{Decision::Allow, {}, {}};
    return no_opinion(why_not_another(attributes, *node));
  }
  if (attributes.api_group.empty() && attributes.resource == "pods") {
    bool lists = attributes.verb == "list" || attributes.verb == "watch";
    if (!lists) {
      if (attributes.verb != "get" || attributes.name.empty())
        return Authorization{Decision::Allow, {}, {}};  // NodeRestriction narrows writes
      std::shared_lock lock(mutex_);
      auto pod = pods_.find(base::cat({attributes.namespace_, "/", attributes.name}));
      if (pod != pods_.end() && pod->second.node == *node) return Authorization{Decision::Allow, {}, {}};
      return no_opinion(base::cat({"no relationship found between node '", *node, "' and this object"}));
    }
    if (selects_node(attributes.field_selector, *node)) return Authorization{Decision::Allow, {}, {}};
    return no_opinion("can only list/watch pods with spec.nodeName field selector");
  }

  if (attributes.api_group == "resource.k8s.io" && attributes.resource == "resourceslices") {
    if (selects_node(attributes.field_selector, *node)) return Authorization{Decision::Allow, {}, {}};
    return no_opinion("can only list/watch/deletecollection resourceslices with nodeName field selector");
  }

  auto kind = narrowed_kind(attributes);
  if (kind.empty()) return Authorization{Decision::Allow, {}, {}};
  if (attributes.name.empty()) {
    return no_opinion(base::cat({"No Object name found"}));
  }
  std::shared_lock lock(mutex_);
  bool related = false;
  if (kind == "persistentvolume") {
    auto volume = volumes_.find(attributes.name);
    related = volume != volumes_.end() && reaches_volume(*node, volume->second);
  } else {
    auto object = object_key(kind, attributes.namespace_, attributes.name);
    related = reaches(*node, object) ||
              (kind == "secret" && std::any_of(volumes_.begin(), volumes_.end(), [&](const auto& volume) {
                 const auto& secrets = volume.second.secrets;
                 return std::find(secrets.begin(), secrets.end(), object) != secrets.end() &&
                        reaches_volume(*node, volume.second);
               }));
  }
  if (related) return Authorization{Decision::Allow, {}, {}};
  return no_opinion(base::cat({"no relationship found between node '", *node, "' and this object"}));
}

bool NodeAuthorizer::reaches(const std::string& node, std::string_view object) const {
  auto nodes = nodes_of_.find(object);
  return nodes != nodes_of_.end() && nodes->second.contains(node);
}

bool NodeAuthorizer::reaches_volume(const std::string& node, const Volume& volume) const {
  return !volume.claim.empty() && reaches(node, volume.claim);
}

void NodeAuthorizer::put_pod(const core::Pod& pod) {
  auto key = base::cat({pod.metadata.namespace_, "/", pod.metadata.name});
  PodLinks links{pod.spec.node_name, {}};
  // A node makes mirror pods itself, so it reads nothing because of them.
  bool mirror = pod.metadata.annotations.contains(kMirror);
  if (!links.node.empty() && !mirror) links.objects = References(pod).take();
  std::unique_lock lock(mutex_);
  drop_pod(key);
  if (links.node.empty()) return;
  for (const auto& object : links.objects) ++nodes_of_[object][links.node];
  pods_[key] = std::move(links);
}

void NodeAuthorizer::remove_pod(const std::string& namespace_, const std::string& name) {
  std::unique_lock lock(mutex_);
  drop_pod(base::cat({namespace_, "/", name}));
}

void NodeAuthorizer::drop_pod(const std::string& pod) {
  auto found = pods_.find(pod);
  if (found == pods_.end()) return;
  for (const auto& object : found->second.objects) {
    auto nodes = nodes_of_.find(object);
    auto count = nodes->second.find(found->second.node);
    if (--count->second == 0) nodes->second.erase(count);
    if (nodes->second.empty()) nodes_of_.erase(nodes);
  }
  pods_.erase(found);
}

void NodeAuthorizer::put_volume(const core::PersistentVolume& volume) {
  Volume links;
  if (const auto& claim = volume.spec.claim_ref) {
    links.claim = object_key("persistentvolumeclaim", claim->namespace_, claim->name);
  }
  if (const auto& driver = volume.spec.csi) {
    for (const auto* secret : {&driver->node_publish_secret_ref, &driver->node_stage_secret_ref,
                               &driver->node_expand_secret_ref, &driver->controller_publish_secret_ref}) {
      if (*secret) links.secrets.push_back(object_key("secret", (*secret)->namespace_, (*secret)->name));
    }
  }
  std::unique_lock lock(mutex_);
  volumes_[volume.metadata.name] = std::move(links);
}

void NodeAuthorizer::remove_volume(const std::string& name) {
  std::unique_lock lock(mutex_);
  volumes_.erase(name);
}

}  // namespace apiserver
