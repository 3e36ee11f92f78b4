// Nodes, namespaces, services and their endpoints.

#include <algorithm>

#include "api/core_v1.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/strategy/typed.h"
#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/namespace.h"
#include "apiserver/registry/validation/node.h"
#include "apiserver/registry/validation/service.h"
#include "apiserver/registry/validation/service_warnings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;
using schema::Object;

constexpr std::string_view kNamespaceFinalizer = "kubernetes";

class ServiceStrategy final : public Typed<core::Service> {
 public:
  Traits traits() const override {
    return {.create_on_update = true,
            .returns_deleted_object = true,
            .name_rule = NameRule::Label,
            .update_checks_whole_metadata = true};
  }

 protected:
  FieldErrors check(const Situation&, const core::Service& next, const core::Service* current) const override {
    return validate_service(next, current);
  }
  FieldErrors check_status(const Situation&, const core::Service& next, const core::Service& current) const override {
    return validate_service_status(next, current);
  }
  void notice(const Situation& situation, const core::Service& next, const core::Service*) const override {
    warn_about_service(situation.warnings, next);
  }
  void notice_status(const Situation& situation, const core::Service& next) const override {
    Place at("status.loadBalancer.ingress");
    const auto& ingress = next.status.load_balancer.ingress;
    for (size_t i = 0; i < ingress.size(); ++i) warn_about_ip(situation.warnings, ingress[i].ip, Place(at, i));
  }
};

class EndpointsStrategy final : public Typed<core::Endpoints> {
 public:
  Traits traits() const override { return {.create_on_update = true, .update_checks_whole_metadata = true}; }

 protected:
  FieldErrors check(const Situation&, const core::Endpoints& next, const core::Endpoints* current) const override {
    return validate_endpoints(next, current);
  }
  void notice(const Situation& situation, const core::Endpoints& next, const core::Endpoints*) const override {
    warn_about_endpoints(situation.warnings, next);
  }
};

class NodeStrategy final : public Typed<core::Node> {
 public:
  Traits traits() const override { return {.keeps_status_on_create = true, .update_checks_whole_metadata = true}; }

 protected:
  void born(const Situation&, core::Node& next) const override {
    agree_on_cidrs(next.spec);
    next.spec.config_source.reset();
  }
  void changed(const Situation&, core::Node& next, const core::Node& current) const override {
    agree_on_cidrs(next.spec);
    if (!current.spec.config_source) next.spec.config_source.reset();
  }
  FieldErrors check(const Situation&, const core::Node& next, const core::Node* current) const override {
    if (current == nullptr) return validate_node(next);
    // What both look at is said twice.
    FieldErrors errors = validate_node(next);
    schema::append(errors, validate_node_update(next, *current));
    return errors;
  }
  FieldErrors check_status(const Situation&, const core::Node& next, const core::Node& current) const override {
    return validate_node_update(next, current);
  }
  void notice(const Situation& situation, const core::Node& next, const core::Node*) const override {
    if (next.spec.config_source)
      situation.warnings.emplace_back("spec.configSource: the feature is no longer supported");
    if (!next.spec.external_id.empty()) {
      situation.warnings.emplace_back("spec.externalID: this field is deprecated, and is unused by Kubernetes");
    }
    Place at("spec.podCIDRs");
    for (size_t i = 0; i < next.spec.pod_cidrs.size(); ++i)
      warn_about_cidr(situation.warnings, next.spec.pod_cidrs[i], Place(at, i));
  }

 private:
  // The older field names the first of the newer ones; where they differ the older wins.
  static void agree_on_cidrs(core::NodeSpec& spec) {
    if (spec.pod_cidr.empty()) {
      if (!spec.pod_cidrs.empty()) spec.pod_cidr = spec.pod_cidrs[0];
    } else if (spec.pod_cidrs.empty() || spec.pod_cidrs[0] != spec.pod_cidr) {
      spec.pod_cidrs = {spec.pod_cidr};
    }
  }
};

// A namespace lives until its content is gone: its own finalizers stand in the spec.
class NamespaceStrategy final : public Typed<core::Namespace> {
 public:
  Traits traits() const override {
    return {.returns_deleted_object = true, .name_rule = NameRule::Label, .update_checks_whole_metadata = true};
  }
  void mark_deleting(const Situation& situation, Object& next) const override {
    auto& one = next.as<core::Namespace>();
    if (one.metadata.deletion_timestamp.is_zero())
      one.metadata.deletion_timestamp = situation.now.truncated_to_seconds();
    one.metadata.deletion_grace_period_seconds.reset();
    one.status.phase = "Terminating";
  }
  bool outlives_delete(const Object& next) const override {
    return !next.as<core::Namespace>().spec.finalizers.empty();
  }
  bool ends_with(const Object& next) const override {
    const auto& one = next.as<core::Namespace>();
    return !one.metadata.deletion_timestamp.is_zero() && one.spec.finalizers.empty() && one.metadata.finalizers.empty();
  }

 protected:
  void born(const Situation&, core::Namespace& next) const override {
    next.status = {};
    next.status.phase = "Active";
    auto& finalizers = next.spec.finalizers;
    if (std::find(finalizers.begin(), finalizers.end(), kNamespaceFinalizer) == finalizers.end()) {
      finalizers.emplace_back(kNamespaceFinalizer);
    }
  }
  void changed(const Situation& situation, core::Namespace& next, const core::Namespace& current) const override {
    if (situation.subresource == "finalize") {
      next.status = current.status;
    } else {
      next.spec = current.spec;
    }
  }
  FieldErrors check(const Situation& situation, const core::Namespace& next,
                    const core::Namespace* current) const override {
    if (current == nullptr) return validate_namespace(next);
    if (situation.subresource == "finalize") return validate_namespace_finalize(next);
    return {};
  }
  FieldErrors check_status(const Situation&, const core::Namespace& next, const core::Namespace&) const override {
    return validate_namespace_status(next);
  }
};

}  // namespace

void add_cluster_strategies(StrategyMap& all) {
  all["services"] = std::make_unique<ServiceStrategy>();
  all["endpoints"] = std::make_unique<EndpointsStrategy>();
  all["nodes"] = std::make_unique<NodeStrategy>();
  all["namespaces"] = std::make_unique<NamespaceStrategy>();
}

}  // namespace apiserver
