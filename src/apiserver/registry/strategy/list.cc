// The strategies, one line each: a resource's traits, and what is special beyond them.
#include <map>
#include <memory>
#include <string>

#include "apiserver/registry/strategy.h"
#include "apiserver/registry/strategy/special.h"
#include "base/strings.h"

namespace apiserver {
namespace {

class Plain final : public Strategy {
 public:
  explicit Plain(Traits traits) : traits_(traits) {}
  Traits traits() const override { return traits_; }

 private:
  const Traits traits_;
};

using Rule = GenerationRule;

struct Row {
  std::string_view resource;  // "deployments.apps"
  Traits traits;
};

// What is not here has no traits.
constexpr Row kTraits[] = {
    {"events", {.create_on_update = true, .name_rule = NameRule::PathSegment, .metadata_rule = MetadataRule::None}},
    {"events.events.k8s.io", {.create_on_update = true}},
    {"apiservices.apiregistration.k8s.io",
     {.unconditional_update = false, .name_rule = NameRule::PathSegment, .metadata_rule = MetadataRule::Generic}},
    {"ingressclasses.networking.k8s.io", {.generation = Rule::OnSpec}},
    {"ingresses.networking.k8s.io", {.generation = Rule::OnSpec}},
    {"networkpolicies.networking.k8s.io", {.generation = Rule::OnSpec}},
    {"poddisruptionbudgets.policy",
     {.unconditional_update = false, .generation = Rule::OnSpec, .metadata_rule = MetadataRule::None}},
    {"clusterrolebindings.rbac.authorization.k8s.io", {.create_on_update = true, .name_rule = NameRule::PathSegment}},
    {"clusterroles.rbac.authorization.k8s.io", {.create_on_update = true, .name_rule = NameRule::PathSegment}},
    {"rolebindings.rbac.authorization.k8s.io", {.create_on_update = true, .name_rule = NameRule::PathSegment}},
    {"roles.rbac.authorization.k8s.io", {.create_on_update = true, .name_rule = NameRule::PathSegment}},
    {"csidrivers.storage.k8s.io",
     {.unconditional_update = false, .returns_deleted_object = true, .generation = Rule::FromUpdate}},
    {"csinodes.storage.k8s.io", {.unconditional_update = false, .returns_deleted_object = true}},
    {"csistoragecapacities.storage.k8s.io", {.unconditional_update = false}},
    {"storageclasses.storage.k8s.io", {.returns_deleted_object = true}},
    {"volumeattachments.storage.k8s.io", {.unconditional_update = false, .returns_deleted_object = true}},
    {"volumeattributesclasses.storage.k8s.io", {.returns_deleted_object = true}},
    {"mutatingadmissionpolicies.admissionregistration.k8s.io",
     {.unconditional_update = false, .generation = Rule::OnSpec, .metadata_rule = MetadataRule::Generic}},
    {"mutatingadmissionpolicybindings.admissionregistration.k8s.io",
     {.unconditional_update = false, .generation = Rule::OnSpec, .metadata_rule = MetadataRule::Generic}},
    {"mutatingwebhookconfigurations.admissionregistration.k8s.io",
     {.unconditional_update = false, .generation = Rule::OnSpec, .metadata_rule = MetadataRule::Generic}},
    {"validatingadmissionpolicies.admissionregistration.k8s.io",
     {.unconditional_update = false, .generation = Rule::OnSpec, .metadata_rule = MetadataRule::Generic}},
    {"validatingadmissionpolicybindings.admissionregistration.k8s.io",
     {.unconditional_update = false, .generation = Rule::OnSpec, .metadata_rule = MetadataRule::Generic}},
    {"validatingwebhookconfigurations.admissionregistration.k8s.io",
     {.unconditional_update = false, .generation = Rule::OnSpec, .metadata_rule = MetadataRule::Generic}},
    {"customresourcedefinitions.apiextensions.k8s.io",
     {.unconditional_update = false, .generation = Rule::OnSpec, .metadata_rule = MetadataRule::Generic}},
    {"leases.coordination.k8s.io",
     {.create_on_update = true, .unconditional_update = false, .metadata_rule = MetadataRule::Generic}},
    {"runtimeclasses.node.k8s.io", {.unconditional_update = false, .metadata_rule = MetadataRule::Generic}},
    {"endpointslices.discovery.k8s.io", {.generation = Rule::OnSpecAndLabels}},
    {"deviceclasses.resource.k8s.io",
     {.returns_deleted_object = true, .generation = Rule::OnSpec, .name_rule = NameRule::LongName}},
    {"resourceclaims.resource.k8s.io", {.returns_deleted_object = true}},
    {"resourceclaimtemplates.resource.k8s.io", {.returns_deleted_object = true}},
    {"resourceslices.resource.k8s.io", {.returns_deleted_object = true, .generation = Rule::OnSpec}},
    {"flowschemas.flowcontrol.apiserver.k8s.io", {.generation = Rule::OnSpec}},
    {"prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", {.generation = Rule::OnSpec}},
};

std::map<std::string, std::unique_ptr<const Strategy>, std::less<>> make_all() {
  std::map<std::string, std::unique_ptr<const Strategy>, std::less<>> all;
  for (const Row& row : kTraits) all[std::string(row.resource)] = std::make_unique<Plain>(row.traits);
  add_pod_strategies(all);
  add_cluster_strategies(all);
  add_storage_strategies(all);
  add_config_strategies(all);
  add_workload_strategies(all);
  add_job_strategies(all);
  add_other_strategies(all);
  return all;
}

}  // namespace

const Strategy& strategy_of(std::string_view group, std::string_view resource) {
  static const auto* const all = new std::map<std::string, std::unique_ptr<const Strategy>, std::less<>>(make_all());
  static const Strategy* const plain = new Plain({});
  auto found = all->find(group.empty() ? std::string(resource) : base::cat({resource, ".", group}));
  return found == all->end() ? *plain : *found->second;
}

}  // namespace apiserver
