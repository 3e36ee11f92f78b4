// Storage classes, drivers and attachments.

#include "apiserver/registry/strategy/by_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/validation/storage_class.h"
#include "apiserver/registry/validation/warnings.h"

namespace apiserver {
namespace {

namespace storage = api::storage_k8s_io_v1;

void warn_about_label(Warnings& warnings, std::string_view label, const Place& at) {
  if (auto text = node_label_deprecation(label); !text.empty()) warn(warnings, at, text);
}

void warn_about_driver(std::vector<std::string>& warnings, const storage::CSIDriver& driver) {
  if (driver.spec.token_requests.empty() || driver.spec.service_account_token_in_secrets) return;
  warnings.emplace_back(
      "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible "
      "logging of "
      "tokens in volume attributes");
}

void warn_about_topologies(std::vector<std::string>& warnings, const storage::StorageClass& one) {
  Place topologies("allowedTopologies");
  for (size_t i = 0; i < one.allowed_topologies.size(); ++i) {
    Place term(topologies, i);
    Place expressions(term, "matchLabelExpressions");
    const auto& all = one.allowed_topologies[i].match_label_expressions;
    for (size_t k = 0; k < all.size(); ++k) {
      Place expression(expressions, k);
      warn_about_label(warnings, all[k].key, Place(expression, "key"));
    }
  }
}

void warn_about_capacity(std::vector<std::string>& warnings, const storage::CSIStorageCapacity& capacity) {
  if (!capacity.node_topology) return;
  Place topology("nodeTopology");
  Place expressions(topology, "matchExpressions");
  const auto& all = capacity.node_topology->match_expressions;
  for (size_t i = 0; i < all.size(); ++i) {
    Place expression(expressions, i);
    warn_about_label(warnings, all[i].key, Place(expression, "key"));
  }
}

}  // namespace

void add_storage_class_strategies(StrategyMap& all) {
  all["storageclasses.storage.k8s.io"] = by_rules<storage::StorageClass>(
      {.traits = {.returns_deleted_object = true}, .validate = validate_storage_class, .warn = warn_about_topologies});
  all["volumeattributesclasses.storage.k8s.io"] = by_rules<storage::VolumeAttributesClass>(
      {.traits = {.returns_deleted_object = true}, .validate = validate_volume_attributes_class});
  all["volumeattachments.storage.k8s.io"] = by_rules<storage::VolumeAttachment>(
      {.traits = {.unconditional_update = false, .returns_deleted_object = true, .update_checks_whole_metadata = true},
       .validate = validate_volume_attachment,
       .validate_status = [](const storage::VolumeAttachment& next, const storage::VolumeAttachment& current) {
         return validate_volume_attachment(next, &current);
       }});
  all["csidrivers.storage.k8s.io"] = by_rules<storage::CSIDriver>({.traits = {.unconditional_update = false,
                                                                              .returns_deleted_object = true,
                                                                              .generation = GenerationRule::FromUpdate},
                                                                   .validate = validate_csi_driver,
                                                                   .warn = warn_about_driver});
  all["csinodes.storage.k8s.io"] = by_rules<storage::CSINode>(
      {.traits = {.unconditional_update = false, .returns_deleted_object = true, .update_checks_whole_metadata = true},
       .validate = validate_csi_node});
  all["csistoragecapacities.storage.k8s.io"] = by_rules<storage::CSIStorageCapacity>(
      {.traits = {.unconditional_update = false, .update_checks_whole_metadata = true},
       .validate = validate_storage_capacity,
       .warn = warn_about_capacity});
}

}  // namespace apiserver
