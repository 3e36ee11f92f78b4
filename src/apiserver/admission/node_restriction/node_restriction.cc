// A kubelet writes about itself and its pods only. Kubernetes documentation, "NodeRestriction".

#include <algorithm>

#include "api/coordination_k8s_io_v1.h"
#include "api/core_v1.h"
#include "api/storage_k8s_io_v1.h"
#include "apiserver/admission/list.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kNodePrefix = "system:node:";
constexpr std::string_view kNodeGroup = "system:nodes";
constexpr std::string_view kMirror = "kubernetes.io/config.mirror";
constexpr std::string_view kRestrictedDomain = "node-restriction.kubernetes.io";

std::string_view node_of(const User& user) {
  if (!user.name.starts_with(kNodePrefix)) return {};
  if (std::find(user.groups.begin(), user.groups.end(), kNodeGroup) == user.groups.end()) return {};
  return std::string_view(user.name).substr(kNodePrefix.size());
}

bool is_restricted(std::string_view label) {
  auto domain = label.substr(0, label.find('/'));
  if (domain == label) return false;
  return domain == kRestrictedDomain || domain.ends_with(std::string(".") + std::string(kRestrictedDomain));
}

class NodeRestriction final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "NodeRestriction"; }

  bool handles(const Attempt& attempt) const override {
    if (node_of(attempt.user).empty()) return false;
    const auto& row = attempt.served.row();
    return (row.group.empty() && (row.plural == "pods" || row.plural == "nodes" || row.plural == "serviceaccounts")) ||
           (row.group == "coordination.k8s.io" && row.plural == "leases") || (row.group == "storage.k8s.io" && row.plural == "csinodes");
  }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    std::string_view node = node_of(attempt.user);
    if (attempt.is("pods")) co_return check_pod(attempt, node);
    if (attempt.is("nodes")) co_return check_node(attempt, node);
    if (attempt.is("serviceaccounts")) co_return {};
    std::string_view name = attempt.object != nullptr && !attempt.object->meta().name.empty()
                                ? std::string_view(attempt.object->meta().name)
                                : attempt.name;
    if (name != node) {
      co_return attempt.refuse(base::cat({"can only access ", attempt.served.row().singular, " with the same name as the requesting node"}));
    }
    co_return {};
  }

 private:
  static base::Result<void> check_pod(const Attempt& attempt, std::string_view node) {
    if (attempt.operation == Operation::Create && attempt.subresource.empty()) {
      const auto& pod = attempt.object->as<core::Pod>();
      if (!pod.metadata.annotations.contains(kMirror)) {
        return attempt.refuse(base::cat({"pod does not have ", base::quote(kMirror), " annotation, node ", base::quote(node),
                                         " can only create mirror pods"}));
      }
      if (pod.spec.node_name != node) {
        return attempt.refuse(base::cat({"node ", base::quote(node), " can only create pods with spec.nodeName set to itself"}));
      }
      return {};
    }
    const auto* pod = attempt.current == nullptr ? nullptr : attempt.current->get_if<core::Pod>();
    if (pod == nullptr) return {};
    if (attempt.operation == Operation::Delete || attempt.subresource == "status") {
      if (pod->spec.node_name != node) {
        return attempt.refuse(base::cat({"node ", base::quote(node), " can only ",
                                         attempt.operation == Operation::Delete ? "delete pods" : "update pod status for pods",
                                         " with spec.nodeName set to itself"}));
      }
      return {};
    }
    return attempt.refuse(base::cat({"unexpected operation for node ", base::quote(node)}));
  }

  static base::Result<void> check_node(const Attempt& attempt, std::string_view node) {
    std::string_view name = attempt.object != nullptr ? std::string_view(attempt.object->meta().name) : attempt.name;
    if (name != node) return attempt.refuse(base::cat({"node ", base::quote(node), " is not allowed to modify node ", base::quote(name)}));
    if (attempt.operation == Operation::Update && attempt.object != nullptr && attempt.current != nullptr) {
      const auto& next = attempt.object->as<core::Node>();
      const auto& before = attempt.current->as<core::Node>();
      if (!(next.spec.taints == before.spec.taints)) {
        return attempt.refuse(base::cat({"node ", base::quote(node), " is not allowed to modify taints"}));
      }
      for (const auto& [key, value] : next.metadata.labels) {
        auto old = before.metadata.labels.find(key);
        bool changed = old == before.metadata.labels.end() || old->second != value;
        if (changed && is_restricted(key)) {
          return attempt.refuse(base::cat({"is not allowed to modify labels: ", key}));
        }
      }
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_node_restriction() { return std::make_unique<NodeRestriction>(); }

}  // namespace apiserver
